//! Agreement of two lists of numbers: concordance, correlation and error.

/// Sums over pairs of numbers, from which the figures of a union of groups are computed without their pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Moments {
    count: f64,
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

/// CCC, Pearson correlation and RMSE.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Concordance {
    pub(super) ccc: f64,
    pub(super) pearson: f64,
    pub(super) rmse: f64,
}

impl Moments {
    /// Of pairs, each moved by `shift`: a value near their mean keeps the digits of the variance.
    pub(super) fn of(pairs: impl IntoIterator<Item = (f64, f64)>, shift: f64) -> Self {
        let mut sums = Self::default();
        for (x, y) in pairs {
            let (x, y) = (x - shift, y - shift);
            sums.add(&Self { count: 1.0, x, y, xx: x * x, yy: y * y, xy: x * y });
        }
        sums
    }

    /// Adds the pairs of another group with the same shift.
    pub(super) fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.x += other.x;
        self.y += other.y;
        self.xx += other.xx;
        self.yy += other.yy;
        self.xy += other.xy;
    }

    /// The figures of the pairs; NaN without pairs.
    ///
    /// `CCC = 2 s_xy / (s_x^2 + s_y^2 + (m_x - m_y)^2)` with moments divided by the number of pairs (Lin 1989,
    /// <https://doi.org/10.2307/2532051>). CCC and correlation are 0 where a list is constant.
    pub(super) fn figures(&self) -> Concordance {
        let mean = |sum: f64| sum / self.count;
        let (x, y) = (mean(self.x), mean(self.y));
        let covariance = mean(self.xy) - x * y;
        let [x_variance, y_variance] =
            [mean(self.xx) - x * x, mean(self.yy) - y * y].map(|variance| variance.max(0.0));
        let ratio = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let spread = x_variance + y_variance + (x - y).powi(2);
        let square = mean(self.xx - 2.0 * self.xy + self.yy);
        match self.count > 0.0 {
            false => Concordance { ccc: f64::NAN, pearson: f64::NAN, rmse: f64::NAN },
            true => Concordance {
                ccc: ratio(2.0 * covariance, spread).clamp(-1.0, 1.0),
                pearson: ratio(covariance, (x_variance * y_variance).sqrt()).clamp(-1.0, 1.0),
                rmse: square.max(0.0).sqrt(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Moments;

    #[test]
    fn figures_are_those_of_a_hand_computed_example() {
        // Means 2.5 and 3, variances 1.25 and 1, covariance 1: CCC 2 / (1.25 + 1 + 0.25), squared errors 1, 0, 1, 0.
        let pairs = [(1.0, 2.0), (2.0, 2.0), (3.0, 4.0), (4.0, 4.0)];
        for shift in [0.0, 3.0, -1e4] {
            let found = Moments::of(pairs, shift).figures();
            assert!((found.ccc - 0.8).abs() < 1e-7, "{found:?}");
            assert!((found.pearson - 1.0 / 1.25_f64.sqrt()).abs() < 1e-7, "{found:?}");
            assert!((found.rmse - 0.5_f64.sqrt()).abs() < 1e-7, "{found:?}");
        }
    }

    #[test]
    fn a_shift_lowers_concordance_and_not_correlation() {
        let pairs = |shift: f64| (0..9).map(move |i| (f64::from(i) + shift, f64::from(i)));
        assert!((Moments::of(pairs(0.0), 4.0).figures().ccc - 1.0).abs() < 1e-12);
        let moved = Moments::of(pairs(2.0), 4.0).figures();
        assert!((moved.pearson - 1.0).abs() < 1e-12 && (moved.rmse - 2.0).abs() < 1e-12);
        // The variance of 0 to 8 is 60 / 9.
        let expected = 2.0 * (60.0 / 9.0) / (2.0 * 60.0 / 9.0 + 4.0);
        assert!((moved.ccc - expected).abs() < 1e-12);
    }

    #[test]
    fn a_constant_list_has_no_concordance() {
        let found = Moments::of([(2.0, 1.0), (2.0, 3.0)], 2.0).figures();
        assert_eq!((found.ccc, found.pearson, found.rmse), (0.0, 0.0, 1.0));
        let equal = Moments::of([(2.0, 2.0)], 0.0).figures();
        assert_eq!((equal.ccc, equal.pearson, equal.rmse), (0.0, 0.0, 0.0));
        assert!(Moments::of([], 0.0).figures().ccc.is_nan());
    }
}
