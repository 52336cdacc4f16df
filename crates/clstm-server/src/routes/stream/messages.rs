//! JSON messages of a stream.

use clstm::audio::Damage;
use clstm::{ChannelEvent, DimensionInfo, Event, TimelineItem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api_error::ErrorBody;
use crate::openapi::DamageBody;
use crate::response::ItemBody;

/// A text message of the server on a stream.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = StreamMessage)]
pub(crate) enum ServerMessage<'a> {
    /// The first message.
    Ready {
        model: &'a str,
        labels: &'a [String],
        /// Names of the continuous targets of the model; absent without them.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schema(required = false)]
        dimensions: Vec<&'a str>,
        /// Sample rate of raw samples in Hz; 48000 for containers, whose own rate is used.
        rate: u32,
        /// Seconds from one frame to the next.
        hop_s: f64,
        /// Delay of a prediction behind the end of its frame, in seconds, without computing time.
        latency_s: f64,
    },
    Frame(ItemBody<'a>),
    Segment(ItemBody<'a>),
    /// The prediction for a turn of speech that has ended. It replaces those of its frames, some of which may follow.
    Turn(ItemBody<'a>),
    /// The last message, after `{"end": true}` or at shutdown.
    End {
        /// Seconds of audio received.
        duration_s: f64,
        /// What is missing: of a damaged container, or of samples that are NaN, infinite or incomplete.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<DamageBody>)]
        damaged: Option<&'a Damage>,
    },
    /// The last message after an error.
    Error(ErrorBody<'a>),
}

/// The message for an event, as JSON; `mix` if it is of the mean of all channels.
pub(super) fn event_json(
    event: ChannelEvent,
    mix: bool,
    labels: &[String],
    dimensions: &[DimensionInfo],
) -> serde_json::Result<String> {
    let ChannelEvent { channel, event } = event;
    let message = match event {
        Event::Segment(_) => ServerMessage::Segment,
        Event::Turn(_) => ServerMessage::Turn,
        _ => ServerMessage::Frame,
    };
    let item = TimelineItem::from(event);
    let item = item.labelled(labels, dimensions);
    let body = ItemBody { item, channel: (!mix).then_some(channel) };
    serde_json::to_string(&message(body))
}

/// A text message of the client. Audio comes in binary messages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ControlMessage {
    pub(super) end: bool,
}
