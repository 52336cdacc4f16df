//! Timelines of recordings of any length.

use std::sync::Arc;

use clstm::audio::{AudioError, Damage, DecodeLimits};
use clstm::{
    ChannelEvent, ChannelSelection, ChannelTimelineBuilder, Event, StreamConfig, StreamError,
    TimelineSummary,
};

use super::RequestBytes;
use crate::api_error::ApiError;
use crate::models::LoadedModel;

/// A request for a timeline.
pub(crate) struct TimelineRequest {
    pub(crate) model: Arc<LoadedModel>,
    pub(crate) bytes: RequestBytes,
    /// All channels that are recognised by themselves may together last as long as one recording.
    pub(crate) limits: DecodeLimits,
    pub(crate) config: StreamConfig,
    pub(crate) channels: ChannelSelection,
    /// Whether a damaged recording is an error.
    pub(crate) strict: bool,
}

/// A complete timeline.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    /// In the order of time; those of several channels one channel after the other.
    pub(crate) events: Vec<ChannelEvent>,
    pub(crate) duration_s: f64,
    /// Seconds of audio of all channels together.
    pub(crate) processed_s: f64,
    /// What is missing of a damaged recording.
    pub(crate) damage: Option<Damage>,
}

/// A timeline while it is made from decoded samples.
pub(super) struct TimelineBuilder {
    builder: Builder,
    channels: ChannelSelection,
    events: Events,
}

enum Builder {
    Mix(Box<clstm::TimelineBuilder>),
    Channels(Box<ChannelTimelineBuilder>),
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

/// Events of a timeline. There are at most as many as for one channel of the longest recording.
struct Events {
    all: Vec<ChannelEvent>,
    channels: usize,
    limit_s: f64,
}

impl Events {
    fn new(limits: &DecodeLimits) -> Self {
        Self { all: Vec::new(), channels: 1, limit_s: limits.max_duration_s }
    }

    /// # Errors
    /// If all channels together are too long.
    fn push(&mut self, event: ChannelEvent, channels: ChannelSelection) -> Result<(), StreamError> {
        if channels == ChannelSelection::Each {
            self.channels = self.channels.max(event.channel + 1);
        }
        if let Event::Frame(frame) = &event.event
            && frame.end_s * self.channels as f64 > self.limit_s
        {
            let limit_s = self.limit_s / self.channels as f64;
            return Err(AudioError::TooLong { limit_s }.into());
        }
        self.all.push(event);
        Ok(())
    }

    fn finish(mut self, summary: TimelineSummary) -> Timeline {
        // Stable: those of one channel keep their order.
        self.all.sort_by_key(|event| event.channel);
        let TimelineSummary { duration_s, damage, .. } = summary;
        let processed_s = duration_s * self.channels as f64;
        Timeline { events: self.all, duration_s, processed_s, damage }
    }
}

impl TimelineBuilder {
    pub(super) fn new(request: &TimelineRequest) -> Result<Self, StreamError> {
        let TimelineRequest { model, limits, config, channels, .. } = request;
        let recognizer = &model.recognizer;
        let builder = match channels {
            ChannelSelection::Mix => {
                Builder::Mix(Box::new(clstm::TimelineBuilder::new(recognizer, config)?))
            }
            _ => {
                let builder = ChannelTimelineBuilder::new(recognizer, *channels, config)?;
                Builder::Channels(Box::new(builder))
            }
        };
        Ok(Self { builder, channels: *channels, events: Events::new(limits) })
    }

    /// Processes interleaved samples at `rate` in Hz, the same at each call.
    pub(super) fn push(
        &mut self,
        samples: &[f32],
        channels: usize,
        rate: u32,
    ) -> Result<(), StreamError> {
        let mut events = Vec::new();
        match &mut self.builder {
            Builder::Mix(builder) => {
                if builder.add(samples, rate) {
                    let mut own = Vec::new();
                    builder.process(&mut own)?;
                    events.extend(own.into_iter().map(of_mix));
                }
            }
            Builder::Channels(builder) => {
                if builder.add(samples, channels, rate)? {
                    builder.process(&mut events)?;
                }
            }
        }
        events.into_iter().try_for_each(|event| self.events.push(event, self.channels))
    }

    pub(super) fn finish(self) -> Result<Timeline, StreamError> {
        let Self { builder, channels, mut events } = self;
        let mut last = Vec::new();
        let summary = match builder {
            Builder::Mix(builder) => {
                let mut own = Vec::new();
                let summary = builder.finish(&mut own)?;
                last.extend(own.into_iter().map(of_mix));
                summary
            }
            Builder::Channels(builder) => builder.finish(&mut last)?,
        };
        last.into_iter().try_for_each(|event| events.push(event, channels))?;
        Ok(events.finish(summary))
    }
}

/// An event of the mean of all channels.
fn of_mix(event: Event) -> ChannelEvent {
    ChannelEvent { channel: 0, event }
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
        let Self { model, bytes, limits, config, channels, strict } = self;
        let mut events = Events::new(limits);
        let mut on_event = |event| {
            if cancelled() {
                return Err(Stop::Cancelled);
            }
            Ok(events.push(event, *channels)?)
        };
        let bytes = (**bytes).as_ref();
        let recognizer = model.recognizer.clone().with_strict(*strict);
        let summary = match channels {
            ChannelSelection::Mix => {
                recognizer
                    .timeline_bytes(bytes, None, limits, config, |event| on_event(of_mix(event)))?
            }
            _ => recognizer.channel_timelines_bytes(bytes, limits, *channels, config, on_event)?,
        };
        Ok(events.finish(summary))
    }
}
