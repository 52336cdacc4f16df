//! Smoothing of predictions over time.

use super::event::WindowPrediction;
use super::probabilities::Probabilities;
use crate::ProbabilityCalibration;

/// Smallest probability that is counted: a single window must not exclude a label for seconds.
const MIN_PROBABILITY: f64 = 1e-6;

/// Exponential moving average of log-probabilities.
#[derive(Debug)]
pub(super) struct Smoother {
    /// Time constant: what is `t` seconds old is weighted with `exp(-t / smoothing)`.
    smoothing_s: f64,
    /// Smoothed log-probabilities of the last frame with a prediction, and its end in seconds.
    average: Option<(Probabilities, f64)>,
    /// End of the last frame.
    end_s: f64,
}

impl Smoother {
    pub(super) fn new(smoothing_s: f64) -> Self {
        Self { smoothing_s, average: None, end_s: 0.0 }
    }

    /// Smooths the probabilities of the next frame, which ends at `end_s`; `None` is a frame without speech.
    pub(super) fn next(
        &mut self,
        probabilities: Option<Probabilities>,
        end_s: f64,
    ) -> Option<WindowPrediction> {
        let hop_s = end_s - self.end_s;
        self.end_s = end_s;
        let Some(probabilities) = probabilities else {
            // After a pause of that length nothing of the past counts.
            let ended = |(_, last_s): &(_, f64)| end_s - last_s >= self.smoothing_s;
            self.average = self.average.take().filter(|average| !ended(average));
            return None;
        };
        let (logs, prediction) = self.smooth(probabilities, hop_s);
        self.average = Some((logs, end_s));
        Some(prediction)
    }

    /// What [`next`](Self::next) would return for a later frame that ends at `end_s`, from what is known now.
    pub(super) fn preview(
        &self,
        probabilities: Option<Probabilities>,
        end_s: f64,
    ) -> Option<WindowPrediction> {
        let elapsed_s = end_s - self.end_s;
        Some(self.smooth(probabilities?, elapsed_s).1)
    }

    /// The smoothed log-probabilities, and the prediction.
    fn smooth(
        &self,
        probabilities: Probabilities,
        elapsed_s: f64,
    ) -> (Probabilities, WindowPrediction) {
        let mut logs = probabilities.clone();
        logs.iter_mut().for_each(|p| *p = p.max(MIN_PROBABILITY).ln());
        if let Some((average, _)) = self.average.as_ref().filter(|_| self.smoothing_s > 0.0) {
            let past = (-elapsed_s / self.smoothing_s).exp();
            let logs = logs.iter_mut().zip(average);
            logs.for_each(|(log, average)| *log = past * average + (1.0 - past) * *log);
        }
        let mut smoothed = logs.clone();
        ProbabilityCalibration::default().apply(&mut smoothed);
        let best = smoothed.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        let label_index = best.map_or(0, |(label, _)| label);
        (logs, WindowPrediction { probabilities, smoothed, label_index })
    }

    /// Prepares for another stream.
    pub(super) fn reset(&mut self) {
        (self.average, self.end_s) = (None, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::{Probabilities, Smoother};

    #[test]
    fn smoothing_is_a_running_mean_of_logarithms_that_pauses_end() {
        let mut smoother = Smoother::new(0.5);
        let mut end_s = 0.0;
        let mut next = |p: Option<[f64; 2]>| {
            end_s += 0.5;
            let p = p.map(|p| Probabilities::from(&p[..]));
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
        let p = |happy: f64| Some(Probabilities::from(&[happy, 1.0 - happy][..]));
        smoother.next(p(0.9), 0.5);
        let preview = |end_s| smoother.preview(p(0.1), end_s).expect("a prediction").smoothed[0];
        assert!(preview(1.0) > preview(1.5) && preview(1.5) > 0.1, "{}", preview(1.5));
        assert_eq!(smoother.preview(None, 1.0), None);
    }
}
