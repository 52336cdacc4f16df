//! Risk and coverage: how the error rate falls as predictions of low confidence are withheld.

use clstm::RiskPoint;
use serde::{Deserialize, Serialize};

use crate::Prediction;

/// Points of a curve that are kept: every 2% of coverage. A thousand utterances do not resolve more.
const POINTS: usize = 50;

/// Predictions that a recommended threshold must accept. With fewer, the standard error of a risk of 0.15 is above
/// 0.05, and a threshold is good by chance.
const MIN_ACCEPTED: usize = 50;

/// A recommended threshold halves the risk.
const RISK_SHARE: f64 = 0.5;

/// The risk-coverage curve (El-Yaniv & Wiener 2010; Geifman & El-Yaniv 2017).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RiskCoverage {
    /// Area under the curve: the risk averaged over the coverages `1/n, 2/n, .. 1`. Errors among
    /// predictions of equal confidence are spread evenly.
    pub aurc: f64,
    /// At most 50 points, about evenly over the coverage, ascending in threshold; the first is that of
    /// never abstaining (threshold 0, coverage 1, the error rate). Empty for no predictions.
    pub points: Vec<RiskPoint>,
}

impl RiskCoverage {
    /// Of predictions, by their confidences without a change.
    #[must_use]
    pub fn of(predictions: &[Prediction]) -> Self {
        let steps = steps(predictions);
        let total = predictions.len().max(1) as f64;
        let mut risks = 0.0;
        let (mut accepted, mut errors) = (0, 0);
        for step in &steps {
            let share = (step.errors - errors) as f64 / (step.accepted - accepted) as f64;
            for extra in 1..=step.accepted - accepted {
                risks += (errors as f64 + share * extra as f64) / (accepted + extra) as f64;
            }
            (accepted, errors) = (step.accepted, step.errors);
        }
        // The first step that covers each fiftieth; equal confidences may skip some.
        let mut kept: Vec<&Step> = Vec::new();
        for i in 1..=POINTS {
            let least = (predictions.len() * i).div_ceil(POINTS);
            let step = steps.iter().find(|step| step.accepted >= least);
            kept.extend(step.filter(|s| kept.last().is_none_or(|k| k.accepted < s.accepted)));
        }
        let points = kept.iter().rev().map(|step| step.point(predictions.len())).collect();
        Self { aurc: risks / total, points }
    }
}

/// The smallest threshold whose risk is at most half of that of never abstaining, where it leaves at
/// least 50 predictions. None where there is no such threshold.
///
/// Its coverage and risk are of the predictions that it was chosen by and therefore slightly too good;
/// [`RunCalibration`](crate::RunCalibration) has cross-fitted ones.
#[must_use]
pub fn recommended_threshold(predictions: &[Prediction]) -> Option<RiskPoint> {
    let steps = steps(predictions);
    let largest = RISK_SHARE * steps.last()?.risk();
    let first = steps.iter().rev().find(|step| step.risk() <= largest)?;
    (first.accepted >= MIN_ACCEPTED).then(|| first.point(predictions.len()))
}

/// The predictions whose confidence is at least a threshold.
#[derive(Clone, Copy, Debug)]
struct Step {
    threshold: f64,
    accepted: usize,
    errors: usize,
}

impl Step {
    fn risk(&self) -> f64 {
        self.errors as f64 / self.accepted as f64
    }

    fn point(&self, total: usize) -> RiskPoint {
        // Never abstaining accepts all predictions, also later ones of lower confidence.
        let threshold = if self.accepted == total { 0.0 } else { self.threshold };
        let coverage = self.accepted as f64 / total as f64;
        RiskPoint { threshold, coverage, risk: self.risk() }
    }
}

/// A step for each confidence that occurs, descending.
fn steps(predictions: &[Prediction]) -> Vec<Step> {
    let mut outcomes: Vec<(f64, bool)> =
        predictions.iter().map(|p| (p.confidence(), p.is_correct())).collect();
    outcomes.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut accepted, mut errors) = (0, 0);
    outcomes
        .chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq())
        .map(|same| {
            accepted += same.len();
            errors += same.iter().filter(|(_, right)| !right).count();
            Step { threshold: same[0].0, accepted, errors }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use clstm::RiskPoint;
    use proptest::prelude::*;

    use super::{RiskCoverage, recommended_threshold};
    use crate::Prediction;
    use crate::calibration::test_support::{draw, prediction, sure};

    #[test]
    fn by_hand() {
        // From the surest: right, wrong, right, right. Risks 0, 1/2, 1/3, 1/4.
        let accepted = [sure(0.6, true), sure(0.9, true), sure(0.8, false), sure(0.7, true)];
        let found = RiskCoverage::of(&accepted);
        let aurc = (0.0 + 0.5 + 1.0 / 3.0 + 0.25) / 4.0;
        assert!((found.aurc - aurc).abs() < 1e-12, "{}", found.aurc);
        let point = |threshold, coverage, risk| RiskPoint { threshold, coverage, risk };
        let expected = [
            point(0.0, 1.0, 0.25),
            point(0.7, 0.75, 1.0 / 3.0),
            point(0.8, 0.5, 0.5),
            point(0.9, 0.25, 0.0),
        ];
        assert_eq!(found.points, expected);
    }

    #[test]
    fn equal_confidences_are_accepted_or_rejected_together() {
        // 0.9 right; then four of 0.7, of which one is wrong: 0, 1/4/2, 2/4/3, 3/4/4, 1/5.
        let mut accepted = vec![sure(0.7, true); 3];
        accepted.extend([sure(0.7, false), sure(0.9, true)]);
        let found = RiskCoverage::of(&accepted);
        let aurc = (0.0 + 0.125 + 0.5 / 3.0 + 0.1875 + 0.2) / 5.0;
        assert!((found.aurc - aurc).abs() < 1e-12, "{}", found.aurc);
        assert_eq!(found.points.len(), 2);
        accepted.reverse();
        assert_eq!(RiskCoverage::of(&accepted), found, "their order does not matter");
        assert_eq!(RiskCoverage::of(&[]), RiskCoverage::default());
    }

    /// 200 predictions: of those from 0.9 on 1 in 10 is wrong, of the others half.
    fn worse_when_unsure() -> Vec<Prediction> {
        (0..200)
            .map(|i| {
                let confidence = 0.99 - 0.002 * f64::from(i);
                let every = if confidence >= 0.9 { 10 } else { 2 };
                sure(confidence, i % every != every - 1)
            })
            .collect()
    }

    #[test]
    fn the_recommended_threshold_is_the_smallest_that_halves_the_risk() {
        let accepted = worse_when_unsure();
        let found = recommended_threshold(&accepted).expect("a threshold");
        let of = |threshold: f64| {
            let sure: Vec<_> = accepted.iter().filter(|p| p.confidence() >= threshold).collect();
            let errors = sure.iter().filter(|p| !p.is_correct()).count();
            (sure.len(), errors as f64 / sure.len() as f64)
        };
        let all = of(0.0).1;
        let (count, risk) = of(found.threshold);
        assert_eq!((found.coverage, found.risk), (count as f64 / 200.0, risk));
        assert!(risk <= all / 2.0 && count >= 50, "{risk} of {all} with {count}");
        for prediction in accepted.iter().filter(|p| p.confidence() < found.threshold) {
            assert!(of(prediction.confidence()).1 > all / 2.0);
        }
    }

    #[test]
    fn no_threshold_is_recommended_on_too_little() {
        let few: Vec<_> = worse_when_unsure().into_iter().step_by(3).collect();
        assert_eq!(recommended_threshold(&few), None);
        assert_eq!(recommended_threshold(&[]), None);
        // As wrong when sure as when unsure: nothing to gain.
        let useless: Vec<_> =
            (0..300).map(|i| sure(0.99 - 0.001 * f64::from(i), i % 3 == 0)).collect();
        assert_eq!(recommended_threshold(&useless), None);
        // Never wrong: no reason to abstain.
        let good: Vec<_> = (0..60).map(|i| sure(0.99 - 0.001 * f64::from(i), true)).collect();
        let always = RiskPoint { threshold: 0.0, coverage: 1.0, risk: 0.0 };
        assert_eq!(recommended_threshold(&good), Some(always));
    }

    proptest! {
        #[test]
        fn curves_are_curves(seed: u64, count in 1_usize..300, scale in 0.0..30_f64) {
            let mut state = seed;
            let drawn: Vec<_> = (0..count)
                .map(|_| {
                    let (logits, class) = draw(&mut state, 5, scale);
                    prediction(logits, class)
                })
                .collect();
            let found = RiskCoverage::of(&drawn);
            let wrong = drawn.iter().filter(|p| !p.is_correct()).count() as f64 / count as f64;
            prop_assert_eq!(found.points[0].risk.to_bits(), wrong.to_bits());
            prop_assert_eq!((found.points[0].threshold, found.points[0].coverage), (0.0, 1.0));
            prop_assert!(found.points.len() <= super::POINTS);
            prop_assert!((0.0..=1.0).contains(&found.aurc));
            for pair in found.points.windows(2) {
                prop_assert!(pair[0].threshold < pair[1].threshold);
                prop_assert!(pair[0].coverage > pair[1].coverage);
            }
            for point in &found.points {
                let sure: Vec<_> =
                    drawn.iter().filter(|p| p.confidence() >= point.threshold).collect();
                prop_assert_eq!(sure.len(), (point.coverage * count as f64).round() as usize);
            }
        }
    }
}
