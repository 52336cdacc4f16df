//! Emotions along the time of a recording or of live audio.
//!
//! # Why windows share no computation
//! Windows overlap, and each is computed from scratch. The recurrent layers run in both directions, so no
//! state of one window can be reused in the next, and each window is normalised by itself: its level (Eq. 1), its mean, its trimmed
//! edges and, in the first branch of `clstm-plus`, its mean energy in each band. Only what is linear in the samples, at the beginning
//! of the network, could be shared exactly. Measured on one thread with AVX-512, in processor time:
//!
//! - The first branch of `clstm-plus`: the filterbank's convolution takes 0.21 to 0.25 of its 2.3 to 2.6 ms a window. Of a window's
//!   filterbank frames, 35% are new at a hop of 1 s and 17% at a hop of 0.5 s; those at both edges are padded with zeros and
//!   cannot be shared. Sharing would save at most 6% and 8% of the network's time.
//! - `clstm`, which is the second branch: the first block's input products take 0.36 to 0.71 of 2.6 to 2.8 ms (13 to 27%), but two
//!   windows share time steps only where both begin on one grid of time steps. After trimming, 39% of 2,407 windows of RAVDESS and of
//!   the shipped sample do. Sharing would save at most 9%.
//!
//! Speech detection and decoding, about a tenth of a timeline's time, run once per sample.

mod config;
mod error;
mod event;
mod probabilities;
mod segments;
mod smoother;
mod timeline;
mod timeline_item;
mod turn_scores;
mod turns;

use clstm_audio::Resampler;
use clstm_nn::threads;

use crate::batch_scorer::BatchScorer;
use crate::speech::SpeechDetector;
use crate::{Clip, RecognizeError, Recognizer};
use config::Sizes;
use segments::Segmenter;
use smoother::{Smoother, WindowScores};
use turn_scores::TurnScores;
use turns::Turns;

pub use config::{SpeechConfig, StreamConfig};
pub use error::StreamError;
pub use event::{Event, Frame, LabelScore, Segment, WindowPrediction};
pub use probabilities::{DimensionValues, Probabilities};
pub use timeline::{TimelineBuilder, TimelineSummary};
pub use timeline_item::{LabelledDimensions, LabelledItem, LabelledProbabilities, TimelineItem};

/// Frames that share a batch: enough to fill the groups of the kernels on several threads, and 8 MB of
/// samples.
const BATCH: usize = 32;

/// Windows from which on the threads of the Rayon pool share the work. Fewer take some milliseconds: live
/// audio, which has that many at once, stays on its thread and does not wait for others.
const SHARED: usize = 4;

/// Seconds of input that are processed at once, however much is pushed: bounds the memory.
const PIECE_S: usize = 16;

/// Predicts emotions along the time of an audio stream.
///
/// Time is divided into frames of one hop. The prediction of a frame is computed from a window around or before
/// it ([`StreamConfig::lookahead_s`]) by the front end of [`Recognizer`]: it is what [`Recognizer::recognize`]
/// returns for that window. Frames without speech get none. Predictions are smoothed over time, and consecutive
/// frames of one label are joined to segments.
///
/// Samples can be pushed in chunks of any size: the events do not depend on it, bit for bit. Memory does not
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
///         let Event::Frame(frame) = event else { continue };
///         let Some(prediction) = frame.prediction else { continue };
///         println!("{:.1} s: {}", frame.end_s, recognizer.labels()[prediction.label_index]);
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Latency
/// The `push` that brings the last sample of a prediction's window returns the prediction. It is at most
/// [`latency_s`](Self::latency_s) behind the end of its frame: the lookahead (1 s in [`StreamConfig::live`], half of the
/// difference of window and hop in [`StreamConfig::recording`]), up to 64 ms of speech detection, and what resampling
/// holds back, which is nothing at the model's own rate, 96 ms at 48 kHz, 120 ms at 44.1 kHz and 192 ms at 8 kHz.
///
/// A window takes 5.5 ms to compute (`clstm-plus`; its first branch 2.6 ms, `clstm` 2.8 ms) in `f32` on one core with
/// AVX-512, and a second of audio takes 0.5 ms of speech detection.
///
/// # Memory
/// A stream owns its buffers, and the network's intermediate results come from a pool of the process.
/// After [`warm_up`](Self::warm_up), pushes of chunks no longer than there do not allocate, for models without
/// test-time augmentation ([`TtaConfig`](crate::TtaConfig)) and up to sixteen labels on the CPU, and chunks that complete
/// fewer than four windows at once. Those with more share their work among the threads of the current Rayon pool, which may
/// allocate when it distributes it; in a pool of one thread they do not allocate either, once as many windows have been
/// computed at once.
#[derive(Debug)]
pub struct Stream {
    recognizer: Recognizer,
    sizes: Sizes,
    min_share: f64,
    utterance_pause_s: Option<f64>,
    /// Rate of the pushed samples, in Hz.
    rate: u32,
    resampler: Resampler,
    speech: SpeechDetector,
    smoother: Smoother,
    segmenter: Segmenter,
    /// Samples at the model's rate that a window may still need, from sample `first` on.
    samples: Vec<f32>,
    first: u64,
    /// The next frame.
    next: u64,
    /// The next frame to get a provisional prediction.
    next_provisional: u64,
    /// `None` without turns.
    turns: Option<Turns>,
    /// The windows of the open turn.
    turn: TurnScores,
    /// Frames whose window is complete, and the windows of those with speech.
    pending: Vec<PendingFrame>,
    clips: Vec<Clip>,
    /// Buffers of earlier windows.
    buffers: Vec<Vec<f32>>,
    scorer: BatchScorer,
}

/// A frame whose window is complete.
#[derive(Debug)]
struct PendingFrame {
    /// First sample, and the one behind the last.
    samples: [u64; 2],
    speech: f64,
    /// Whether it has a window among the clips.
    has_window: bool,
    provisional: bool,
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
        let pause_s = config.utterance_pause_s.filter(|_| config.turns);
        let pause = (pause_s.unwrap_or(0.0) * f64::from(frontend.sample_rate)).ceil() as usize;
        // Twice a window: old samples are dropped only when there are that many.
        let kept = 2 * sizes.window + 2 * sizes.hop + sizes.lookahead + pause;
        let turn = TurnScores::new(&recognizer.info().network);
        Ok(Self {
            sizes,
            min_share: config.speech.min_share,
            utterance_pause_s: config.utterance_pause_s,
            rate: sample_rate,
            resampler,
            speech: SpeechDetector::new(&config.speech, frontend.sample_rate, kept)?,
            smoother: Smoother::new(config.smoothing_s),
            segmenter: Segmenter::new(config),
            samples: Vec::new(),
            first: 0,
            next: 0,
            next_provisional: 0,
            turns: pause_s.map(|pause_s| Turns::new(SpeechDetector::pause(pause_s))),
            turn,
            pending: Vec::with_capacity(BATCH),
            clips: Vec::with_capacity(BATCH),
            buffers: Vec::with_capacity(BATCH),
            scorer: BatchScorer::default(),
            recognizer: recognizer.clone(),
        })
    }

    /// Seconds from the end of a frame to the last sample that its final prediction needs, at most.
    #[must_use]
    pub fn latency_s(&self) -> f64 {
        let lookahead_s = self.seconds(self.sizes.lookahead as u64);
        lookahead_s + self.resampler.latency_s() + self.speech.latency_s()
    }

    /// Reserves the memory that pushes of up to `chunk` samples need, and computes the tables that the network
    /// makes at first use: the first prediction then takes no longer than later ones.
    ///
    /// Runs the network once for each number of time steps that a window can have: one for `clstm-plus`, nine for
    /// `clstm`. Intermediate results of the network are in a pool for all streams: where several threads push
    /// at once, warm up as many streams at once.
    pub fn warm_up(&mut self, chunk: usize) {
        let chunk = chunk.min(self.piece());
        self.reserve(chunk);
        self.speech.reserve(self.resampled_len(chunk));
        // Larger chunks take more from the pool as they come.
        let frames = self.resampled_len(chunk).div_ceil(self.sizes.hop);
        let windows = frames * (1 + usize::from(self.sizes.provisional.is_some()));
        let windows = windows.clamp(1, SHARED - 1);
        let frontend = &self.recognizer.info().frontend;
        let (length, least) = (frontend.segment_length, frontend.min_steps);
        let most = self.sizes.window.div_ceil(length).max(least);
        // A buffer of the pool serves requests of between half its size and its size.
        for count in (1..=windows).rev() {
            for steps in (least..=most).rev() {
                for _ in 0..count {
                    let mut samples = self.buffer();
                    samples.resize((steps * length).min(self.sizes.window), 0.0);
                    self.clips.push(Clip { samples, silent: false });
                }
                self.score();
                self.buffers.extend(self.clips.drain(..).map(|clip| clip.samples));
            }
        }
    }

    /// Processes more samples and appends the resulting events.
    ///
    /// # Errors
    /// If a sample or the model's output is not finite; the stream cannot continue then.
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

    /// Ends the stream: appends the frames that were waiting for more audio, and the last segment. The
    /// stream is then ready for another one.
    ///
    /// # Errors
    /// If the model's output is not finite.
    pub fn finish(&mut self, events: &mut Vec<Event>) -> Result<(), StreamError> {
        let before = self.samples.len();
        self.resampler.finish(&mut self.samples)?;
        self.speech.push(&self.samples[before..])?;
        self.speech.finish()?;
        self.advance(true, events)?;
        self.advance_turns(u64::MAX, events)?;
        if let Some(turn) = self.turns.as_mut().and_then(Turns::finish) {
            self.end_turn(turn, events)?;
        }
        events.extend(self.segmenter.finish().map(Event::Segment));
        self.samples.clear();
        (self.first, self.next, self.next_provisional) = (0, 0, 0);
        self.smoother.reset();
        self.turns.iter_mut().for_each(Turns::reset);
        self.turn.reset();
        self.speech.restart();
        Ok(())
    }

    /// Samples that are processed at once.
    fn piece(&self) -> usize {
        PIECE_S * self.rate as usize
    }

    /// Reserves the memory for `pushed` more samples.
    fn reserve(&mut self, pushed: usize) {
        let Sizes { hop, window, lookahead, .. } = self.sizes;
        let rate = f64::from(self.recognizer.info().frontend.sample_rate);
        let unjudged = (self.speech.latency_s() * rate).ceil() as usize;
        // Samples behind a window are kept until there is another window of them, and an incomplete frame
        // follows.
        let pause_s = self.turns.as_ref().and(self.utterance_pause_s).unwrap_or(0.0);
        let pause = (pause_s * rate).ceil() as usize;
        let most = 2 * window + hop + lookahead + pause + unjudged + self.resampled_len(pushed);
        self.samples.reserve_exact(most.saturating_sub(self.samples.len()));
    }

    /// Largest number of samples at the model's rate that `pushed` samples become.
    fn resampled_len(&self, pushed: usize) -> usize {
        let rate = u64::from(self.recognizer.info().frontend.sample_rate);
        let held_back = (self.resampler.latency_s() * rate as f64).ceil() as usize;
        (pushed as u64 * rate).div_ceil(u64::from(self.rate)) as usize + held_back
    }

    /// An empty buffer for a window.
    fn buffer(&mut self) -> Vec<f32> {
        let window = self.sizes.window;
        let mut buffer = self.buffers.pop().unwrap_or_else(|| Vec::with_capacity(window));
        buffer.clear();
        buffer
    }

    /// Duration of samples at the model's rate, in seconds.
    fn seconds(&self, samples: u64) -> f64 {
        samples as f64 / f64::from(self.recognizer.info().frontend.sample_rate)
    }

    /// Processes the frames whose window is complete; all, if the stream has ended.
    fn advance(&mut self, ended: bool, events: &mut Vec<Event>) -> Result<(), StreamError> {
        let total = self.first + self.samples.len() as u64;
        let Sizes { hop, lookahead, provisional, window } = self.sizes;
        let hop = hop as u64;
        // When a frame is due depends on its samples alone, so that the order of events does not depend on chunks.
        let due = |frame: u64, lookahead: usize| (frame + 1) * hop + lookahead as u64;
        loop {
            let due_final = due(self.next, lookahead);
            let early = provisional.map(|lookahead| due(self.next_provisional, lookahead));
            // A frame at the end of the stream gets its final prediction at once.
            let early = early.filter(|early| *early < due_final && (!ended || *early <= total));
            let due = early.unwrap_or(due_final);
            let frame = if early.is_some() { self.next_provisional } else { self.next };
            let [start, end] = [frame * hop, (frame + 1) * hop];
            let complete = total >= due && self.speech.knows(due);
            self.advance_turns(due, events)?;
            if !(complete || ended && start < total) {
                break;
            }
            let lookahead = due - end;
            self.add_frame([start, end.min(total)], lookahead, total, early.is_some());
            if early.is_some() {
                self.next_provisional += 1;
            } else {
                self.next += 1;
            }
            if self.pending.len() == BATCH {
                self.predict(events)?;
            }
        }
        self.predict(events)?;
        // The first sample that the next window may begin with, should the stream end within its frame.
        let needed = (self.next * hop).saturating_sub(window as u64);
        let needed = needed.min(self.needed_by_turn());
        // Not at every chunk, because the samples behind are moved to the front each time.
        let old = needed.saturating_sub(self.first).min(self.samples.len() as u64) as usize;
        if old > window {
            self.samples.drain(..old);
            self.first += old as u64;
            self.speech.forget(self.first);
        }
        Ok(())
    }

    /// Adds a frame and its window to the pending ones; `total` samples have arrived.
    fn add_frame(&mut self, samples: [u64; 2], lookahead: u64, total: u64, provisional: bool) {
        let speech = self.speech.share(samples);
        let mut has_window = speech > 0.0 && speech >= self.min_share;
        if has_window {
            let [start, end] = self.window(samples, (samples[1] + lookahead).min(total));
            let window = (start - self.first) as usize..(end - self.first) as usize;
            let mut buffer = self.buffer();
            buffer.extend_from_slice(&self.samples[window]);
            let clip = self.recognizer.info().frontend.preprocess(buffer);
            has_window = !clip.silent;
            if has_window {
                self.clips.push(clip);
            } else {
                self.buffers.push(clip.samples);
            }
        }
        self.pending.push(PendingFrame { samples, speech, has_window, provisional });
    }

    /// First sample of a frame's window, and the one behind its last, which is at most `end`.
    fn window(&self, samples: [u64; 2], end: u64) -> [u64; 2] {
        let window = self.sizes.window as u64;
        let Some(pause_s) = self.utterance_pause_s else {
            return [end.saturating_sub(window), end];
        };
        // A window that ends early, at a pause, reaches back further.
        let reach = [samples[1].saturating_sub(window).max(self.first), end];
        let [start, end] = self.speech.utterance(samples, reach, pause_s);
        [start.max(end.saturating_sub(window)), end]
    }

    /// Computes the predictions of the pending frames.
    fn predict(&mut self, events: &mut Vec<Event>) -> Result<(), StreamError> {
        if !self.clips.is_empty() {
            self.score();
        }
        self.buffers.extend(self.clips.drain(..).map(|clip| clip.samples));
        let info = self.recognizer.info();
        let mut logits = self.scorer.logits.chunks_exact(info.network.classes);
        let mut dimensions = self.scorer.dimensions.chunks_exact(info.network.dimensions.max(1));
        let rate = f64::from(info.frontend.sample_rate);
        for PendingFrame { samples, speech, has_window, provisional } in self.pending.drain(..) {
            let logits = if has_window { logits.next() } else { None };
            let outputs = if has_window { dimensions.next() } else { None }.unwrap_or_default();
            if !logits.unwrap_or_default().iter().chain(outputs).all(|x| x.is_finite()) {
                return Err(RecognizeError::NonFiniteLogits.into());
            }
            let scores = logits.map(|logits| WindowScores {
                probabilities: self.recognizer.stream_probabilities(logits),
                dimensions: self.recognizer.stream_dimensions(outputs),
            });
            let [start_s, end_s] = samples.map(|sample| sample as f64 / rate);
            if provisional {
                let prediction = self.smoother.preview(scores, end_s);
                let frame = Frame { start_s, end_s, speech, prediction };
                events.push(Event::ProvisionalFrame(frame));
                continue;
            }
            let prediction = self.smoother.next(scores, end_s);
            let frame = Frame { start_s, end_s, speech, prediction };
            let ended = self.segmenter.next(&frame);
            events.push(Event::Frame(frame));
            events.extend(ended.map(Event::Segment));
        }
        Ok(())
    }

    /// Runs the network on the clips.
    fn score(&mut self) {
        let Self { recognizer, clips, scorer, .. } = self;
        if clips.len() < SHARED {
            threads::single_threaded(|| recognizer.score(clips, scorer));
        } else {
            recognizer.score(clips, scorer);
        }
    }
}
