//! Continuous targets of a model, such as arousal and valence.

use serde::{Deserialize, Serialize};

use crate::ModelError;

/// A continuous target of a model: its name and the values of the training data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DimensionInfo {
    /// Name, such as `arousal`.
    pub name: String,
    /// Smallest value of the training utterances. No prediction is smaller.
    pub min: f64,
    /// Largest value of the training utterances. No prediction is larger.
    pub max: f64,
    /// Mean of the training utterances.
    pub mean: f64,
    /// Standard deviation of the training utterances (of a population).
    pub std: f64,
}

impl DimensionInfo {
    /// The value of a network's output, which is in units of the deviation from the mean.
    #[must_use]
    pub fn value(&self, output: f64) -> f64 {
        (self.mean + self.std * output).clamp(self.min, self.max)
    }

    /// A value in the network's units: the target of a training.
    #[must_use]
    pub fn standardized(&self, value: f64) -> f64 {
        (value - self.mean) / self.std
    }

    /// Checks the dimensions of a network with `outputs` of them.
    pub(crate) fn validate_all(all: &[Self], outputs: usize) -> Result<(), ModelError> {
        if all.len() != outputs {
            let reason = format!("{} dimensions for the network's {outputs}", all.len());
            return Err(ModelError::invalid("dimensions", reason));
        }
        for (i, Self { name, min, max, mean, std }) in all.iter().enumerate() {
            let field = || format!("dimensions[{i}]");
            if name.trim().is_empty() || all[..i].iter().any(|earlier| earlier.name == *name) {
                return Err(ModelError::invalid(field(), "names are unique and not empty"));
            }
            let finite = [min, max, mean, std].into_iter().all(|value| value.is_finite());
            if !finite || min > mean || mean > max || min >= max || *std <= 0.0 {
                let reason = "min, mean, max ascend and std is positive";
                return Err(ModelError::invalid(field(), reason));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::DimensionInfo;

    #[test]
    fn values_are_in_the_units_and_the_range_of_the_training_data() {
        let arousal =
            DimensionInfo { name: "arousal".to_owned(), min: 1.0, max: 5.0, mean: 3.0, std: 0.5 };
        assert_eq!([0.0, 1.0, -9.0, 9.0].map(|z| arousal.value(z)), [3.0, 3.5, 1.0, 5.0]);
        assert_eq!(arousal.standardized(4.0), 2.0);
        let refused = |change: fn(&mut DimensionInfo)| {
            let mut changed = arousal.clone();
            change(&mut changed);
            DimensionInfo::validate_all(&[arousal.clone(), changed], 2).is_err()
        };
        assert!(refused(|_| ()), "the same name");
        assert!(refused(|it| (it.name, it.std) = ("a".to_owned(), 0.0)));
        assert!(refused(|it| (it.name, it.mean) = ("a".to_owned(), f64::NAN)));
        assert!(refused(|it| (it.name, it.max) = ("a".to_owned(), 2.0)));
        assert!(DimensionInfo::validate_all(std::slice::from_ref(&arousal), 1).is_ok());
        assert!(DimensionInfo::validate_all(&[arousal], 0).is_err());
    }
}
