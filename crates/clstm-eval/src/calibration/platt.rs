//! Platt scaling of the largest probability.

use clstm::{PlattScaling, ProbabilityCalibration};

use super::{TEMPERATURES, fit_temperature};

/// Weight of the belief that the log odds are right as they are, in utterances: half its product with the squared
/// distances of slope and offset from 1 and 0 is added to the cost. It decides where the utterances carry
/// no information, as where all are right; against hundreds of them it changes the third digit.
const PRIOR: f64 = 1.0;

/// The scaling of logits with their true classes: first the temperature by all probabilities
/// ([`fit_temperature`]), then, at that temperature, the Platt scaling of the largest one ([`fit_top_label`]).
///
/// # Panics
/// If a class has no logit.
#[must_use]
pub fn fit_scaling<'a>(
    samples: impl IntoIterator<Item = (&'a [f64], usize)>,
) -> ProbabilityCalibration {
    let samples: Vec<(&[f64], usize)> = samples.into_iter().collect();
    let temperature = fit_temperature(samples.iter().copied());
    let outcomes = samples.iter().filter_map(|(logits, class)| {
        let best = logits.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let others = logits.iter().enumerate().filter(|(class, _)| *class != best.0);
        let others: f64 = others.map(|(_, z)| ((z - best.1) / temperature).exp()).sum();
        Some((-others.ln(), best.0 == *class))
    });
    ProbabilityCalibration { temperature, top_label: fit_top_label(outcomes) }
}

/// The slope and the offset at which the confidence of predictions with these log odds equals their accuracy: the minimum of
/// the cross entropy of `1 / (1 + exp(-slope * odds - offset))` and of being right (Platt 1999).
///
/// The cost is convex, and strictly so by its prior: its minimum is unique, and the same samples give the same bits.
/// Slopes are limited to [`TEMPERATURES`], so that the order of confidences stays. Samples whose log odds are not
/// finite are left out.
#[must_use]
pub fn fit_top_label(outcomes: impl IntoIterator<Item = (f64, bool)>) -> PlattScaling {
    let outcomes: Vec<(f64, bool)> =
        outcomes.into_iter().filter(|(odds, _)| odds.is_finite()).collect();
    let free = minimize(&outcomes, PlattScaling::IDENTITY, true);
    let slope = free.slope.clamp(*TEMPERATURES.start(), *TEMPERATURES.end());
    if slope == free.slope {
        free
    } else {
        minimize(&outcomes, PlattScaling { slope, offset: 0.0 }, false)
    }
}

/// Newton's method with steps halved until the cost falls; `slope` stays where it is not `free`.
fn minimize(outcomes: &[(f64, bool)], start: PlattScaling, free: bool) -> PlattScaling {
    let (mut at, mut lowest) = (start, cost(outcomes, start));
    // Newton's method takes about ten; a step that no halving makes good is one of rounding.
    for _ in 0..100 {
        let (gradient, curvature) = derivatives(outcomes, at);
        let [[aa, ab], [_, bb]] = curvature;
        let (slope, offset) = if free {
            let determinant = aa * bb - ab * ab;
            (
                (bb * gradient[0] - ab * gradient[1]) / determinant,
                (aa * gradient[1] - ab * gradient[0]) / determinant,
            )
        } else {
            (0.0, gradient[1] / bb)
        };
        let mut share = 1.0;
        let better = loop {
            let next = PlattScaling {
                slope: at.slope - share * slope,
                offset: at.offset - share * offset,
            };
            let cost = cost(outcomes, next);
            if cost < lowest {
                break Some((next, cost));
            }
            share /= 2.0;
            if share < 1e-6 {
                break None;
            }
        };
        let Some((next, cost)) = better else { break };
        (at, lowest) = (next, cost);
    }
    at
}

fn cost(outcomes: &[(f64, bool)], PlattScaling { slope, offset }: PlattScaling) -> f64 {
    let one = |&(odds, right): &(f64, bool)| {
        let z = slope * odds + offset;
        // -ln σ(z) of what happened, without overflow.
        let z = if right { z } else { -z };
        (-z.abs()).exp().ln_1p() + (-z).max(0.0)
    };
    let prior = 0.5 * PRIOR * ((slope - 1.0).powi(2) + offset.powi(2));
    outcomes.iter().map(one).sum::<f64>() + prior
}

/// Gradient and Hessian of the cost by slope and offset.
fn derivatives(
    outcomes: &[(f64, bool)],
    PlattScaling { slope, offset }: PlattScaling,
) -> ([f64; 2], [[f64; 2]; 2]) {
    let mut gradient = [PRIOR * (slope - 1.0), PRIOR * offset];
    let mut curvature = [[PRIOR, 0.0], [0.0, PRIOR]];
    for &(odds, right) in outcomes {
        let sure = 1.0 / (1.0 + (-slope * odds - offset).exp());
        let (error, weight) = (sure - f64::from(right), sure * (1.0 - sure));
        gradient[0] += error * odds;
        gradient[1] += error;
        curvature[0][0] += weight * odds * odds;
        curvature[0][1] += weight * odds;
        curvature[1][1] += weight;
    }
    curvature[1][0] = curvature[0][1];
    (gradient, curvature)
}

#[cfg(test)]
mod tests {
    use clstm::{PlattScaling, ProbabilityCalibration};
    use proptest::prelude::*;

    use super::{TEMPERATURES, cost, derivatives, fit_scaling, fit_top_label};
    use crate::calibration::Reliability;
    use crate::calibration::test_support::{draw, prediction, uniform};

    /// Samples whose log odds are `slope * odds + offset` in truth.
    fn outcomes(count: usize, slope: f64, offset: f64) -> Vec<(f64, bool)> {
        let mut state = 5;
        (0..count)
            .map(|_| {
                let odds = 6.0 * uniform(&mut state) - 2.0;
                let sure = 1.0 / (1.0 + (-slope * odds - offset).exp());
                (odds, uniform(&mut state) < sure)
            })
            .collect()
    }

    #[test]
    fn slope_and_offset_of_the_truth_come_back() {
        for (slope, offset) in [(1.0, 0.0), (0.6, -0.5), (1.8, 0.3)] {
            let found = fit_top_label(outcomes(40_000, slope, offset));
            // Standard errors of 40,000 samples are about 1% of a slope and 0.02.
            assert!((found.slope / slope - 1.0).abs() < 0.06, "{found:?}");
            assert!((found.offset - offset).abs() < 0.06, "{found:?}");
        }
    }

    #[test]
    fn nothing_around_the_minimum_is_lower() {
        for count in [1, 7, 300] {
            let outcomes = outcomes(count, 0.7, -0.4);
            let found = fit_top_label(outcomes.clone());
            let lowest = cost(&outcomes, found);
            for (slope, offset) in [(1e-3, 0.0), (-1e-3, 0.0), (0.0, 1e-3), (0.0, -1e-3)] {
                let near =
                    PlattScaling { slope: found.slope + slope, offset: found.offset + offset };
                assert!(cost(&outcomes, near) > lowest, "{count}: {found:?} {near:?}");
            }
            let (gradient, _) = derivatives(&outcomes, found);
            assert!(gradient.iter().all(|g| g.abs() < 1e-4), "{count}: {gradient:?}");
        }
    }

    #[test]
    fn degenerate_predictions_give_finite_scaling() {
        assert_eq!(fit_top_label([]), PlattScaling::IDENTITY);
        assert_eq!(
            fit_top_label([(f64::INFINITY, true), (f64::NAN, false)]),
            PlattScaling::IDENTITY
        );
        let right = fit_top_label(vec![(1.0, true); 500]);
        assert!(right.slope > 1.0 && right.offset > 0.0 && right.offset < 20.0, "{right:?}");
        // Accuracy falls with confidence: the order of confidences stays.
        let contrary: Vec<_> = (0..500).map(|i| (f64::from(i % 5), i % 5 < 2)).collect();
        let found = fit_top_label(contrary.clone());
        assert_eq!(found.slope, *TEMPERATURES.start());
        let near = |by: f64| cost(&contrary, PlattScaling { offset: found.offset + by, ..found });
        assert!(near(1e-3) > near(0.0) && near(-1e-3) > near(0.0));
    }

    /// A case that no temperature corrects: the accuracy is below the largest softmax probability.
    #[test]
    fn a_scaling_brings_confidence_to_accuracy_where_a_temperature_does_not() {
        let mut state = 3;
        let predictions: Vec<_> = (0..6000)
            .map(|i| {
                let (logits, class) = draw(&mut state, 6, 2.0);
                // A fifth of the labels drawn from the two likeliest classes' neighbours: surely wrong.
                (logits, if i % 5 == 0 { (class + 1) % 6 } else { class })
            })
            .collect();
        let (fit, held_out) = predictions.split_at(3000);
        let scaling = fit_scaling(fit.iter().map(|(z, class)| (&z[..], *class)));
        let ece = |scaling: &ProbabilityCalibration| {
            let predictions = held_out
                .iter()
                .map(|(z, class)| prediction(z.clone(), *class).recalibrated(scaling));
            Reliability::of(&predictions.collect::<Vec<_>>()).ece
        };
        let (alone, both) =
            (ece(&ProbabilityCalibration::of_temperature(scaling.temperature)), ece(&scaling));
        assert!(both < 0.03 && both < 0.7 * alone, "{alone} {both}");
    }

    proptest! {
        #[test]
        fn the_predicted_class_and_the_sum_are_kept(
            seed: u64, classes in 2_usize..9, scale in 0.01..50_f64,
            slope in 0.05..20_f64, offset in -30.0..30_f64, temperature in 0.05..20_f64,
        ) {
            let mut state = seed;
            let (logits, _) = draw(&mut state, classes, scale);
            let scaling = ProbabilityCalibration { temperature, top_label: PlattScaling { slope, offset } };
            let before = prediction(logits, 0);
            let after = before.recalibrated(&scaling);
            let best = |p: &[f64]| {
                p.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(class, _)| class)
            };
            prop_assert_eq!(best(&after.probabilities), Some(before.predicted));
            prop_assert!((after.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(after.probabilities.iter().all(|p| (0.0..=1.0).contains(p)));
        }
    }
}
