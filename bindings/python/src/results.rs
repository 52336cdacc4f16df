//! Results as tuples.

use clstm::audio::Damage;
use clstm::{ChannelEvent, EmbeddedRecognition, Event, NoPrediction, Recognition, TimelineItem};

/// What is missing: message, seconds that are missing, second of the first damage.
pub(crate) type DamageRow = (String, f64, Option<f64>);

/// Index of the label, its confidence, probabilities, continuous targets.
pub(crate) type ScoreRow = (usize, f64, Vec<f64>, Vec<f64>);

/// Duration in seconds, share of speech, scores, damage, why there is no label.
pub(crate) type RecognitionRow =
    (f64, f64, Option<ScoreRow>, Option<DamageRow>, Option<&'static str>);

/// A recognition and the deep feature.
pub(crate) type EmbeddedRow = (RecognitionRow, Vec<f64>);

/// Start and end in seconds, share of speech, scores, provisional.
pub(crate) type ItemRow = (f64, f64, Option<f64>, Option<ScoreRow>, bool);

/// A segment: start, end and seconds of context; speaker and text; status (`ok`, `no_speech`, `too_short`, `outside`),
/// whether it ends after the recording, and its channel; share of speech; scores.
pub(crate) type SegmentRow = (
    (f64, f64, f64),
    (Option<String>, Option<String>),
    (&'static str, bool, Option<usize>),
    f64,
    Option<ScoreRow>,
);

/// Segments, the duration of their recording in seconds, and its damage.
pub(crate) type SegmentsRow = (Vec<SegmentRow>, f64, Option<DamageRow>);

/// Numbers and recognitions of the channels of a recording.
pub(crate) type ChannelRows = Vec<(usize, RecognitionRow)>;

/// Channel (`None` for the mean of all), type and row of a frame or segment.
pub(crate) type EventRow = (Option<usize>, &'static str, ItemRow);

/// Kind and message of an error.
pub(crate) type ErrorRow = (String, String);

/// A result, or why there is none; one of both is set.
pub(crate) type Outcome<T> = (Option<T>, Option<ErrorRow>);

pub(crate) fn damage(damage: Option<&Damage>) -> Option<DamageRow> {
    damage.map(|damage| (damage.message.clone(), damage.missing_s, damage.at_s))
}

pub(crate) fn recognition(recognition: Recognition) -> RecognitionRow {
    let Recognition { duration_s, speech, prediction, reason, damage: missing } = recognition;
    let scores = prediction
        .map(|found| (found.label_index, found.confidence, found.probabilities, found.dimensions));
    (duration_s, speech, scores, damage(missing.as_ref()), reason.map(NoPrediction::kind))
}

pub(crate) fn embedded(embedded: EmbeddedRecognition) -> EmbeddedRow {
    (recognition(embedded.recognition), embedded.features)
}

/// A frame or a segment with its type.
pub(crate) fn event(event: Event) -> EventRow {
    let kind = event.kind();
    let TimelineItem { start_s, end_s, speech, label, provisional } = event.into();
    let scores = label.map(|score| {
        let (probabilities, dimensions) = (score.probabilities.to_vec(), score.dimensions.to_vec());
        (score.label_index, score.confidence, probabilities, dimensions)
    });
    (None, kind, (start_s, end_s, speech, scores, provisional))
}

/// A frame or a segment of a channel.
pub(crate) fn channel_event(found: ChannelEvent) -> EventRow {
    let (_, kind, row) = event(found.event);
    (Some(found.channel), kind, row)
}
