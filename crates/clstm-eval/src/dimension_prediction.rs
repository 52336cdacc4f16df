//! The prediction of a continuous target.

use serde::{Deserialize, Serialize};

/// Predicted and true value of a dimension of an utterance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DimensionPrediction {
    /// The dimension.
    pub name: String,
    /// As predicted, in the units of the dimension.
    pub predicted: f64,
    /// The mean of the ratings; none where it is not known.
    pub truth: Option<f64>,
    /// Of each rater, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ratings: Vec<Option<f64>>,
}

impl DimensionPrediction {
    /// Whether all values are finite.
    pub(crate) fn is_finite(&self) -> bool {
        let ratings = self.ratings.iter().flatten();
        ratings.chain(&self.truth).chain([&self.predicted]).all(|value| value.is_finite())
    }

    /// Adds the predicted values of the same dimensions with the same truths; false where they are others.
    pub(crate) fn add_all(sums: &mut [Self], others: &[Self]) -> bool {
        let same = |(a, b): (&Self, &Self)| a.name == b.name && a.truth == b.truth;
        if sums.len() != others.len() || !sums.iter().zip(others).all(same) {
            return false;
        }
        sums.iter_mut().zip(others).for_each(|(sum, other)| sum.predicted += other.predicted);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::DimensionPrediction;

    fn valence(predicted: f64, truth: Option<f64>) -> DimensionPrediction {
        DimensionPrediction { name: "valence".to_owned(), predicted, truth, ratings: Vec::new() }
    }

    #[test]
    fn only_the_same_dimensions_are_averaged() {
        let mut sums = [valence(1.0, Some(2.0))];
        assert!(DimensionPrediction::add_all(&mut sums, &[valence(2.0, Some(2.0))]));
        assert_eq!(sums[0].predicted, 3.0);
        assert!(!DimensionPrediction::add_all(&mut sums, &[valence(2.0, None)]));
        assert!(!DimensionPrediction::add_all(&mut sums, &[]));
        assert_eq!(sums[0].predicted, 3.0);
        assert!(valence(0.0, None).is_finite() && !valence(f64::NAN, None).is_finite());
    }
}
