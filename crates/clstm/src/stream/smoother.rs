//! Smoothing of predictions over time.

use super::event::WindowPrediction;
use super::probabilities::Probabilities;
use crate::ProbabilityCalibration;

/// Smallest probability that is counted: a single window must not exclude a label for seconds.
const MIN_PROBABILITY: f64 = 1e-6;

/// Exponential moving average of log-probabilities.
#[derive(Debug)]
pub(super) struct Smoother {
    /// Time constant: the past is weighted with `exp(-hop / smoothing)`.
    smoothing_s: f64,
    /// Smoothed log-probabilities; `None` before the first prediction and after long pauses.
    average: Option<Probabilities>,
    /// Seconds since the last prediction.
    quiet_s: f64,
}

impl Smoother {
    pub(super) fn new(smoothing_s: f64) -> Self {
        Self { smoothing_s, average: None, quiet_s: 0.0 }
    }

    /// Smooths the probabilities of the next frame of `hop_s` seconds; `None` is a frame without speech.
    pub(super) fn next(
        &mut self,
        probabilities: Option<Probabilities>,
        hop_s: f64,
    ) -> Option<WindowPrediction> {
        let Some(probabilities) = probabilities else {
            self.quiet_s += hop_s;
            if self.quiet_s >= self.smoothing_s {
                self.average = None;
            }
            return None;
        };
        self.quiet_s = 0.0;
        let mut logs = probabilities.clone();
        logs.iter_mut().for_each(|p| *p = p.max(MIN_PROBABILITY).ln());
        if let Some(average) = self.average.as_ref().filter(|_| self.smoothing_s > 0.0) {
            let past = (-hop_s / self.smoothing_s).exp();
            let logs = logs.iter_mut().zip(average);
            logs.for_each(|(log, average)| *log = past * average + (1.0 - past) * *log);
        }
        let mut smoothed = logs.clone();
        self.average = Some(logs);
        ProbabilityCalibration::default().apply(&mut smoothed);
        let best = smoothed.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        let label_index = best.map_or(0, |(label, _)| label);
        Some(WindowPrediction { probabilities, smoothed, label_index })
    }

    /// Prepares for another stream.
    pub(super) fn reset(&mut self) {
        (self.average, self.quiet_s) = (None, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::{Probabilities, Smoother};

    #[test]
    fn smoothing_is_a_running_mean_of_logarithms_that_pauses_end() {
        let mut smoother = Smoother::new(0.5);
        let mut next = |p: Option<[f64; 2]>| {
            let prediction = smoother.next(p.map(|p| Probabilities::from(&p[..])), 0.5);
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
}
