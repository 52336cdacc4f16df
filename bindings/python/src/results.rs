//! Results as tuples.

use clstm::audio::Damage;
use clstm::{EmbeddedRecognition, Event, Recognition, TimelineItem};

/// What is missing: message, seconds that are missing, second of the first damage.
pub(crate) type DamageRow = (String, f64, Option<f64>);

/// Duration in seconds, share of speech, index of the label, probabilities, damage.
pub(crate) type RecognitionRow = (f64, f64, Option<usize>, Option<Vec<f64>>, Option<DamageRow>);

/// A recognition and the deep feature.
pub(crate) type EmbeddedRow = (RecognitionRow, Vec<f64>);

/// Start and end in seconds, share of speech, index of the label, confidence, probabilities, provisional.
pub(crate) type ItemRow =
    (f64, f64, Option<f64>, Option<usize>, Option<f64>, Option<Vec<f64>>, bool);

/// A segment: start, end and seconds of context; speaker and text; status (`ok`, `no_speech`, `too_short`, `outside`) and
/// whether it ends after the recording; share of speech; index of the label and probabilities.
pub(crate) type SegmentRow = (
    (f64, f64, f64),
    (Option<String>, Option<String>),
    (&'static str, bool),
    f64,
    Option<(usize, Vec<f64>)>,
);

/// Segments, the duration of their recording in seconds, and its damage.
pub(crate) type SegmentsRow = (Vec<SegmentRow>, f64, Option<DamageRow>);

/// Numbers and recognitions of the channels of a recording.
pub(crate) type ChannelRows = Vec<(usize, RecognitionRow)>;

/// Channel, type and row of a frame or segment.
pub(crate) type ChannelItem = (usize, &'static str, ItemRow);

/// Kind and message of an error.
pub(crate) type ErrorRow = (String, String);

/// A result, or why there is none; one of both is set.
pub(crate) type Outcome<T> = (Option<T>, Option<ErrorRow>);

pub(crate) fn damage(damage: Option<&Damage>) -> Option<DamageRow> {
    damage.map(|damage| (damage.message.clone(), damage.missing_s, damage.at_s))
}

pub(crate) fn recognition(recognition: Recognition) -> RecognitionRow {
    let Recognition { duration_s, speech, prediction, damage: missing } = recognition;
    let (label, probabilities) =
        prediction.map(|prediction| (prediction.label_index, prediction.probabilities)).unzip();
    (duration_s, speech, label, probabilities, damage(missing.as_ref()))
}

pub(crate) fn embedded(embedded: EmbeddedRecognition) -> EmbeddedRow {
    (recognition(embedded.recognition), embedded.features)
}

/// A frame or a segment with its type.
pub(crate) fn item(event: Event) -> (&'static str, ItemRow) {
    let kind = event.kind();
    let TimelineItem { start_s, end_s, speech, label, provisional } = event.into();
    let index = label.as_ref().map(|score| score.label_index);
    let confidence = label.as_ref().map(|score| score.confidence);
    let probabilities = label.map(|score| score.probabilities.to_vec());
    (kind, (start_s, end_s, speech, index, confidence, probabilities, provisional))
}
