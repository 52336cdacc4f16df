//! Recordings as Python passes them.

use std::path::PathBuf;

use clstm::audio::{DecodeLimits, Waveform, load_bytes, load_file, resample};
use clstm::{
    ChannelEvent, ChannelSelection, ChannelTimelineBuilder, Event, PreparedRecording,
    RecognizeError, Recognizer, StreamConfig, StreamError, TimelineBuilder, TimelineSummary,
};
use pyo3::FromPyObject;
use pyo3::pybacked::PyBackedBytes;

/// A recording.
#[derive(FromPyObject)]
pub(crate) enum Input {
    /// Mono samples as native-endian `f32`, full scale being ±1, and their rate in Hz.
    Samples(PyBackedBytes, u32),
    /// The content of a file.
    #[pyo3(transparent)]
    Bytes(PyBackedBytes),
    /// The path of a file.
    #[pyo3(transparent)]
    File(PathBuf),
}

/// The samples in the bytes of an array of `f32`.
pub(crate) fn samples(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().copied().map(f32::from_ne_bytes).collect()
}

impl Input {
    /// Decodes and preprocesses the recording.
    pub(crate) fn prepare(
        &self,
        recognizer: &Recognizer,
    ) -> Result<PreparedRecording, RecognizeError> {
        match self {
            Self::Samples(bytes, rate) => recognizer.prepare_samples(&samples(bytes), *rate),
            Self::Bytes(bytes) => recognizer.prepare_bytes(bytes, None),
            Self::File(path) => recognizer.prepare_file(path),
        }
    }

    /// The mono samples of the recording at `rate` Hz.
    pub(crate) fn decode(&self, rate: u32) -> Result<Vec<f32>, RecognizeError> {
        let limits = DecodeLimits::default();
        let decoded = match self {
            Self::Samples(bytes, from) => {
                let waveform = Waveform { samples: samples(bytes), sample_rate: *from };
                return Ok(resample(&waveform, rate)?.samples);
            }
            Self::Bytes(bytes) => load_bytes(bytes, None, rate, &limits)?,
            Self::File(path) => load_file(path, rate, &limits)?,
        };
        Ok(decoded.waveform.samples)
    }

    /// The events of the recording's timeline.
    pub(crate) fn timeline(
        &self,
        recognizer: &Recognizer,
        limits: &DecodeLimits,
        config: &StreamConfig,
    ) -> Result<(Vec<Event>, TimelineSummary), StreamError> {
        with_events(|events| match self {
            Self::Samples(bytes, rate) => {
                let mut builder = TimelineBuilder::new(recognizer, config)?;
                builder.add(&samples(bytes), *rate);
                builder.finish(events)
            }
            Self::Bytes(bytes) => {
                recognizer.timeline_bytes(bytes, None, limits, config, push_to(events))
            }
            Self::File(path) => recognizer.timeline_file(path, limits, config, push_to(events)),
        })
    }

    /// The events of the timelines of the selected channels.
    pub(crate) fn channel_timelines(
        &self,
        recognizer: &Recognizer,
        limits: &DecodeLimits,
        selection: ChannelSelection,
        config: &StreamConfig,
    ) -> Result<(Vec<ChannelEvent>, TimelineSummary), StreamError> {
        with_events(|events| match self {
            Self::Samples(bytes, rate) => {
                let mut builder = ChannelTimelineBuilder::new(recognizer, selection, config)?;
                builder.add(&samples(bytes), 1, *rate)?;
                builder.finish(events)
            }
            Self::Bytes(bytes) => recognizer.channel_timelines_bytes(
                bytes,
                limits,
                selection,
                config,
                push_to(events),
            ),
            Self::File(path) => {
                recognizer.channel_timelines_file(path, limits, selection, config, push_to(events))
            }
        })
    }
}

/// What `run` returns, with the events that it adds.
fn with_events<E>(
    run: impl FnOnce(&mut Vec<E>) -> Result<TimelineSummary, StreamError>,
) -> Result<(Vec<E>, TimelineSummary), StreamError> {
    let mut events = Vec::new();
    let summary = run(&mut events)?;
    Ok((events, summary))
}

/// A callback that adds each event to `events`.
fn push_to<E>(events: &mut Vec<E>) -> impl FnMut(E) -> Result<(), StreamError> {
    move |event| {
        events.push(event);
        Ok(())
    }
}
