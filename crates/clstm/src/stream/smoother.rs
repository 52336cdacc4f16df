//! Smoothing of predictions over time.

use super::event::WindowPrediction;
use super::probabilities::{DimensionValues, Probabilities};
use crate::ProbabilityCalibration;

/// Smallest probability that is counted: a single window must not exclude a label for seconds.
const MIN_PROBABILITY: f64 = 1e-6;

/// What the network gives for a window.
#[derive(Clone, Debug)]
pub(super) struct WindowScores {
    pub(super) probabilities: Probabilities,
    pub(super) dimensions: DimensionValues,
}

/// Exponential moving averages of log-probabilities and of continuous targets.
#[derive(Debug)]
pub(super) struct Smoother {
    /// Time constant: what is `t` seconds old is weighted with `exp(-t / smoothing)`.
    smoothing_s: f64,
    /// Averages of the last frame with a prediction, and its end in seconds.
    average: Option<(Average, f64)>,
    /// End of the last frame.
    end_s: f64,
}

#[derive(Debug)]
struct Average {
    logs: Probabilities,
    dimensions: DimensionValues,
}

impl Smoother {
    pub(super) fn new(smoothing_s: f64) -> Self {
        Self { smoothing_s, average: None, end_s: 0.0 }
    }

    /// Smooths the scores of the next frame, which ends at `end_s`; `None` is a frame without speech.
    pub(super) fn next(
        &mut self,
        scores: Option<WindowScores>,
        end_s: f64,
    ) -> Option<WindowPrediction> {
        let hop_s = end_s - self.end_s;
        self.end_s = end_s;
        let Some(scores) = scores else {
            // After a pause of that length nothing of the past counts.
            let ended = |(_, last_s): &(_, f64)| end_s - last_s >= self.smoothing_s;
            self.average = self.average.take().filter(|average| !ended(average));
            return None;
        };
        let (logs, prediction) = self.smooth(scores, hop_s);
        let dimensions = prediction.dimensions.clone();
        self.average = Some((Average { logs, dimensions }, end_s));
        Some(prediction)
    }

    /// What [`next`](Self::next) would return for a later frame that ends at `end_s`, from what is known now.
    pub(super) fn preview(
        &self,
        scores: Option<WindowScores>,
        end_s: f64,
    ) -> Option<WindowPrediction> {
        let elapsed_s = end_s - self.end_s;
        Some(self.smooth(scores?, elapsed_s).1)
    }

    /// The smoothed log-probabilities, and the prediction.
    fn smooth(&self, scores: WindowScores, elapsed_s: f64) -> (Probabilities, WindowPrediction) {
        let WindowScores { probabilities, mut dimensions } = scores;
        let mut logs = probabilities.clone();
        logs.iter_mut().for_each(|p| *p = p.max(MIN_PROBABILITY).ln());
        if let Some((average, _)) = self.average.as_ref().filter(|_| self.smoothing_s > 0.0) {
            let past = (-elapsed_s / self.smoothing_s).exp();
            let mix = |(new, old): (&mut f64, &f64)| *new = past * old + (1.0 - past) * *new;
            logs.iter_mut().zip(&average.logs).for_each(mix);
            dimensions.iter_mut().zip(&average.dimensions).for_each(mix);
        }
        let mut smoothed = logs.clone();
        ProbabilityCalibration::default().apply(&mut smoothed);
        let best = smoothed.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        let label_index = best.map_or(0, |(label, _)| label);
        (logs, WindowPrediction { probabilities, smoothed, label_index, dimensions })
    }

    /// Prepares for another stream.
    pub(super) fn reset(&mut self) {
        (self.average, self.end_s) = (None, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::{DimensionValues, Probabilities, Smoother, WindowScores};

    /// Scores with the first probability as the only dimension.
    fn scores(probabilities: &[f64]) -> WindowScores {
        let dimensions = DimensionValues::from(&probabilities[..1]);
        WindowScores { probabilities: Probabilities::from(probabilities), dimensions }
    }

    #[test]
    fn smoothing_is_a_running_mean_of_logarithms_that_pauses_end() {
        let mut smoother = Smoother::new(0.5);
        let mut end_s = 0.0;
        let mut next = |p: Option<[f64; 2]>| {
            end_s += 0.5;
            let p = p.map(|p| scores(&p));
            let preview = smoother.preview(p.clone(), end_s);
            let prediction = smoother.next(p, end_s);
            assert_eq!(preview, prediction);
            prediction.map(|prediction| prediction.smoothed[0])
        };
        assert_eq!(next(Some([0.8, 0.2])), Some(0.8));
        // exp(-1) ln(0.8) + (1 - exp(-1)) ln(0.4) and so on, normalised.
        let past = (-1.0_f64).exp();
        let log = |p: f64, q: f64| past * p.ln() + (1.0 - past) * q.ln();
        let (one, other) = (log(0.8, 0.4).exp(), log(0.2, 0.6).exp());
        let smoothed = next(Some([0.4, 0.6])).expect("a prediction");
        assert!((smoothed - one / (one + other)).abs() < 1e-12);
        assert_eq!(next(None), None);
        assert_eq!(next(Some([0.4, 0.6])), Some(0.4), "nothing is left of what was before");
    }

    #[test]
    fn a_preview_counts_the_past_less_the_later_it_is() {
        let mut smoother = Smoother::new(1.0);
        let p = |happy: f64| Some(scores(&[happy, 1.0 - happy]));
        smoother.next(p(0.9), 0.5);
        let preview = |end_s| smoother.preview(p(0.1), end_s).expect("a prediction").smoothed[0];
        assert!(preview(1.0) > preview(1.5) && preview(1.5) > 0.1, "{}", preview(1.5));
        assert_eq!(smoother.preview(None, 1.0), None);
    }

    #[test]
    fn continuous_targets_are_averaged_as_they_are() {
        let mut smoother = Smoother::new(0.5);
        let mut next = |value: f64, end_s| {
            let prediction = smoother.next(Some(scores(&[value, 1.0 - value])), end_s);
            prediction.expect("a prediction").dimensions[0]
        };
        let past = (-1.0_f64).exp();
        assert_eq!(next(0.8, 0.5), 0.8);
        let second = past * 0.8 + (1.0 - past) * 0.2;
        assert!((next(0.2, 1.0) - second).abs() < 1e-12);
        assert!((next(0.2, 1.5) - (past * second + (1.0 - past) * 0.2)).abs() < 1e-12);
    }
}
