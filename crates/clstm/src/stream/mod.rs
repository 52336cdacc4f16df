//! Emotions along the time of a recording or of live sound.
//!
//! # What is not shared between windows
//! Windows overlap, and each is computed anew. The recurrent layers run in both directions, so that no
//! state of a window is one of the next, and the networks hear a window relative to itself: its level
//! (Eq. 1), its mean, its trimmed edges, and the first branch of `clstm-plus` its mean energy in each band. What could be shared
//! exactly is what is linear in the samples, at the very beginning. Measured on one thread with AVX-512, by
//! processor time:
//!
//! - The first branch of `clstm-plus`: the filterbank's convolution takes 0.21 to 0.25 of its 2.3 to 2.6 ms of a window. Of a window's
//!   frames 35 % are new at a hop of 1 s and 17 % at one of 0.5 s; besides, those at both edges hear zeros where the
//!   stream goes on. At most 6 % and 8 % of the network's time would be saved.
//! - `clstm`, which is the second branch: the first block's input-to-state products take 0.36 to 0.71 of 2.6 to 2.8 ms (13 to 27 %), but two
//!   windows share segments only where both begin on one grid of segments. Behind their trimmed edges 39 %
//!   of 2,407 windows of RAVDESS and of the shipped sample do: at most 9 % would be saved.
//!
//! Speech detection and decoding, about a tenth of a timeline's time, are not repeated in any case.

mod config;
mod event;
mod file;
mod probabilities;
mod segments;
mod speech;
mod timeline_item;

use clstm_audio::{AudioError, Resampler};
use clstm_nn::threads;
use thiserror::Error;

use crate::batch_scorer::BatchScorer;
use crate::{Clip, RecognizeError, Recognizer};
use config::Sizes;
use segments::Segmenter;
use speech::SpeechDetector;

pub use config::{SpeechConfig, StreamConfig};
pub use event::{Event, Frame, LabelScore, Segment, WindowPrediction};
pub use probabilities::Probabilities;
pub use timeline_item::{LabelledItem, LabelledProbabilities, TimelineItem};

/// Moments recognised together: enough to fill the groups of the kernels on some threads, and 8 MB of
/// samples.
const TOGETHER: usize = 32;

/// Windows from which on the threads of the Rayon pool share the work. Fewer take some milliseconds, which
/// is what live sound has due at once: it stays on its thread, and waits for no other.
const SHARED: usize = 4;

/// Seconds of input that are worked on at once, however much is pushed: bounds the memory.
const PIECE_S: usize = 16;

/// Why a stream came to an end before its time.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StreamError {
    /// A setting outside its range.
    #[error("stream setting {field}: {reason}")]
    Config {
        /// The setting.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The sound, or what the model made of it.
    #[error(transparent)]
    Recognize(#[from] RecognizeError),
}

impl StreamError {
    /// A short stable word for logs, JSON and exit codes; it never changes between releases.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Config { .. } => "config",
            Self::Recognize(error) => error.kind(),
        }
    }
}

impl From<AudioError> for StreamError {
    fn from(error: AudioError) -> Self {
        Self::Recognize(error.into())
    }
}

/// Sound in, emotions along its time out.
///
/// Time is cut into moments of one hop. The answer of a moment hears a window round it or before it
/// ([`StreamConfig::lookahead_s`]) through the very front end of [`Recognizer`], so that the answer for a
/// moment is what [`Recognizer::recognize`] would say of its window. Moments without speech get none. Answers
/// are smoothed over time, and moments of one label joined to sections.
///
/// Samples may come in chunks of any size: the events do not depend on it, to the last bit. Memory does not
/// grow with the length of the stream.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let microphone = std::iter::repeat_with(|| vec![0.0_f32; 4_800]);
/// use clstm::{Event, Recognizer, Stream, StreamConfig};
///
/// let recognizer = Recognizer::open("model.safetensors".as_ref())?;
/// let mut stream = Stream::new(&recognizer, 48_000, &StreamConfig::live())?;
/// stream.warm_up(4_800);
/// let mut events = Vec::new();
/// for chunk in microphone {
///     stream.push(&chunk, &mut events)?;
///     for event in events.drain(..) {
///         let Event::Frame(moment) = event else { continue };
///         let Some(heard) = moment.prediction else { continue };
///         println!("{:.1} s: {}", moment.end_s, recognizer.labels()[heard.label_index]);
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Latency
/// An answer is given by the `push` that brings the last sample that it waits for,
/// [`latency_s`](Self::latency_s) or less behind the end of its moment: the lookahead (0 in
/// [`StreamConfig::live`], half of what the window is longer than the hop in
/// [`StreamConfig::recording`]), and what resampling holds back, which is nothing at the model's own rate,
/// 96 ms at 48 kHz, 120 ms at 44.1 kHz and 192 ms at 8 kHz. A change that comes just behind a moment's end waits a
/// hop for the next one. Speech is judged in frames of 16 ms, without waiting for more.
///
/// Computing takes 5.5 ms a window (`clstm-plus`; its first branch 2.6 ms, `clstm` 2.8 ms) in `f32` on one core with AVX-512, and 0.3 ms a second
/// of sound for the speech detection. That is when an answer *comes*; what it hears is its window, 2.9 s,
/// so that a new emotion shows clearly once it fills about half of one, and later by the smoothing.
///
/// # Memory
/// A stream owns what it works with, and the network's intermediate results come from a pool of the process.
/// After [`warm_up`](Self::warm_up), pushes of chunks no longer than there allocate nothing, for models of one
/// view ([`TtaConfig`](crate::TtaConfig)) and up to sixteen labels on the processor and chunks that bring fewer than four windows at once. Those with more share their
/// work among the threads of the current Rayon pool, which may allocate as it hands over; in a pool of one thread
/// they allocate nothing either once as many windows have been heard at once.
#[derive(Debug)]
pub struct Stream {
    recognizer: Recognizer,
    sizes: Sizes,
    min_share: f64,
    /// Rate of what is pushed, in Hz.
    rate: u32,
    resampler: Resampler,
    speech: SpeechDetector,
    sections: Segmenter,
    /// Samples at the model's rate that a window may still need, the first one being number `first`.
    samples: Vec<f32>,
    first: u64,
    /// The next moment.
    next: u64,
    /// Moments that are due, and the windows of those with speech.
    due: Vec<PendingFrame>,
    clips: Vec<Clip>,
    /// Memory of earlier windows.
    spare: Vec<Vec<f32>>,
    scoring: BatchScorer,
}

/// A moment whose window is complete.
#[derive(Debug)]
struct PendingFrame {
    /// First sample, and the one behind the last.
    samples: [u64; 2],
    speech: f64,
    /// Whether it has a window among the clips.
    heard: bool,
}

impl Stream {
    /// A stream of mono samples at `sample_rate` Hz, full scale being ±1.
    ///
    /// # Errors
    /// For settings outside their range and rates outside 1 kHz to 768 kHz.
    pub fn new(
        recognizer: &Recognizer,
        sample_rate: u32,
        config: &StreamConfig,
    ) -> Result<Self, StreamError> {
        let frontend = &recognizer.info().frontend;
        let sizes = config.sizes(frontend)?;
        let resampler = Resampler::new(sample_rate, frontend.sample_rate)?;
        // A moment that has been asked for, and one that is not complete.
        let held = 2 * sizes.hop + sizes.lookahead;
        Ok(Self {
            sizes,
            min_share: config.speech.min_share,
            rate: sample_rate,
            resampler,
            speech: SpeechDetector::new(&config.speech, frontend.sample_rate, held)?,
            sections: Segmenter::new(config),
            samples: Vec::new(),
            first: 0,
            next: 0,
            due: Vec::with_capacity(TOGETHER),
            clips: Vec::with_capacity(TOGETHER),
            spare: Vec::with_capacity(TOGETHER),
            scoring: BatchScorer::default(),
            recognizer: recognizer.clone(),
        })
    }

    /// Seconds from the end of a moment to the last sample that its answer waits for, at most.
    #[must_use]
    pub fn latency_s(&self) -> f64 {
        let lookahead_s = self.seconds(self.sizes.lookahead as u64);
        lookahead_s + self.resampler.latency_s() + self.speech.latency_s()
    }

    /// Takes the memory now that pushes of up to `chunk` samples will need, and makes the tables of the
    /// network that are made at their first use: the first answer then comes as soon as later ones.
    ///
    /// Computes an answer for each length that a window's speech may have: one for `clstm-plus`, nine for
    /// `clstm`. Intermediate results of the network lie in a pool for all streams: where several threads push
    /// at once, warm up as many streams at once.
    pub fn warm_up(&mut self, chunk: usize) {
        let chunk = chunk.min(self.piece());
        self.reserve(chunk);
        self.speech.reserve(self.brought(chunk));
        // What chunks with more of them need comes from the pool as it comes.
        let windows = self.brought(chunk).div_ceil(self.sizes.hop).clamp(1, SHARED - 1);
        let frontend = &self.recognizer.info().frontend;
        let (length, least) = (frontend.segment_length, frontend.min_steps);
        let most = self.sizes.window.div_ceil(length).max(least);
        // A buffer of the pool serves what needs between half of it and all.
        for count in (1..=windows).rev() {
            for steps in (least..=most).rev() {
                for _ in 0..count {
                    let mut samples = self.room();
                    samples.resize((steps * length).min(self.sizes.window), 0.0);
                    self.clips.push(Clip { samples, silent: false });
                }
                self.score();
                self.spare.extend(self.clips.drain(..).map(|clip| clip.samples));
            }
        }
    }

    /// Takes more samples and appends what they lead to.
    ///
    /// # Errors
    /// If a sample is no number, or the model's answer is none; the stream cannot go on then.
    pub fn push(&mut self, samples: &[f32], events: &mut Vec<Event>) -> Result<(), StreamError> {
        for piece in samples.chunks(self.piece()) {
            self.reserve(piece.len());
            let before = self.samples.len();
            self.resampler.push(piece, &mut self.samples)?;
            self.speech.push(&self.samples[before..])?;
            self.advance(false, events)?;
        }
        Ok(())
    }

    /// Ends the stream: appends what was still waiting for sound to come, and the last section. The
    /// stream is ready for the next one then.
    ///
    /// # Errors
    /// If the model's answer is no number.
    pub fn finish(&mut self, events: &mut Vec<Event>) -> Result<(), StreamError> {
        let before = self.samples.len();
        self.resampler.finish(&mut self.samples)?;
        self.speech.push(&self.samples[before..])?;
        self.speech.finish()?;
        self.advance(true, events)?;
        events.extend(self.sections.finish().map(Event::Segment));
        self.samples.clear();
        (self.first, self.next) = (0, 0);
        self.speech.restart();
        Ok(())
    }

    /// Samples that are worked on at once.
    fn piece(&self) -> usize {
        PIECE_S * self.rate as usize
    }

    /// Takes the memory for so many samples more than there may be.
    fn reserve(&mut self, pushed: usize) {
        let Sizes { hop, window, lookahead } = self.sizes;
        let rate = f64::from(self.recognizer.info().frontend.sample_rate);
        let unjudged = (self.speech.latency_s() * rate).ceil() as usize;
        // Behind a window as much is kept again before it is worth moving, and then comes a moment that
        // is not complete.
        let most = 2 * window + hop + lookahead + unjudged + self.brought(pushed);
        self.samples.reserve_exact(most.saturating_sub(self.samples.len()));
    }

    /// Most samples at the model's rate that so many pushed ones bring.
    fn brought(&self, pushed: usize) -> usize {
        let rate = u64::from(self.recognizer.info().frontend.sample_rate);
        let held_back = (self.resampler.latency_s() * rate as f64).ceil() as usize;
        (pushed as u64 * rate).div_ceil(u64::from(self.rate)) as usize + held_back
    }

    /// Memory for a window.
    fn room(&mut self) -> Vec<f32> {
        let mut room = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(self.sizes.window));
        room.clear();
        room
    }

    /// Seconds that so many samples at the model's rate take.
    fn seconds(&self, samples: u64) -> f64 {
        samples as f64 / f64::from(self.recognizer.info().frontend.sample_rate)
    }

    /// Answers what is due.
    fn advance(&mut self, ended: bool, events: &mut Vec<Event>) -> Result<(), StreamError> {
        let total = self.first + self.samples.len() as u64;
        let Sizes { hop, lookahead, .. } = self.sizes;
        let (hop, lookahead) = (hop as u64, lookahead as u64);
        loop {
            let start = self.next * hop;
            let end = start + hop;
            let complete = total >= end + lookahead && self.speech.knows(end);
            let last = ended && start < total;
            if !(complete || last) {
                break;
            }
            self.await_answer([start, end.min(total)], total);
            self.next += 1;
            if self.due.len() == TOGETHER {
                self.answer(events)?;
            }
        }
        self.answer(events)?;
        // The first sample that the next window may begin with, should the stream end within its moment.
        let needed = (self.next * hop).saturating_sub(self.sizes.window as u64);
        // Not at every chunk: what is behind moves to the front each time.
        let old = needed.saturating_sub(self.first).min(self.samples.len() as u64) as usize;
        if old > self.sizes.window {
            self.samples.drain(..old);
            self.first += old as u64;
        }
        Ok(())
    }

    /// Notes a moment, of which `total` samples of sound are there, and its window.
    fn await_answer(&mut self, samples: [u64; 2], total: u64) {
        let speech = self.speech.share(samples);
        let mut heard = speech > 0.0 && speech >= self.min_share;
        if heard {
            let end = (samples[1] + self.sizes.lookahead as u64).min(total);
            let start = end.saturating_sub(self.sizes.window as u64);
            let window = (start - self.first) as usize..(end - self.first) as usize;
            let mut room = self.room();
            room.extend_from_slice(&self.samples[window]);
            let clip = self.recognizer.info().frontend.preprocess(room);
            heard = !clip.silent;
            if heard {
                self.clips.push(clip);
            } else {
                self.spare.push(clip.samples);
            }
        }
        self.due.push(PendingFrame { samples, speech, heard });
    }

    /// Answers the moments that are due.
    fn answer(&mut self, events: &mut Vec<Event>) -> Result<(), StreamError> {
        if !self.clips.is_empty() {
            self.score();
        }
        self.spare.extend(self.clips.drain(..).map(|clip| clip.samples));
        let info = self.recognizer.info();
        let mut logits = self.scoring.logits.chunks_exact(info.network.classes);
        let rate = f64::from(info.frontend.sample_rate);
        for PendingFrame { samples, speech, heard } in self.due.drain(..) {
            let logits = if heard { logits.next() } else { None };
            if logits.is_some_and(|logits| !logits.iter().all(|x| x.is_finite())) {
                return Err(RecognizeError::NonFiniteLogits.into());
            }
            let probabilities = logits.map(|logits| {
                let mut probabilities = Probabilities::from(logits);
                info.scaling.apply(&mut probabilities);
                probabilities
            });
            let times = samples.map(|sample| sample as f64 / rate);
            let (moment, ended) = self.sections.next(times, speech, probabilities);
            events.push(Event::Frame(moment));
            events.extend(ended.map(Event::Segment));
        }
        Ok(())
    }

    /// Scores the clips.
    fn score(&mut self) {
        let Self { recognizer, clips, scoring, .. } = self;
        if clips.len() < SHARED {
            threads::single_threaded(|| recognizer.score(clips, scoring));
        } else {
            recognizer.score(clips, scoring);
        }
    }
}
