//! Which emotion when, in recordings of any length.

use std::sync::Arc;

use clstm::audio::{AudioError, DecodeLimits, stream_bytes};
use clstm::{Event, Stream, StreamConfig, StreamError};

use super::Held;
use crate::models::Served;
use crate::refusal::Refusal;

/// Seconds of sound that are worked on at once: decoders give some thousand samples at a time, which would
/// be a product for each moment.
const PIECE_S: usize = 16;

/// A recording whose timeline is asked for.
pub(crate) struct TimelineRequest {
    pub(crate) served: Arc<Served>,
    pub(crate) bytes: Held,
    pub(crate) limits: DecodeLimits,
    pub(crate) config: StreamConfig,
}

/// All that was heard.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    pub(crate) events: Vec<Event>,
    pub(crate) duration_s: f64,
}

/// Ends the decoding.
enum Stop {
    Failed(StreamError),
    /// Nobody waits for it any more.
    Left,
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

impl TimelineRequest {
    /// Hears the recording, unless whoever asked has `left` meanwhile.
    pub(super) fn hear(self, left: impl Fn() -> bool) -> Result<Timeline, Refusal> {
        self.try_hear(left).map_err(|stop| match stop {
            Stop::Failed(error) => error.into(),
            Stop::Left => Refusal::internal(),
        })
    }

    fn try_hear(&self, left: impl Fn() -> bool) -> Result<Timeline, Stop> {
        let mut timeline = Timeline::default();
        let mut stream = None;
        let mut gathered = Vec::new();
        let bytes = (*self.bytes).as_ref();
        stream_bytes(bytes, None, &self.limits, |chunk, rate| -> Result<(), Stop> {
            let stream = match &mut stream {
                Some(stream) => stream,
                empty => empty.insert(Stream::new(&self.served.recognizer, rate, &self.config)?),
            };
            gathered.extend_from_slice(chunk);
            timeline.duration_s += chunk.len() as f64 / f64::from(rate);
            if gathered.len() >= PIECE_S * rate as usize {
                if left() {
                    return Err(Stop::Left);
                }
                stream.push(&gathered, &mut timeline.events)?;
                gathered.clear();
            }
            Ok(())
        })?;
        if let Some(stream) = &mut stream {
            stream.push(&gathered, &mut timeline.events)?;
            stream.finish(&mut timeline.events)?;
        }
        Ok(timeline)
    }
}
