//! Smoothing over time, and where one emotion ends and the next begins.

use super::config::StreamConfig;
use super::event::{Frame, LabelScore, Segment, WindowPrediction};
use super::probabilities::Probabilities;
use crate::ProbabilityCalibration;

/// A probability that is no less: one window alone must not rule a label out for seconds.
const LEAST: f64 = 1e-6;

/// Smooths the answers of moments in their order and joins moments to sections.
#[derive(Debug)]
pub(super) struct Segmenter {
    /// The past weighs `exp(-hop / smoothing)`.
    smoothing_s: f64,
    min_segment_s: f64,
    min_pause_s: f64,
    /// Smoothed log-probabilities; none before the first answer and after long pauses.
    smooth: Option<Probabilities>,
    /// Seconds since the last answer.
    quiet_s: f64,
    current: Option<OpenSegment>,
    /// The latest moments, all of one label that is not the current section's.
    pending: Vec<SmoothedFrame>,
}

/// A moment as sections see it.
#[derive(Debug)]
struct SmoothedFrame {
    start_s: f64,
    end_s: f64,
    /// The label and the smoothed probabilities; `None` without speech.
    prediction: Option<(usize, Probabilities)>,
}

impl SmoothedFrame {
    fn label(&self) -> Option<usize> {
        self.prediction.as_ref().map(|(label, _)| *label)
    }
}

/// A section that has not ended.
#[derive(Debug)]
struct OpenSegment {
    start_s: f64,
    end_s: f64,
    label: Option<usize>,
    /// Sums of the probabilities of `answers` moments.
    sums: Probabilities,
    answers: usize,
}

impl OpenSegment {
    fn new(first: SmoothedFrame) -> Self {
        let mut open = Self {
            start_s: first.start_s,
            end_s: first.end_s,
            label: first.label(),
            sums: Probabilities::zeros(first.prediction.as_ref().map_or(0, |(_, p)| p.len())),
            answers: 0,
        };
        open.add(first);
        open
    }

    fn add(&mut self, moment: SmoothedFrame) {
        self.end_s = moment.end_s;
        // What is heard within a pause too short to be speech's end of it is not the pause's.
        if let (Some(_), Some((_, probabilities))) = (self.label, moment.prediction) {
            self.sums.iter_mut().zip(&probabilities).for_each(|(sum, p)| *sum += p);
            self.answers += 1;
        }
    }

    fn close(self) -> Segment {
        let Self { start_s, end_s, label, mut sums, answers } = self;
        sums.iter_mut().for_each(|sum| *sum /= answers.max(1) as f64);
        let emotion = label.map(|label_index| LabelScore {
            label_index,
            confidence: sums.get(label_index).copied().unwrap_or(0.0),
            probabilities: sums,
        });
        Segment { start_s, end_s, label: emotion }
    }
}

/// Moments of a change that may be pending, as far as memory for them is taken in advance; longer ones
/// come of settings far from the usual.
const PENDING: usize = 64;

impl Segmenter {
    pub(super) fn new(config: &StreamConfig) -> Self {
        let pending = config.min_segment_s.max(config.min_pause_s) / config.hop_s;
        Self {
            smoothing_s: config.smoothing_s,
            min_segment_s: config.min_segment_s,
            min_pause_s: config.min_pause_s,
            smooth: None,
            quiet_s: 0.0,
            current: None,
            // The last one of them ends the section before.
            pending: Vec::with_capacity((pending.ceil() as usize + 1).min(PENDING)),
        }
    }

    /// Smooths the probabilities of the next moment, `None` without speech, and makes it of them; and
    /// the section that it ends, if it ends one.
    pub(super) fn next(
        &mut self,
        [start_s, end_s]: [f64; 2],
        speech: f64,
        probabilities: Option<Probabilities>,
    ) -> (Frame, Option<Segment>) {
        let answer = match probabilities {
            Some(probabilities) => Some(self.smoothed(probabilities, end_s - start_s)),
            None => {
                self.quiet_s += end_s - start_s;
                if self.quiet_s >= self.smoothing_s {
                    self.smooth = None;
                }
                None
            }
        };
        let heard = answer.as_ref().map(|a| (a.label_index, a.smoothed.clone()));
        let ended = self.join(SmoothedFrame { start_s, end_s, prediction: heard });
        (Frame { start_s, end_s, speech, prediction: answer }, ended)
    }

    fn smoothed(&mut self, probabilities: Probabilities, hop_s: f64) -> WindowPrediction {
        self.quiet_s = 0.0;
        let mut logs = probabilities.clone();
        logs.iter_mut().for_each(|p| *p = p.max(LEAST).ln());
        if let Some(smooth) = self.smooth.as_ref().filter(|_| self.smoothing_s > 0.0) {
            let past = (-hop_s / self.smoothing_s).exp();
            let logs = logs.iter_mut().zip(smooth);
            logs.for_each(|(log, smooth)| *log = past * smooth + (1.0 - past) * *log);
        }
        let mut smoothed = logs.clone();
        self.smooth = Some(logs);
        ProbabilityCalibration::default().apply(&mut smoothed);
        let best = smoothed.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        let label_index = best.map_or(0, |(label, _)| label);
        WindowPrediction { probabilities, smoothed, label_index }
    }

    fn join(&mut self, moment: SmoothedFrame) -> Option<Segment> {
        let Some(current) = &mut self.current else {
            self.current = Some(OpenSegment::new(moment));
            return None;
        };
        let label = moment.label();
        if label == current.label {
            // The change did not last.
            self.pending.drain(..).for_each(|moment| current.add(moment));
            current.add(moment);
            return None;
        }
        if self.pending.last().is_some_and(|last| last.label() != label) {
            self.pending.drain(..).for_each(|moment| current.add(moment));
        }
        self.pending.push(moment);
        let [first, last] = [self.pending.first()?.start_s, self.pending.last()?.end_s];
        let least = match (current.label, label) {
            // However short, speech after a pause is not the pause's.
            (None, _) => 0.0,
            (_, None) => self.min_pause_s,
            _ => self.min_segment_s,
        };
        // Sums of hops are not exact.
        if last - first < least - 1e-6 {
            return None;
        }
        let mut pending = self.pending.drain(..);
        let mut next = OpenSegment::new(pending.next()?);
        pending.for_each(|moment| next.add(moment));
        self.current.replace(next).map(OpenSegment::close)
    }

    /// The last section, at the end of the stream.
    pub(super) fn finish(&mut self) -> Option<Segment> {
        let mut current = self.current.take()?;
        self.pending.drain(..).for_each(|moment| current.add(moment));
        self.smooth = None;
        self.quiet_s = 0.0;
        Some(current.close())
    }
}

#[cfg(test)]
mod tests {
    use super::{Probabilities, Segment, Segmenter};
    use crate::StreamConfig;

    /// Segmenter of moments of half a second with these labels (`None` for a pause), of three.
    fn sections(config: &StreamConfig, labels: &[Option<usize>]) -> Vec<(f64, f64, Option<usize>)> {
        let mut sections = Segmenter::new(config);
        let told = |s: Segment| (s.start_s, s.end_s, s.label.map(|e| e.label_index));
        let mut all = Vec::new();
        for (i, label) in labels.iter().enumerate() {
            let times = [i as f64 * 0.5, (i + 1) as f64 * 0.5];
            let sure = label.map(|label| {
                let sure = [0, 1, 2].map(|k| if k == label { 0.8 } else { 0.1 });
                Probabilities::from(&sure[..])
            });
            all.extend(sections.next(times, 1.0, sure).1.map(told));
        }
        all.extend(sections.finish().map(told));
        all
    }

    fn config() -> StreamConfig {
        StreamConfig {
            smoothing_s: 0.0,
            min_segment_s: 1.0,
            min_pause_s: 1.0,
            ..StreamConfig::live()
        }
    }

    #[test]
    fn a_change_that_does_not_last_ends_no_section() {
        let [a, b, c] = [Some(0), Some(1), Some(2)];
        assert_eq!(sections(&config(), &[a, b, a, c, b, a]), [(0.0, 3.0, a)]);
        assert_eq!(sections(&config(), &[a, a, b, b, a]), [(0.0, 1.0, a), (1.0, 2.5, b)]);
        assert_eq!(sections(&config(), &[a, None, a, None]), [(0.0, 2.0, a)]);
    }

    #[test]
    fn a_pause_ends_a_section_and_speech_ends_a_pause_at_once() {
        let a = Some(0);
        let heard = sections(&config(), &[None, a, None, None, a]);
        assert_eq!(heard, [(0.0, 0.5, None), (0.5, 1.0, a), (1.0, 2.0, None), (2.0, 2.5, a)]);
        assert_eq!(sections(&config(), &[]), []);
    }

    #[test]
    fn smoothing_is_a_running_mean_of_logarithms_that_pauses_end() {
        let config = StreamConfig { smoothing_s: 0.5, ..config() };
        let mut sections = Segmenter::new(&config);
        let mut next = |i: usize, p: Option<[f64; 2]>| {
            let times = [i as f64 * 0.5, (i + 1) as f64 * 0.5];
            let answer =
                sections.next(times, 1.0, p.map(|p| Probabilities::from(&p[..]))).0.prediction;
            answer.map(|answer| answer.smoothed[0])
        };
        assert_eq!(next(0, Some([0.8, 0.2])), Some(0.8));
        // exp(-1) ln(0.8) + (1 - exp(-1)) ln(0.4) and so on, normalised.
        let past = (-1.0_f64).exp();
        let log = |p: f64, q: f64| past * p.ln() + (1.0 - past) * q.ln();
        let (one, other) = (log(0.8, 0.4).exp(), log(0.2, 0.6).exp());
        let smoothed = next(1, Some([0.4, 0.6])).expect("an answer");
        assert!((smoothed - one / (one + other)).abs() < 1e-12);
        assert_eq!(next(2, None), None);
        assert_eq!(next(3, Some([0.4, 0.6])), Some(0.4), "nothing is left of what was before");
    }
}
