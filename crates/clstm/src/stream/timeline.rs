//! Timelines of whole recordings: decode, push, drain, finish.

use std::path::Path;

use clstm_audio::{
    AudioError, Damage, DecodeLimits, DecodeNote, DecodeReport, EncodedAudio, stream_bytes,
    stream_file,
};

use super::{Event, PIECE_S, Stream, StreamConfig, StreamError};
use crate::Recognizer;

/// What a timeline covers.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TimelineSummary {
    /// Length of the recording, in seconds.
    pub duration_s: f64,
    /// What is missing of a damaged recording: see [`Recognizer::with_strict`].
    pub damage: Option<Damage>,
    /// What the decoder notes about the recording.
    pub notes: Vec<DecodeNote>,
}

impl Recognizer {
    /// The timeline of a recording in a file, event by event. Memory does not grow with the recording's length;
    /// only `limits` bounds the length.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use clstm::{Event, Recognizer, StreamConfig, StreamError, audio::DecodeLimits};
    ///
    /// let recognizer = Recognizer::open("model.safetensors".as_ref())?;
    /// let (limits, config) = (DecodeLimits::default(), StreamConfig::recording());
    /// recognizer.timeline_file("talk.mp3".as_ref(), &limits, &config, |event| {
    ///     if let Event::Segment(segment) = event {
    ///         let label = segment.label.map(|score| recognizer.labels()[score.label_index].as_str());
    ///         println!("{:.1} s to {:.1} s: {}", segment.start_s, segment.end_s, label.unwrap_or("no speech"));
    ///     }
    ///     Ok::<(), StreamError>(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the file cannot be decoded within the limits, a setting is out of its range, or `on_event` fails: its
    /// error ends the decoding.
    pub fn timeline_file<E: From<StreamError>>(
        &self,
        path: &Path,
        limits: &DecodeLimits,
        config: &StreamConfig,
        on_event: impl FnMut(Event) -> Result<(), E>,
    ) -> Result<TimelineSummary, E> {
        let mut driver = Driver::new(self, config, on_event)?;
        let report = stream_file(path, limits, |chunk, rate| driver.push(chunk, rate))
            .map_err(|CallbackError(error)| error)?;
        driver.finish(report)
    }

    /// The timeline of a recording in memory, or from a pipe ([`PipeBuffer`](clstm_audio::PipeBuffer)), like
    /// [`timeline_file`](Self::timeline_file).
    ///
    /// `extension_hint`, without its dot, is used in messages only.
    ///
    /// # Errors
    /// Those of [`timeline_file`](Self::timeline_file).
    pub fn timeline_bytes<E: From<StreamError>>(
        &self,
        bytes: impl EncodedAudio,
        extension_hint: Option<&str>,
        limits: &DecodeLimits,
        config: &StreamConfig,
        on_event: impl FnMut(Event) -> Result<(), E>,
    ) -> Result<TimelineSummary, E> {
        let mut driver = Driver::new(self, config, on_event)?;
        let report =
            stream_bytes(bytes, extension_hint, limits, |chunk, rate| driver.push(chunk, rate))
                .map_err(|CallbackError(error)| error)?;
        driver.finish(report)
    }
}

/// Makes a timeline of decoded audio: [`add`](Self::add) what a decoder returns, [`process`](Self::process) when that is due,
/// [`finish`](Self::finish).
#[derive(Debug)]
pub struct TimelineBuilder {
    recognizer: Recognizer,
    config: StreamConfig,
    /// `None` before the first samples, which come with their rate.
    stream: Option<Stream>,
    /// Samples that the stream has not processed. Decoders return some thousand samples at a time; more of them share
    /// batches.
    pending: Vec<f32>,
    rate: u32,
    /// Samples that were added.
    count: u64,
}

impl TimelineBuilder {
    /// A builder without audio.
    ///
    /// # Errors
    /// If a setting is out of its range.
    pub fn new(recognizer: &Recognizer, config: &StreamConfig) -> Result<Self, StreamError> {
        config.sizes(&recognizer.info().frontend)?;
        Ok(Self {
            recognizer: recognizer.clone(),
            config: config.clone(),
            stream: None,
            pending: Vec::new(),
            rate: 0,
            count: 0,
        })
    }

    /// Adds mono samples at `rate` Hz, the same at each call. Returns whether there are enough to
    /// [`process`](Self::process): 16 s.
    pub fn add(&mut self, samples: &[f32], rate: u32) -> bool {
        self.rate = rate;
        self.pending.extend_from_slice(samples);
        self.count += samples.len() as u64;
        self.pending.len() >= PIECE_S * rate as usize
    }

    /// Processes the samples that were added, and appends the resulting events.
    ///
    /// # Errors
    /// Those of [`Stream::new`] and [`Stream::push`].
    pub fn process(&mut self, events: &mut Vec<Event>) -> Result<(), StreamError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let stream = match &mut self.stream {
            Some(stream) => stream,
            empty => empty.insert(Stream::new(&self.recognizer, self.rate, &self.config)?),
        };
        stream.push(&self.pending, events)?;
        self.pending.clear();
        Ok(())
    }

    /// Processes what was added, and appends the last events.
    ///
    /// # Errors
    /// Those of [`process`](Self::process) and [`Stream::finish`].
    pub fn finish(mut self, events: &mut Vec<Event>) -> Result<TimelineSummary, StreamError> {
        self.process(events)?;
        if let Some(stream) = &mut self.stream {
            stream.finish(events)?;
        }
        let duration_s = self.count as f64 / f64::from(self.rate.max(1));
        Ok(TimelineSummary { duration_s, damage: None, notes: Vec::new() })
    }
}

/// A builder and the callback that receives its events.
struct Driver<F> {
    builder: TimelineBuilder,
    events: Vec<Event>,
    on_event: F,
}

impl<E, F> Driver<F>
where
    E: From<StreamError>,
    F: FnMut(Event) -> Result<(), E>,
{
    fn new(recognizer: &Recognizer, config: &StreamConfig, on_event: F) -> Result<Self, E> {
        let builder = TimelineBuilder::new(recognizer, config)?;
        Ok(Self { builder, events: Vec::new(), on_event })
    }

    fn push(&mut self, samples: &[f32], rate: u32) -> Result<(), CallbackError<E>> {
        if self.builder.add(samples, rate) {
            self.builder.process(&mut self.events)?;
            self.events.drain(..).try_for_each(&mut self.on_event).map_err(CallbackError)?;
        }
        Ok(())
    }

    fn finish(mut self, report: DecodeReport) -> Result<TimelineSummary, E> {
        if self.builder.recognizer.is_strict() {
            report.strict().map_err(StreamError::from)?;
        }
        let summary = self.builder.finish(&mut self.events)?;
        self.events.into_iter().try_for_each(&mut self.on_event)?;
        let DecodeReport { damage, notes, .. } = report;
        Ok(TimelineSummary { damage, notes, ..summary })
    }
}

/// An error of the callback, or of the audio as the callback's error type.
struct CallbackError<E>(E);

impl<E: From<StreamError>> From<AudioError> for CallbackError<E> {
    fn from(error: AudioError) -> Self {
        Self(StreamError::from(error).into())
    }
}

impl<E: From<StreamError>> From<StreamError> for CallbackError<E> {
    fn from(error: StreamError) -> Self {
        Self(error.into())
    }
}
