//! McNemar's exact test.

use serde::{Deserialize, Serialize};

/// Where two systems differ on the same utterances.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct McNemar {
    /// Utterances that the first alone has right.
    pub only_first: usize,
    /// Utterances that the second alone has right.
    pub only_second: usize,
    /// Two-sided, see [`mcnemar_exact`].
    pub p: f64,
}

/// The two-sided p-value of McNemar's exact test: where each of the `n` utterances that only one of two
/// systems has right is as likely to be right in either, the count of one of them is binomial with
/// probability one half, and `p = min(1, 2 P(X <= min(first, second)))`.
///
/// It takes utterances for independent. McNemar, *Note on the sampling error of the difference between
/// correlated proportions or percentages*, Psychometrika 12, 1947.
#[must_use]
pub fn mcnemar_exact(only_first: usize, only_second: usize) -> f64 {
    let (fewer, total) = (only_first.min(only_second), only_first + only_second);
    let (n, k) = (total as f64, fewer);
    // log C(n, k) / 2^n, then the sum from the largest term down, each by its ratio to the one above.
    let largest: f64 = (1..=k).map(|i| ((n - i as f64 + 1.0) / i as f64).ln()).sum::<f64>()
        - n * std::f64::consts::LN_2;
    let (mut sum, mut term) = (1.0, 1.0);
    for i in (1..=k).rev() {
        term *= i as f64 / (n - i as f64 + 1.0);
        sum += term;
    }
    (2.0 * largest.exp() * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::mcnemar_exact;

    #[test]
    fn by_hand() {
        assert_eq!(mcnemar_exact(0, 0), 1.0);
        assert_eq!(mcnemar_exact(3, 3), 1.0);
        // 2 (C(5,0) + C(5,1)) / 32
        assert!((mcnemar_exact(1, 4) - 0.375).abs() < 1e-14);
        assert!((mcnemar_exact(4, 1) - 0.375).abs() < 1e-14);
    }
}
