//! Recordings as Python passes them.

use std::path::PathBuf;

use clstm::audio::{AudioError, DecodeLimits, Waveform, load_bytes, load_file, resample};
use clstm::{
    ChannelEvent, ChannelSelection, ChannelTimelineBuilder, Event, PreparedRecording,
    RecognizeError, Recognizer, StreamConfig, TimelineBuilder, TimelineSummary,
};
use pyo3::FromPyObject;
use pyo3::pybacked::PyBackedBytes;

use crate::compute::Interrupt;
use crate::errors::Failure;

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

/// Calls `process` with each second of the samples of a recording, between checks for Ctrl-C.
pub(crate) fn each_second(
    bytes: &[u8],
    rate: u32,
    interrupt: &Interrupt,
    mut process: impl FnMut(&[f32]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let samples = samples(bytes);
    if samples.is_empty() {
        return Err(RecognizeError::from(AudioError::NoSamples).into());
    }
    samples.chunks(rate.max(1) as usize).try_for_each(|second| {
        interrupt.check()?;
        process(second)
    })
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
        interrupt: &Interrupt,
    ) -> Result<(Vec<Event>, TimelineSummary), Failure> {
        let mut events = Vec::new();
        let summary = match self {
            Self::Samples(bytes, rate) => {
                let mut builder = TimelineBuilder::new(recognizer, config)?;
                each_second(bytes, *rate, interrupt, |second| {
                    if builder.add(second, *rate) {
                        builder.process(&mut events)?;
                    }
                    Ok(())
                })?;
                builder.finish(&mut events)?
            }
            Self::Bytes(bytes) => {
                let on_event = push_to(&mut events, interrupt);
                recognizer.timeline_bytes(bytes, None, limits, config, on_event)?
            }
            Self::File(path) => {
                recognizer.timeline_file(path, limits, config, push_to(&mut events, interrupt))?
            }
        };
        Ok((events, summary))
    }

    /// The events of the timelines of the selected channels.
    pub(crate) fn channel_timelines(
        &self,
        recognizer: &Recognizer,
        limits: &DecodeLimits,
        selection: ChannelSelection,
        config: &StreamConfig,
        interrupt: &Interrupt,
    ) -> Result<(Vec<ChannelEvent>, TimelineSummary), Failure> {
        let mut events = Vec::new();
        let summary = match self {
            Self::Samples(bytes, rate) => {
                let mut builder = ChannelTimelineBuilder::new(recognizer, selection, config)?;
                each_second(bytes, *rate, interrupt, |second| {
                    if builder.add(second, 1, *rate)? {
                        builder.process(&mut events)?;
                    }
                    Ok(())
                })?;
                builder.finish(&mut events)?
            }
            Self::Bytes(bytes) => {
                let on_event = push_to(&mut events, interrupt);
                recognizer.channel_timelines_bytes(bytes, limits, selection, config, on_event)?
            }
            Self::File(path) => {
                let on_event = push_to(&mut events, interrupt);
                recognizer.channel_timelines_file(path, limits, selection, config, on_event)?
            }
        };
        Ok((events, summary))
    }
}

/// A callback that adds each event to `events`, until Ctrl-C.
fn push_to<'a, E>(
    events: &'a mut Vec<E>,
    interrupt: &'a Interrupt,
) -> impl FnMut(E) -> Result<(), Failure> + 'a {
    move |event| {
        events.push(event);
        interrupt.check()
    }
}
