//! Timelines of recordings of any length.

use std::sync::Arc;

use clstm::audio::{Damage, DecodeLimits};
use clstm::{Event, StreamConfig, StreamError, TimelineSummary};

use super::RequestBytes;
use crate::api_error::ApiError;
use crate::models::LoadedModel;

/// A request for a timeline.
pub(crate) struct TimelineRequest {
    pub(crate) model: Arc<LoadedModel>,
    pub(crate) bytes: RequestBytes,
    pub(crate) limits: DecodeLimits,
    pub(crate) config: StreamConfig,
    /// Whether a damaged recording is an error.
    pub(crate) strict: bool,
}

/// A complete timeline.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    pub(crate) events: Vec<Event>,
    pub(crate) duration_s: f64,
    /// What is missing of a damaged recording.
    pub(crate) damage: Option<Damage>,
}

/// A timeline while it is made from decoded samples.
pub(super) struct TimelineBuilder {
    builder: clstm::TimelineBuilder,
    events: Vec<Event>,
}

/// Why decoding ended early.
enum Stop {
    Failed(StreamError),
    /// The request was dropped.
    Cancelled,
}

impl From<StreamError> for Stop {
    fn from(error: StreamError) -> Self {
        Self::Failed(error)
    }
}

impl TimelineBuilder {
    pub(super) fn new(model: &LoadedModel, config: &StreamConfig) -> Result<Self, StreamError> {
        let builder = clstm::TimelineBuilder::new(&model.recognizer, config)?;
        Ok(Self { builder, events: Vec::new() })
    }

    /// Adds samples at `rate` in Hz, the same at each call. Returns true when [`process`](Self::process) should
    /// be called.
    pub(super) fn add(&mut self, samples: &[f32], rate: u32) -> bool {
        self.builder.add(samples, rate)
    }

    /// Processes the samples that were added.
    pub(super) fn process(&mut self) -> Result<(), StreamError> {
        self.builder.process(&mut self.events)
    }

    pub(super) fn finish(mut self) -> Result<Timeline, StreamError> {
        let summary = self.builder.finish(&mut self.events)?;
        let TimelineSummary { duration_s, damage, .. } = summary;
        Ok(Timeline { events: self.events, duration_s, damage })
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

    fn try_run(&self, cancelled: impl Fn() -> bool) -> Result<Timeline, Stop> {
        let mut events = Vec::new();
        let Self { model, bytes, limits, config, strict } = self;
        let on_event = |event| {
            if cancelled() {
                return Err(Stop::Cancelled);
            }
            events.push(event);
            Ok(())
        };
        let bytes = (**bytes).as_ref();
        let recognizer = model.recognizer.clone().with_strict(*strict);
        let TimelineSummary { duration_s, damage, .. } =
            recognizer.timeline_bytes(bytes, None, limits, config, on_event)?;
        Ok(Timeline { events, duration_s, damage })
    }
}
