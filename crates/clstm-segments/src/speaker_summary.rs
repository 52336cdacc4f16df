//! What each speaker expresses: shares of time by emotion.

use std::collections::HashMap;

use crate::{Annotation, Segment};

/// A summary over the segments of one speaker.
#[derive(Clone, Debug, PartialEq)]
pub struct SpeakerSummary {
    /// The speaker; `None` for segments without one.
    pub speaker: Option<String>,
    /// The channel that was processed, from 0; `None` for the mean of all.
    pub channel: Option<usize>,
    /// Number of segments.
    pub segments: usize,
    /// Number of segments with a prediction.
    pub labelled: usize,
    /// Seconds of the segments with a prediction.
    pub labelled_s: f64,
    /// Share of these seconds by predicted label, in the order of the labels; all 0 without a prediction.
    pub time: Vec<f64>,
    /// Mean of the confidences, weighted by duration; `None` without a prediction.
    pub confidence: Option<f64>,
    /// Means of the continuous targets, weighted by duration; empty without a prediction, and for a model without them.
    pub dimensions: Vec<f64>,
}

/// Summaries by speaker and channel, in the order of their first segments. `labels` is the number of labels.
#[must_use]
pub fn summarize<'a>(
    annotated: impl IntoIterator<Item = (&'a Segment, &'a Annotation)>,
    labels: usize,
) -> Vec<SpeakerSummary> {
    let mut all: Vec<SpeakerSummary> = Vec::new();
    let mut places: HashMap<(Option<&str>, Option<usize>), usize> = HashMap::new();
    for (segment, annotation) in annotated {
        let key = (segment.speaker.as_deref(), annotation.channel);
        let index = *places.entry(key).or_insert_with(|| {
            all.push(SpeakerSummary {
                speaker: segment.speaker.clone(),
                channel: annotation.channel,
                dimensions: Vec::new(),
                segments: 0,
                labelled: 0,
                labelled_s: 0.0,
                time: vec![0.0; labels],
                confidence: None,
            });
            all.len() - 1
        });
        let Some(summary) = all.get_mut(index) else { continue };
        summary.segments += 1;
        let Some(emotion) = annotation.emotion() else { continue };
        let seconds = segment.duration_s();
        summary.labelled += 1;
        summary.labelled_s += seconds;
        if let Some(time) = summary.time.get_mut(emotion.label_index) {
            *time += seconds;
        }
        *summary.confidence.get_or_insert(0.0) += seconds * emotion.confidence();
        summary.dimensions.resize(emotion.dimensions.len(), 0.0);
        let sums = summary.dimensions.iter_mut().zip(&emotion.dimensions);
        sums.for_each(|(sum, value)| *sum += seconds * value);
    }
    for summary in &mut all {
        let total = summary.labelled_s;
        let share = |sum: f64| if total > 0.0 { sum / total } else { 0.0 };
        summary.time.iter_mut().for_each(|time| *time = share(*time));
        summary.confidence = summary.confidence.map(share);
        match total > 0.0 {
            true => summary.dimensions.iter_mut().for_each(|value| *value = share(*value)),
            false => summary.dimensions.clear(),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::summarize;
    use crate::{Annotation, Emotion, Outcome, Segment};

    #[test]
    fn time_and_confidence_are_weighted_by_duration() {
        let segment = |start_s: f64, end_s: f64, speaker: &str| {
            Segment::new(start_s, end_s, 1).unwrap().by(Some(speaker))
        };
        let labelled = |label_index: usize, p: f64| {
            let mut probabilities = vec![1.0 - p; 2];
            probabilities[label_index] = p;
            let dimensions = vec![10.0 * p];
            let emotion = Emotion { label_index, probabilities, dimensions, unsure: false };
            Annotation::new(Outcome::Labelled(emotion))
        };
        let segments = [
            segment(0.0, 3.0, "a"),
            segment(3.0, 4.0, "b"),
            segment(4.0, 5.0, "a"),
            segment(5.0, 9.0, "a"),
        ];
        let annotations = [
            labelled(0, 0.9),
            labelled(1, 0.5),
            labelled(1, 0.7),
            Annotation::new(Outcome::NoSpeech),
        ];
        let all = summarize(segments.iter().zip(&annotations), 2);
        assert_eq!(all.len(), 2);
        assert_eq!(
            (all[0].speaker.as_deref(), all[0].segments, all[0].labelled),
            (Some("a"), 3, 2)
        );
        assert_eq!((all[0].labelled_s, &all[0].time[..]), (4.0, &[0.75, 0.25][..]));
        assert!((all[0].confidence.unwrap() - 0.85).abs() < 1e-12);
        assert_eq!(all[1].time, [0.0, 1.0]);
        assert!((all[0].dimensions[0] - 8.5).abs() < 1e-12);
        let silent = summarize([(&segments[0], &annotations[3])], 2);
        assert_eq!((silent[0].confidence, silent[0].time.clone()), (None, vec![0.0, 0.0]));
        assert!(silent[0].dimensions.is_empty());
        // Channels of the same speaker are apart.
        let other = Annotation { channel: Some(1), ..annotations[1].clone() };
        let both = summarize([(&segments[0], &annotations[0]), (&segments[0], &other)], 2);
        assert_eq!(both.iter().map(|one| one.channel).collect::<Vec<_>>(), [None, Some(1)]);
    }
}
