//! The temperature that makes probabilities match frequencies.

use std::ops::RangeInclusive;

/// Temperatures that are looked for. Networks need from about 0.5 to 5; what lies outside of these is
/// the sign of labels that have nothing to do with the logits, or of logits on another scale.
pub const TEMPERATURES: RangeInclusive<f64> = 0.05..=20.0;

/// Weight of the prior for a temperature of 1, in utterances. It decides where the utterances carry no information: with
/// none of them, or all of them right by any margin, where the likelihood alone has its maximum at infinity. Against
/// hundreds of utterances it changes the third digit.
const PRIOR: f64 = 1.0;

/// The temperature at which the true classes are most likely: the minimum over `T` of
/// `sum of -log softmax(z / T)[class] + PRIOR (b - 1 - ln b)` with `b = 1 / T`.
///
/// The second term, zero at `T = 1` and above it elsewhere, is minus the logarithm of a Gamma prior on
/// `b` worth one utterance: the likelihood of the classes at the result is never less than at `T = 1`.
/// The sum is convex in `b` (Guo et al. 2017), so that its minimum over [`TEMPERATURES`] is unique;
/// Newton's method finds it, with bisection where Newton's step is too long or too slow. The same samples
/// give the same temperature, bit for bit.
///
/// `samples` are logits with the true class; those with a logit that is not finite are
/// left out.
///
/// # Panics
/// If a class has no logit.
#[must_use]
pub fn fit_temperature<'a>(samples: impl IntoIterator<Item = (&'a [f64], usize)>) -> f64 {
    // Relative to the logit of the true class, -log p = ln sum exp(b d).
    let distances: Vec<Vec<f64>> = samples
        .into_iter()
        .map(|(logits, class)| logits.iter().map(|z| z - logits[class]).collect())
        .filter(|row: &Vec<f64>| row.iter().all(|d| d.is_finite()))
        .collect();
    let slope = |t: &f64| derivatives(&distances, t.recip()).0;
    // The slope rises with 1/T: where it has one sign all along, the minimum is at an end.
    if slope(TEMPERATURES.end()) >= 0.0 {
        return *TEMPERATURES.end();
    }
    if slope(TEMPERATURES.start()) <= 0.0 {
        return *TEMPERATURES.start();
    }
    let (mut low, mut high) = (TEMPERATURES.end().recip(), TEMPERATURES.start().recip());
    let (mut inverse, mut last_step) = (1.0_f64, f64::INFINITY);
    // Each round halves the step or the bracket's logarithm: 60 of either are below the last digit.
    for _ in 0..120 {
        let (slope, curvature) = derivatives(&distances, inverse);
        if slope > 0.0 {
            high = inverse
        } else {
            low = inverse
        }
        let newton = inverse - slope / curvature;
        let quick = (newton - inverse).abs() < 0.5 * last_step;
        let next = match quick && newton >= low && newton <= high {
            true => newton,
            false => (low * high).sqrt(),
        };
        last_step = (next - inverse).abs();
        inverse = next;
        if last_step <= f64::EPSILON * inverse {
            break;
        }
    }
    inverse.recip().clamp(*TEMPERATURES.start(), *TEMPERATURES.end())
}

/// First and second derivative of the sum by the inverse temperature: with `d` the distances to the true
/// class's logit under the softmax's probabilities, the means and the variances of `d`.
fn derivatives(distances: &[Vec<f64>], inverse: f64) -> (f64, f64) {
    let (mut slope, mut curvature) = (PRIOR * (1.0 - 1.0 / inverse), PRIOR / (inverse * inverse));
    for row in distances {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
        for &d in row {
            // From the largest, so that the variance does not cancel.
            let (from, power) = (d - largest, ((d - largest) * inverse).exp());
            sum += power;
            first += power * from;
            second += power * from * from;
        }
        let mean = first / sum;
        slope += mean + largest;
        curvature += (second / sum - mean * mean).max(0.0);
    }
    (slope, curvature)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{PRIOR, TEMPERATURES, fit_temperature};
    use crate::calibration::test_support::{draw, uniform};

    fn fit(samples: &[(Vec<f64>, usize)]) -> f64 {
        fit_temperature(samples.iter().map(|(z, class)| (&z[..], *class)))
    }

    /// Sum of `-log p(class)`, straight from the definition.
    fn nll(samples: &[(Vec<f64>, usize)], t: f64) -> f64 {
        let one = |(z, class): &(Vec<f64>, usize)| {
            let largest = z.iter().copied().fold(f64::MIN, f64::max);
            let sum: f64 = z.iter().map(|z| ((z - largest) / t).exp()).sum();
            sum.ln() - (z[*class] - largest) / t
        };
        samples.iter().map(one).sum()
    }

    /// The minimum by golden section over the logarithm of the temperature.
    fn golden(samples: &[(Vec<f64>, usize)]) -> f64 {
        let cost = |u: f64| nll(samples, u.exp()) + PRIOR * ((-u).exp() - 1.0 + u);
        let (mut a, mut b) = (TEMPERATURES.start().ln(), TEMPERATURES.end().ln());
        let ratio = (5_f64.sqrt() - 1.0) / 2.0;
        for _ in 0..100 {
            let (c, d) = (b - ratio * (b - a), a + ratio * (b - a));
            if cost(c) < cost(d) { b = d } else { a = c }
        }
        ((a + b) / 2.0).exp()
    }

    #[test]
    fn it_is_where_golden_section_finds_it() {
        let mut state = 1;
        for (count, scale) in [(3, 1.0), (40, 0.2), (300, 4.0), (300, 30.0)] {
            let samples: Vec<_> = (0..count).map(|_| draw(&mut state, 5, scale)).collect();
            let (ours, theirs) = (fit(&samples), golden(&samples));
            // Golden section sees the cost to half of its digits only.
            assert!((ours / theirs - 1.0).abs() < 1e-6, "{count} x {scale}: {ours}, {theirs}");
        }
    }

    #[test]
    fn the_factor_of_scaled_logits_comes_back() {
        let mut state = 7;
        let samples: Vec<_> = (0..20_000).map(|_| draw(&mut state, 8, 1.0)).collect();
        for factor in [0.25, 1.0, 3.0, 12.0] {
            let scaled: Vec<_> = samples
                .iter()
                .map(|(z, class)| (z.iter().map(|z| z * factor).collect(), *class))
                .collect();
            let found = fit(&scaled) / factor;
            // 20,000 samples leave a standard error of about 1%.
            assert!((found - 1.0).abs() < 0.04, "{factor}: {found}");
        }
    }

    #[test]
    fn by_hand() {
        // Two classes, logits 2 apart, right 9 times in 10: the odds are 9 where
        // exp(2 / T) = 9, so T = 2 / ln 9.
        let sample = |right: bool| (vec![2.0, 0.0], usize::from(!right));
        let samples: Vec<_> = (0..10_000).map(|i| sample(i % 10 > 0)).collect();
        assert!((fit(&samples) - 2.0 / 9_f64.ln()).abs() < 1e-3);
    }

    #[test]
    fn degenerate_samples_give_a_finite_temperature() {
        assert_eq!(fit(&[]), 1.0);
        assert_eq!(fit(&[(vec![3.0], 0), (vec![-1.0], 0)]), 1.0, "one class alone");
        assert_eq!(fit(&[(vec![1.0, 1.0, 1.0], 2)]), 1.0, "no opinion");
        assert_eq!(fit(&[(vec![f64::NAN, 1.0], 0), (vec![f64::INFINITY, 1.0], 1)]), 1.0);
        // All right: surer, yet not infinitely so.
        let right = |count| fit(&vec![(vec![2.0, 0.0, 0.0], 0); count]);
        assert!(right(1) > right(10) && right(10) > right(1000), "{}", right(1000));
        assert!(right(1) < 1.0 && right(1000) > 0.1, "{}", right(1000));
        // All wrong: as unsure as can be.
        assert_eq!(fit(&vec![(vec![9.0, 0.0], 1); 100]), *TEMPERATURES.end());
        // Logits on quite another scale end at the bounds.
        assert_eq!(fit(&vec![(vec![1e-4, 0.0], 0); 100_000]), *TEMPERATURES.start());
        let huge: Vec<_> = (0..10).map(|i| (vec![1e300, -1e300], usize::from(i == 0))).collect();
        assert_eq!(fit(&huge), *TEMPERATURES.end());
    }

    proptest! {
        #[test]
        fn it_never_makes_its_own_samples_less_likely(
            seed: u64, count in 1_usize..60, classes in 2_usize..9, scale in 0.01..50_f64,
        ) {
            let mut state = seed;
            // Half of the classes drawn by the logits, half at random.
            let samples: Vec<_> = (0..count)
                .map(|i| {
                    let (z, class) = draw(&mut state, classes, scale);
                    let any = (uniform(&mut state) * classes as f64) as usize % classes;
                    (z, if i % 2 == 0 { class } else { any })
                })
                .collect();
            let t = fit(&samples);
            prop_assert!(TEMPERATURES.contains(&t));
            let before = nll(&samples, 1.0);
            prop_assert!(nll(&samples, t) <= before + 1e-9 * before.max(1.0));
        }

        #[test]
        fn a_constant_added_to_the_logits_changes_nothing(seed: u64, constant in -8..8_i32) {
            let mut state = seed;
            let samples: Vec<_> = (0..20).map(|_| draw(&mut state, 4, 2.0)).collect();
            let moved: Vec<_> = samples
                .iter()
                .map(|(z, class)| (z.iter().map(|z| z + f64::from(constant)).collect(), *class))
                .collect();
            prop_assert!((fit(&moved) / fit(&samples) - 1.0).abs() < 1e-9);
        }
    }
}
