//! How well probabilities match frequencies.

use clstm::CalibrationScores;
use serde::{Deserialize, Serialize};

use crate::Prediction;

/// Bins of the expected calibration error, as in Guo et al. (2017).
pub const ECE_BINS: usize = 15;

/// The predictions of one bin of confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Mean confidence; 0 in an empty bin.
    pub confidence: f64,
    /// Share that is right; 0 in an empty bin.
    pub accuracy: f64,
    /// Predictions.
    pub count: usize,
}

/// A reliability diagram and its figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// Expected calibration error over the bins; 0 for no predictions.
    pub ece: f64,
    /// Mean of `-log p(true class)`.
    pub nll: f64,
    /// Brier score, summed over classes: from 0 to 2.
    pub brier: f64,
    /// [`ECE_BINS`] of equal width: the m-th, from 0, holds confidences in `(m/15, (m + 1)/15]`.
    pub bins: Vec<ReliabilityBin>,
}

impl Reliability {
    /// Of predictions, by their probabilities without a change.
    #[must_use]
    pub fn of(predictions: &[Prediction]) -> Self {
        let mut bins = vec![ReliabilityBin::default(); ECE_BINS];
        let (mut nll, mut brier) = (0.0, 0.0);
        for prediction in predictions {
            let confidence = prediction.confidence();
            let place = (confidence * ECE_BINS as f64).ceil() as usize;
            let bin = &mut bins[place.clamp(1, ECE_BINS) - 1];
            bin.confidence += confidence;
            bin.accuracy += f64::from(u8::from(prediction.is_correct()));
            bin.count += 1;
            nll += prediction.loss();
            let target = |class| f64::from(u8::from(class == prediction.truth));
            let squares = prediction.probabilities.iter().enumerate();
            brier += squares.map(|(class, p)| (p - target(class)).powi(2)).sum::<f64>();
        }
        let total = predictions.len().max(1) as f64;
        // Of the sums: the count of the bin, which the mean would divide by, is its weight.
        let gaps = bins.iter().map(|bin| (bin.accuracy - bin.confidence).abs());
        let ece = gaps.sum::<f64>() / total;
        for bin in &mut bins {
            let count = bin.count.max(1) as f64;
            bin.confidence /= count;
            bin.accuracy /= count;
        }
        Self { ece, nll: nll / total, brier: brier / total, bins }
    }

    /// The figures without the diagram.
    #[must_use]
    pub fn scores(&self) -> CalibrationScores {
        CalibrationScores { ece: self.ece, nll: self.nll, brier: self.brier }
    }
}

#[cfg(test)]
mod tests {
    use clstm::ProbabilityCalibration;
    use proptest::prelude::*;

    use super::{ECE_BINS, Reliability};
    use crate::calibration::test_support::{draw, prediction, sure};

    #[test]
    fn by_hand() {
        // Bins are 1/15 wide: 0.8 ends the 12th (from 1), 0.81 and 0.86 are in the 13th, 0.99 in the
        // 15th. Gaps of the sums: |1 - 0.8| + |1 - 1.67| + |0 - 0.99| = 1.86, of four predictions.
        let predictions = [sure(0.8, true), sure(0.81, false), sure(0.86, true), sure(0.99, false)];
        let found = Reliability::of(&predictions);
        assert!((found.ece - 1.86 / 4.0).abs() < 1e-12, "{}", found.ece);
        let counts: Vec<usize> = found.bins.iter().map(|bin| bin.count).collect();
        assert_eq!(counts, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 1]);
        assert!((found.bins[12].confidence - 0.835).abs() < 1e-12);
        assert_eq!(found.bins[12].accuracy, 0.5);
        let nll = -(0.8_f64.ln() + 0.19_f64.ln() + 0.86_f64.ln() + 0.01_f64.ln()) / 4.0;
        assert!((found.nll - nll).abs() < 1e-12);
        let brier = 2.0 * (0.04 + 0.81 * 0.81 + 0.14 * 0.14 + 0.99 * 0.99) / 4.0;
        assert!((found.brier - brier).abs() < 1e-12);
    }

    #[test]
    fn the_ends_are_in_the_bins_at_the_ends() {
        let mut certain = sure(0.9, true);
        certain.probabilities = vec![1.0, 0.0];
        let found = Reliability::of(&[certain]);
        assert_eq!((found.bins[ECE_BINS - 1].count, found.ece, found.brier), (1, 0.0, 0.0));
        assert_eq!(Reliability::of(&[]).ece, 0.0);
        // The truth held impossible costs much, but no infinity.
        let mut impossible = sure(0.9, false);
        impossible.probabilities = vec![1.0, 0.0];
        let found = Reliability::of(&[impossible]);
        assert!(found.nll > 700.0 && found.nll.is_finite());
        assert_eq!((found.ece, found.brier), (1.0, 2.0));
    }

    #[test]
    fn classes_drawn_by_the_probabilities_are_calibrated() {
        let mut state = 3;
        let drawn: Vec<_> = (0..20_000)
            .map(|_| {
                let (logits, class) = draw(&mut state, 6, 1.5);
                prediction(logits, class)
            })
            .collect();
        // Noise of about 1/sqrt(20,000 / 15) in a bin, averaged over them.
        let found = Reliability::of(&drawn).ece;
        assert!(found < 0.015, "{found}");
        let sharp: Vec<_> = drawn
            .iter()
            .map(|p| p.recalibrated(&ProbabilityCalibration::of_temperature(0.25)))
            .collect();
        assert!(Reliability::of(&sharp).ece > 0.1);
    }

    proptest! {
        #[test]
        fn figures_are_in_their_ranges(
            seed: u64, count in 0_usize..80, scale in 0.0..100_f64, temperature in 0.05..20_f64,
        ) {
            let mut state = seed;
            let drawn: Vec<_> = (0..count)
                .map(|i| {
                    let (logits, class) = draw(&mut state, 4, scale);
                    prediction(logits, if i % 3 == 0 { i % 4 } else { class })
                        .recalibrated(&ProbabilityCalibration::of_temperature(temperature))
                })
                .collect();
            let found = Reliability::of(&drawn);
            prop_assert!((0.0..=1.0).contains(&found.ece));
            prop_assert!((0.0..=2.0).contains(&found.brier));
            prop_assert!(found.nll >= 0.0 && found.nll.is_finite());
            prop_assert_eq!(found.bins.iter().map(|bin| bin.count).sum::<usize>(), count);
            // The definition, from the means.
            let gaps = found.bins.iter().map(|b| b.count as f64 * (b.accuracy - b.confidence).abs());
            prop_assert!((found.ece * count.max(1) as f64 - gaps.sum::<f64>()).abs() < 1e-9);
        }
    }
}
