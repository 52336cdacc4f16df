//! Joins frames to segments.

use super::config::StreamConfig;
use super::event::{Frame, LabelScore, Segment, WindowPrediction};
use super::probabilities::{DimensionValues, Probabilities};

/// Joins consecutive frames of one label to segments.
#[derive(Debug)]
pub(super) struct Segmenter {
    min_segment_s: f64,
    min_pause_s: f64,
    current: Option<OpenSegment>,
    /// The latest frames, all of one label that differs from the current segment's.
    pending: Vec<SmoothedFrame>,
}

/// What a segment needs of a frame.
#[derive(Debug)]
struct SmoothedFrame {
    start_s: f64,
    end_s: f64,
    /// The prediction; `None` without speech.
    prediction: Option<WindowPrediction>,
}

impl SmoothedFrame {
    fn new(frame: &Frame) -> Self {
        let Frame { start_s, end_s, prediction, .. } = frame;
        Self { start_s: *start_s, end_s: *end_s, prediction: prediction.clone() }
    }

    fn label(&self) -> Option<usize> {
        self.prediction.as_ref().map(|prediction| prediction.label_index)
    }
}

/// A segment that has not ended.
#[derive(Debug)]
struct OpenSegment {
    start_s: f64,
    end_s: f64,
    label: Option<usize>,
    /// Sums of the smoothed probabilities of `predictions` frames.
    sums: Probabilities,
    /// Sums of their continuous targets.
    dimension_sums: DimensionValues,
    predictions: usize,
}

impl OpenSegment {
    fn new(first: SmoothedFrame) -> Self {
        let count = |of: fn(&WindowPrediction) -> usize| first.prediction.as_ref().map_or(0, of);
        let mut segment = Self {
            start_s: first.start_s,
            end_s: first.end_s,
            label: first.label(),
            sums: Probabilities::zeros(count(|prediction| prediction.smoothed.len())),
            dimension_sums: DimensionValues::zeros(count(|prediction| prediction.dimensions.len())),
            predictions: 0,
        };
        segment.add(first);
        segment
    }

    fn add(&mut self, frame: SmoothedFrame) {
        self.end_s = frame.end_s;
        // A prediction within a segment without speech, which was too short to end it, is not counted.
        if let (Some(_), Some(prediction)) = (self.label, frame.prediction) {
            let add = |(sum, value): (&mut f64, &f64)| *sum += value;
            self.sums.iter_mut().zip(&prediction.smoothed).for_each(add);
            self.dimension_sums.iter_mut().zip(&prediction.dimensions).for_each(add);
            self.predictions += 1;
        }
    }

    fn close(self) -> Segment {
        let Self { start_s, end_s, label, mut sums, dimension_sums: mut dimensions, predictions } =
            self;
        let values = sums.iter_mut().chain(dimensions.iter_mut());
        values.for_each(|sum| *sum /= predictions.max(1) as f64);
        let label = label.map(|label_index| LabelScore {
            label_index,
            confidence: sums.get(label_index).copied().unwrap_or(0.0),
            probabilities: sums,
            dimensions,
        });
        Segment { start_s, end_s, label }
    }
}

/// Largest number of pending frames for which memory is reserved in advance; only unusual settings need more.
const RESERVED_FRAMES: usize = 64;

impl Segmenter {
    pub(super) fn new(config: &StreamConfig) -> Self {
        let pending = config.min_segment_s.max(config.min_pause_s) / config.hop_s;
        Self {
            min_segment_s: config.min_segment_s,
            min_pause_s: config.min_pause_s,
            current: None,
            // The last pending frame ends the segment before.
            pending: Vec::with_capacity((pending.ceil() as usize + 1).min(RESERVED_FRAMES)),
        }
    }

    /// Adds the next frame, and returns the segment that it ends, if any.
    pub(super) fn next(&mut self, frame: &Frame) -> Option<Segment> {
        let frame = SmoothedFrame::new(frame);
        let Some(current) = &mut self.current else {
            self.current = Some(OpenSegment::new(frame));
            return None;
        };
        let label = frame.label();
        if label == current.label {
            // The change did not last.
            self.pending.drain(..).for_each(|frame| current.add(frame));
            current.add(frame);
            return None;
        }
        if self.pending.last().is_some_and(|last| last.label() != label) {
            self.pending.drain(..).for_each(|frame| current.add(frame));
        }
        self.pending.push(frame);
        let [first, last] = [self.pending.first()?.start_s, self.pending.last()?.end_s];
        let min_s = match (current.label, label) {
            // Speech ends a pause at once, however short it is.
            (None, _) => 0.0,
            (_, None) => self.min_pause_s,
            _ => self.min_segment_s,
        };
        // Sums of hops are not exact.
        if last - first < min_s - 1e-6 {
            return None;
        }
        let mut pending = self.pending.drain(..);
        let mut next = OpenSegment::new(pending.next()?);
        pending.for_each(|frame| next.add(frame));
        self.current.replace(next).map(OpenSegment::close)
    }

    /// The last segment, at the end of the stream.
    pub(super) fn finish(&mut self) -> Option<Segment> {
        let mut current = self.current.take()?;
        self.pending.drain(..).for_each(|frame| current.add(frame));
        Some(current.close())
    }
}

#[cfg(test)]
mod tests {
    use super::{DimensionValues, Frame, Probabilities, Segment, Segmenter};
    use crate::{StreamConfig, WindowPrediction};

    /// Segments of frames of half a second with these labels (`None` for a pause), of three.
    fn segments(config: &StreamConfig, labels: &[Option<usize>]) -> Vec<(f64, f64, Option<usize>)> {
        let mut segmenter = Segmenter::new(config);
        let summary = |s: Segment| (s.start_s, s.end_s, s.label.map(|e| e.label_index));
        let mut all = Vec::new();
        for (i, label) in labels.iter().enumerate() {
            let prediction = label.map(|label_index| {
                let one = [0, 1, 2].map(|k| if k == label_index { 0.8 } else { 0.1 });
                let smoothed = Probabilities::from(&one[..]);
                let probabilities = smoothed.clone();
                let dimensions = DimensionValues::from(&[label_index as f64][..]);
                WindowPrediction { probabilities, smoothed, label_index, dimensions }
            });
            let [start_s, end_s] = [i as f64 * 0.5, (i + 1) as f64 * 0.5];
            let frame = Frame { start_s, end_s, speech: 1.0, prediction };
            all.extend(segmenter.next(&frame).map(summary));
        }
        all.extend(segmenter.finish().map(summary));
        all
    }

    fn config() -> StreamConfig {
        StreamConfig { min_segment_s: 1.0, min_pause_s: 1.0, ..StreamConfig::live() }
    }

    #[test]
    fn a_change_that_does_not_last_ends_no_segment() {
        let [a, b, c] = [Some(0), Some(1), Some(2)];
        assert_eq!(segments(&config(), &[a, b, a, c, b, a]), [(0.0, 3.0, a)]);
        assert_eq!(segments(&config(), &[a, a, b, b, a]), [(0.0, 1.0, a), (1.0, 2.5, b)]);
        assert_eq!(segments(&config(), &[a, None, a, None]), [(0.0, 2.0, a)]);
    }

    #[test]
    fn continuous_targets_of_a_segment_are_means_over_its_frames() {
        let mut segmenter = Segmenter::new(&config());
        for (i, value) in [1.0, 4.0, 1.0].into_iter().enumerate() {
            let smoothed = Probabilities::from(&[1.0][..]);
            let probabilities = smoothed.clone();
            let dimensions = DimensionValues::from(&[value][..]);
            let prediction =
                Some(WindowPrediction { probabilities, smoothed, label_index: 0, dimensions });
            let [start_s, end_s] = [i as f64, i as f64 + 1.0];
            assert!(segmenter.next(&Frame { start_s, end_s, speech: 1.0, prediction }).is_none());
        }
        let label = segmenter.finish().and_then(|segment| segment.label).expect("a label");
        assert_eq!(*label.dimensions, [2.0]);
    }

    #[test]
    fn a_pause_ends_a_segment_and_speech_ends_a_pause_at_once() {
        let a = Some(0);
        let found = segments(&config(), &[None, a, None, None, a]);
        assert_eq!(found, [(0.0, 0.5, None), (0.5, 1.0, a), (1.0, 2.0, None), (2.0, 2.5, a)]);
        assert_eq!(segments(&config(), &[]), []);
    }
}
