//! Given parts of a recording, each recognised by itself.

mod recognizer;
mod track;

use std::path::Path;

use clstm_audio::{
    AudioError, Damage, DecodeLimits, DecodeNote, DecodeReport, EncodedAudio, stream_bytes,
    stream_channels_bytes, stream_channels_file, stream_file,
};

use crate::{ChannelSelection, LabelPrediction, RecognizeError, Recognizer};

pub use recognizer::SpanRecognizer;
pub(crate) use track::MIN_S;

/// A part of a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Start, in seconds from the first sample.
    pub start_s: f64,
    /// End, in seconds from the first sample.
    pub end_s: f64,
    /// With [`ChannelSelection::Each`] the channel that is recognised, from 0; `None` for every channel. Other
    /// selections ignore it.
    pub channel: Option<usize>,
}

impl Span {
    /// A part without a channel.
    #[must_use]
    pub fn new(start_s: f64, end_s: f64) -> Self {
        Self { start_s, end_s, channel: None }
    }
}

/// What was recognised in a part.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanRecognition {
    /// Index of the part.
    pub span: usize,
    /// The channel, from 0; `None` for the mean of all.
    pub channel: Option<usize>,
    /// The prediction, or why there is none.
    pub outcome: SpanOutcome,
    /// Share of the part that is speech, 0 to 1.
    pub speech: f64,
    /// Whether the part ends after the recording.
    pub clipped: bool,
}

/// The result for a part.
#[derive(Clone, Debug, PartialEq)]
pub enum SpanOutcome {
    /// A prediction.
    Labelled(LabelPrediction),
    /// There is no speech, or too little.
    NoSpeech,
    /// Shorter than 0.4 s within the recording.
    TooShort,
    /// The part begins after the end of the recording.
    Outside,
}

/// The parts of a recording.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SpanSummary {
    /// In the order of the parts, those of a part in the order of its channels: one for each part, or with
    /// [`ChannelSelection::Each`] one for each part and channel.
    pub spans: Vec<SpanRecognition>,
    /// Length of the recording, in seconds.
    pub duration_s: f64,
    /// Number of channels that were recognised by themselves; 1 for the mean.
    pub channels: usize,
    /// What is missing of a damaged recording.
    pub damage: Option<Damage>,
    /// Facts about the recording, such as which of its audio tracks was decoded.
    pub notes: Vec<DecodeNote>,
}

impl Recognizer {
    /// Recognises parts of a recording in a file, each as if it were a recording of its own: of the mean of its channels, or of
    /// the selected channels without cross-talk (see [`ChannelSelection`]). `on_progress` receives the seconds that were
    /// decoded.
    ///
    /// # Errors
    /// If the file cannot be decoded within the limits, all channels together are longer than the longest recording, those
    /// of [`SpanRecognizer`], and that of `on_progress`, which ends the decoding.
    pub fn recognize_spans_file<E: From<RecognizeError>>(
        &self,
        path: &Path,
        limits: &DecodeLimits,
        selection: ChannelSelection,
        spans: &[Span],
        on_progress: impl FnMut(f64) -> Result<(), E>,
    ) -> Result<SpanSummary, E> {
        let mut feed = Feed::new(self, limits, selection, spans, on_progress);
        let report = match selection {
            ChannelSelection::Mix => {
                stream_file(path, limits, |chunk, rate| feed.push(chunk, 1, rate))
            }
            _ => stream_channels_file(path, limits, |chunk, channels, rate| {
                feed.push(chunk, channels, rate)
            }),
        };
        feed.finish(self, report.map_err(|Stop(error)| error)?)
    }

    /// Recognises parts of a recording in memory, like [`recognize_spans_file`](Self::recognize_spans_file).
    ///
    /// # Errors
    /// Those of [`recognize_spans_file`](Self::recognize_spans_file).
    pub fn recognize_spans_bytes<E: From<RecognizeError>>(
        &self,
        bytes: impl EncodedAudio,
        limits: &DecodeLimits,
        selection: ChannelSelection,
        spans: &[Span],
        on_progress: impl FnMut(f64) -> Result<(), E>,
    ) -> Result<SpanSummary, E> {
        let mut feed = Feed::new(self, limits, selection, spans, on_progress);
        let report = match selection {
            ChannelSelection::Mix => {
                stream_bytes(bytes, None, limits, |chunk, rate| feed.push(chunk, 1, rate))
            }
            _ => stream_channels_bytes(bytes, None, limits, |chunk, channels, rate| {
                feed.push(chunk, channels, rate)
            }),
        };
        feed.finish(self, report.map_err(|Stop(error)| error)?)
    }
}

/// Passes decoded audio on.
struct Feed<F> {
    spans: SpanRecognizer,
    on_progress: F,
}

impl<E: From<RecognizeError>, F: FnMut(f64) -> Result<(), E>> Feed<F> {
    fn new(
        recognizer: &Recognizer,
        limits: &DecodeLimits,
        selection: ChannelSelection,
        spans: &[Span],
        on_progress: F,
    ) -> Self {
        let spans = SpanRecognizer::new(recognizer, selection, spans);
        Self { spans: spans.with_limit(limits.max_duration_s), on_progress }
    }

    fn push(&mut self, chunk: &[f32], channels: usize, rate: u32) -> Result<(), Stop<E>> {
        self.spans.push(chunk, channels, rate)?;
        (self.on_progress)(self.spans.duration_s()).map_err(Stop)
    }

    fn finish(self, recognizer: &Recognizer, report: DecodeReport) -> Result<SpanSummary, E> {
        if recognizer.is_strict() {
            report.strict().map_err(RecognizeError::from)?;
        }
        let DecodeReport { damage, notes, .. } = report;
        Ok(SpanSummary { damage, notes, ..self.spans.finish()? })
    }
}

/// An error of the callback, or of the audio as the callback's error type.
struct Stop<E>(E);

impl<E: From<RecognizeError>> From<AudioError> for Stop<E> {
    fn from(error: AudioError) -> Self {
        Self(RecognizeError::from(error).into())
    }
}

impl<E: From<RecognizeError>> From<RecognizeError> for Stop<E> {
    fn from(error: RecognizeError) -> Self {
        Self(error.into())
    }
}
