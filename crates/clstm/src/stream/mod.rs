//! Emotions along the time of a recording or of live sound.

mod config;
mod event;
mod sections;
mod speech;

use clstm_audio::{AudioError, DecodeLimits, Resampler, stream_file};
use std::path::Path;
use thiserror::Error;

use crate::{Clip, RecognizeError, Recognizer};
use config::Sizes;
use sections::Sections;
use speech::SpeechDetector;

pub use config::{SpeechConfig, StreamConfig};
pub use event::{Answer, Emotion, Event, Moment, Section};

/// Moments recognised together: enough to fill the groups of the kernels on some threads, and 8 MB of
/// samples.
const TOGETHER: usize = 32;

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
/// Samples may come in chunks of any size: the events do not depend on it. An answer is given with the
/// `push` that brings the last sample of its window: [`latency_s`](Self::latency_s) behind the end of its moment, besides the time of
/// computing. Memory does not grow with the length of the stream.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use clstm::{Event, Recognizer, Stream, StreamConfig};
///
/// let recognizer = Recognizer::open("model.safetensors".as_ref())?;
/// let mut stream = Stream::new(&recognizer, 48_000, &StreamConfig::live())?;
/// let mut events = Vec::new();
/// # let microphone: Vec<Vec<f32>> = Vec::new();
/// for chunk in microphone {
///     stream.push(&chunk, &mut events)?;
///     for event in events.drain(..) {
///         if let Event::Moment(moment) = event {
///             println!("{:.1} s: {:?}", moment.end_s, moment.answer);
///         }
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Stream {
    recognizer: Recognizer,
    sizes: Sizes,
    min_share: f64,
    /// Samples that are worked on at once, at the rate of what is pushed.
    piece: usize,
    resampler: Resampler,
    speech: SpeechDetector,
    sections: Sections,
    /// Samples at the model's rate that a window may still need, the first one being number `first`.
    samples: Vec<f32>,
    first: u64,
    /// The next moment.
    next: u64,
    /// Moments that are due, and the windows of those with speech.
    due: Vec<Due>,
    clips: Vec<Clip>,
    /// Memory of earlier windows.
    spare: Vec<Vec<f32>>,
}

/// A moment whose window is complete.
#[derive(Debug)]
struct Due {
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
        Ok(Self {
            sizes,
            min_share: config.speech.min_share,
            piece: PIECE_S * sample_rate as usize,
            resampler: Resampler::new(sample_rate, frontend.sample_rate)?,
            speech: SpeechDetector::new(&config.speech, frontend.sample_rate)?,
            sections: Sections::new(config),
            samples: Vec::new(),
            first: 0,
            next: 0,
            due: Vec::new(),
            clips: Vec::new(),
            spare: Vec::new(),
            recognizer: recognizer.clone(),
        })
    }

    /// Seconds from the end of a moment to the last sample that its answer waits for.
    #[must_use]
    pub fn latency_s(&self) -> f64 {
        self.seconds(self.sizes.lookahead as u64)
    }

    /// Takes more samples and appends what they lead to.
    ///
    /// # Errors
    /// If a sample is no number, or the model's answer is none; the stream cannot go on then.
    pub fn push(&mut self, samples: &[f32], events: &mut Vec<Event>) -> Result<(), StreamError> {
        for piece in samples.chunks(self.piece) {
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
        events.extend(self.sections.finish().map(Event::Section));
        self.samples.clear();
        (self.first, self.next) = (0, 0);
        self.speech.restart();
        Ok(())
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
            let mut room = self.spare.pop().unwrap_or_default();
            room.clear();
            room.extend_from_slice(&self.samples[window]);
            let clip = self.recognizer.info().frontend.clean(room);
            heard = !clip.silent;
            if heard {
                self.clips.push(clip);
            } else {
                self.spare.push(clip.samples);
            }
        }
        self.due.push(Due { samples, speech, heard });
    }

    /// Answers the moments that are due.
    fn answer(&mut self, events: &mut Vec<Event>) -> Result<(), StreamError> {
        let clips: Vec<&Clip> = self.clips.iter().collect();
        let logits =
            if clips.is_empty() { Vec::new() } else { self.recognizer.recognize_clips(&clips) };
        self.spare.extend(self.clips.drain(..).map(|clip| clip.samples));
        let mut logits = logits.into_iter();
        let rate = f64::from(self.recognizer.info().frontend.sample_rate);
        for Due { samples, speech, heard } in self.due.drain(..) {
            let logits = if heard { logits.next() } else { None };
            if logits.as_ref().is_some_and(|logits| !logits.iter().all(|x| x.is_finite())) {
                return Err(RecognizeError::NonFiniteLogits.into());
            }
            let probabilities = logits.map(|logits| self.recognizer.probabilities(&logits));
            let times = samples.map(|sample| sample as f64 / rate);
            let (moment, ended) = self.sections.next(times, speech, probabilities);
            events.push(Event::Moment(moment));
            events.extend(ended.map(Event::Section));
        }
        Ok(())
    }
}

impl Recognizer {
    /// The timeline of a recording in a file, told event by event: its length does not matter to the
    /// memory, and `limits` alone bound it.
    ///
    /// # Errors
    /// If the file cannot be decoded within the limits, a setting is out of its range, or an error of
    /// `tell`.
    pub fn timeline_file<E: From<StreamError>>(
        &self,
        path: &Path,
        limits: &DecodeLimits,
        config: &StreamConfig,
        mut tell: impl FnMut(Event) -> Result<(), E>,
    ) -> Result<(), E> {
        config.sizes(&self.info().frontend)?;
        let mut events = Vec::new();
        let mut stream: Option<Stream> = None;
        // Decoders give some thousand samples at a time, which would be a product for each moment.
        let mut gathered = Vec::new();
        stream_file(path, limits, |chunk, rate| -> Result<(), Told<E>> {
            let stream = match &mut stream {
                Some(stream) => stream,
                empty => empty.insert(Stream::new(self, rate, config)?),
            };
            gathered.extend_from_slice(chunk);
            if gathered.len() >= stream.piece {
                stream.push(&gathered, &mut events)?;
                gathered.clear();
            }
            events.drain(..).try_for_each(&mut tell).map_err(Told)
        })
        .map_err(|Told(error)| error)?;
        if let Some(stream) = &mut stream {
            stream.push(&gathered, &mut events)?;
            stream.finish(&mut events)?;
        }
        events.drain(..).try_for_each(tell)
    }
}

/// An error of whoever is told, into which those of the sound go as well.
struct Told<E>(E);

impl<E: From<StreamError>> From<AudioError> for Told<E> {
    fn from(error: AudioError) -> Self {
        Self(StreamError::from(error).into())
    }
}

impl<E: From<StreamError>> From<StreamError> for Told<E> {
    fn from(error: StreamError) -> Self {
        Self(error.into())
    }
}
