//! Timelines of recordings of any length.

use std::sync::Arc;

use clstm::audio::{AudioError, DecodeLimits, stream_bytes};
use clstm::{Event, Stream, StreamConfig, StreamError};

use super::RequestBytes;
use crate::api_error::ApiError;
use crate::models::LoadedModel;

/// Seconds of audio processed per call. Decoders return some thousand samples at a time; processing them one
/// by one would give the kernels batches of one window.
const CHUNK_S: usize = 16;

/// A request for a timeline.
pub(crate) struct TimelineRequest {
    pub(crate) model: Arc<LoadedModel>,
    pub(crate) bytes: RequestBytes,
    pub(crate) limits: DecodeLimits,
    pub(crate) config: StreamConfig,
}

/// A complete timeline.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    pub(crate) events: Vec<Event>,
    pub(crate) duration_s: f64,
}

/// A timeline while it is made from decoded samples.
pub(super) struct TimelineBuilder {
    model: Arc<LoadedModel>,
    config: StreamConfig,
    stream: Option<Stream>,
    /// Samples that the stream has not processed, and their rate in Hz.
    pending: Vec<f32>,
    rate: u32,
    timeline: Timeline,
}

/// Why decoding ended early.
enum Stop {
    Failed(StreamError),
    /// The request was dropped.
    Cancelled,
}

impl From<AudioError> for Stop {
    fn from(error: AudioError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<StreamError> for Stop {
    fn from(error: StreamError) -> Self {
        Self::Failed(error)
    }
}

impl TimelineBuilder {
    pub(super) fn new(model: Arc<LoadedModel>, config: StreamConfig) -> Self {
        let (stream, pending, timeline) = (None, Vec::new(), Timeline::default());
        Self { model, config, stream, pending, rate: 0, timeline }
    }

    /// Adds samples at `rate` in Hz, the same at each call. Returns true when [`process`](Self::process) should
    /// be called.
    pub(super) fn add(&mut self, samples: &[f32], rate: u32) -> bool {
        self.rate = rate;
        self.pending.extend_from_slice(samples);
        self.timeline.duration_s += samples.len() as f64 / f64::from(rate);
        self.pending.len() >= CHUNK_S * rate as usize
    }

    /// Processes the samples that were added.
    pub(super) fn process(&mut self) -> Result<(), StreamError> {
        if self.rate == 0 {
            return Ok(());
        }
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => none.insert(Stream::new(&self.model.recognizer, self.rate, &self.config)?),
        };
        stream.push(&self.pending, &mut self.timeline.events)?;
        self.pending.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Timeline, StreamError> {
        self.process()?;
        if let Some(stream) = &mut self.stream {
            stream.finish(&mut self.timeline.events)?;
        }
        Ok(self.timeline)
    }
}

impl TimelineRequest {
    /// Decodes and processes the recording on this thread until `cancelled` returns true.
    pub(super) fn run(self, cancelled: impl Fn() -> bool) -> Result<Timeline, ApiError> {
        self.try_run(cancelled).map_err(|stop| match stop {
            Stop::Failed(error) => error.into(),
            Stop::Cancelled => ApiError::internal(),
        })
    }

    fn try_run(self, cancelled: impl Fn() -> bool) -> Result<Timeline, Stop> {
        let mut builder = TimelineBuilder::new(self.model, self.config);
        let bytes = (*self.bytes).as_ref();
        stream_bytes(bytes, None, &self.limits, |samples, rate| -> Result<(), Stop> {
            if builder.add(samples, rate) {
                if cancelled() {
                    return Err(Stop::Cancelled);
                }
                builder.process()?;
            }
            Ok(())
        })?;
        Ok(builder.finish()?)
    }
}
