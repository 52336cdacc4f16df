//! Predictions against the votes of listeners.

use serde::{Deserialize, Serialize};

use crate::{ECE_BINS, Prediction};

/// How well probabilities match the distribution of listeners' votes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct VoteMetrics {
    /// Utterances with votes.
    pub utterances: usize,
    /// Mean Jensen-Shannon divergence of probabilities and vote shares, in bits: 0 for equal, 1 for disjoint
    /// distributions (Lin 1991, <https://doi.org/10.1109/18.61115>).
    pub jensen_shannon: f64,
    /// Share of the utterances whose predicted class has the most votes, or as many as any other.
    pub majority_accuracy: f64,
    /// Expected calibration error against votes: mean distance of the confidence from the share of votes for the
    /// predicted class over bins of confidence, weighted by their utterances.
    pub ece: f64,
    /// The share of listeners who vote for the majority of the other listeners of the same utterance: the ceiling of
    /// `majority_accuracy`. Ties count by the share of the tied classes. None where no utterance has two votes.
    pub listener_agreement: Option<f64>,
}

impl VoteMetrics {
    /// Of predictions and the votes for each class (counts) of the same utterances; utterances without votes are left
    /// out. None where none has votes.
    ///
    /// # Panics
    /// If an utterance with votes has another number of classes than its prediction.
    #[must_use]
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a Prediction, &'a [f32])>) -> Option<Self> {
        let mut sums = Sums::default();
        for (prediction, votes) in pairs {
            let total: f64 = votes.iter().map(|v| f64::from(*v)).sum();
            if total > 0.0 {
                assert_eq!(votes.len(), prediction.probabilities.len(), "classes of the votes");
                let shares: Vec<f64> = votes.iter().map(|v| f64::from(*v) / total).collect();
                sums.add(prediction, votes, &shares);
            }
        }
        sums.metrics()
    }
}

#[derive(Default)]
struct Sums {
    utterances: usize,
    divergence: f64,
    majority: usize,
    /// Confidence minus vote share of the predicted class, summed by bin.
    bins: [f64; ECE_BINS],
    agreement: f64,
    listeners: f64,
}

impl Sums {
    fn add(&mut self, prediction: &Prediction, votes: &[f32], shares: &[f64]) {
        let confidence = prediction.confidence();
        let chosen = shares[prediction.predicted];
        self.utterances += 1;
        self.divergence += jensen_shannon(&prediction.probabilities, shares);
        self.majority += usize::from(shares.iter().all(|share| *share <= chosen));
        let bin = ((confidence * ECE_BINS as f64) as usize).min(ECE_BINS - 1);
        self.bins[bin] += confidence - chosen;
        let (agreeing, listeners) = listener_agreement(votes);
        self.agreement += agreeing;
        self.listeners += listeners;
    }

    fn metrics(&self) -> Option<VoteMetrics> {
        let count = self.utterances as f64;
        (self.utterances > 0).then(|| VoteMetrics {
            utterances: self.utterances,
            jensen_shannon: self.divergence / count,
            majority_accuracy: self.majority as f64 / count,
            ece: self.bins.iter().map(|gap| gap.abs()).sum::<f64>() / count,
            listener_agreement: (self.listeners > 0.0).then(|| self.agreement / self.listeners),
        })
    }
}

/// In bits; the logarithm of 0 is never taken.
fn jensen_shannon(p: &[f64], q: &[f64]) -> f64 {
    let term = |x: f64, mean: f64| if x > 0.0 { x * (x / mean).log2() } else { 0.0 };
    let pairs = p.iter().zip(q);
    pairs
        .map(|(p, q)| 0.5 * (term(*p, 0.5 * (p + q)) + term(*q, 0.5 * (p + q))))
        .sum::<f64>()
        .max(0.0)
}

/// Listeners who agree with the majority of the others, and listeners in all, where there are at least two.
fn listener_agreement(votes: &[f32]) -> (f64, f64) {
    let total: f64 = votes.iter().map(|v| f64::from(*v)).sum();
    if total < 2.0 {
        return (0.0, 0.0);
    }
    let agreeing = |class: usize| {
        let others = |c: usize| votes[c] - if c == class { 1.0 } else { 0.0 };
        let most = (0..votes.len()).map(others).fold(0.0, f32::max);
        let tied = (0..votes.len()).filter(|c| others(*c) == most).count() as f64;
        if others(class) == most { 1.0 / tied } else { 0.0 }
    };
    let sum = (0..votes.len())
        .filter(|class| votes[*class] >= 1.0)
        .map(|class| f64::from(votes[class]) * agreeing(class))
        .sum();
    (sum, total)
}

#[cfg(test)]
mod tests {
    use clstm::ProbabilityCalibration;

    use super::*;

    fn prediction(shares: &[f64]) -> Prediction {
        let logits = shares.iter().map(|p| p.max(1e-300).ln()).collect();
        Prediction::new(String::new(), 0, logits, &ProbabilityCalibration::default())
    }

    #[test]
    fn equal_and_disjoint_distributions_are_the_bounds() {
        let votes: [&[f32]; 2] = [&[3.0, 1.0], &[0.0, 4.0]];
        let equal = prediction(&[0.75, 0.25]);
        let disjoint = prediction(&[1.0, 0.0]);
        let of = |prediction: &Prediction, votes: &[f32]| {
            VoteMetrics::of([(prediction, votes)]).expect("votes")
        };
        let found = of(&equal, votes[0]);
        assert!(found.jensen_shannon < 1e-12 && found.ece < 1e-12);
        assert_eq!(found.majority_accuracy, 1.0);
        let found = of(&disjoint, votes[1]);
        assert!((found.jensen_shannon - 1.0).abs() < 1e-9 && (found.ece - 1.0).abs() < 1e-9);
        assert_eq!(found.majority_accuracy, 0.0);
        assert!(VoteMetrics::of([(&equal, &[][..]), (&equal, &[0.0, 0.0][..])]).is_none());
    }

    #[test]
    fn listeners_are_compared_with_the_majority_of_the_others() {
        // Of 3 + 1: the three agree with the others' majority, the one does not.
        assert_eq!(listener_agreement(&[3.0, 1.0]), (3.0, 4.0));
        // Of 2 + 1: each of the two sees a tie of 1 and 1.
        assert_eq!(listener_agreement(&[2.0, 1.0]), (1.0, 3.0));
        assert_eq!(listener_agreement(&[1.0, 0.0]), (0.0, 0.0));
    }

    #[test]
    fn a_tie_of_votes_has_two_majorities() {
        let second = prediction(&[0.2, 0.8]);
        let found = VoteMetrics::of([(&second, &[2.0, 2.0][..])]).expect("votes");
        assert_eq!(found.majority_accuracy, 1.0);
    }
}
