//! The inner validation of a training.

use serde::{Deserialize, Serialize};

/// Which weights a training with validation ends with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SelectedWeights {
    /// Those of its last epoch.
    #[default]
    Last,
    /// Those of the evaluation with the least validation loss, the first of equals.
    Best,
}

/// What is held out of the training part for validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidationUnit {
    /// Whole speakers.
    Speakers,
    /// Utterances of each class.
    Utterances,
}

/// Validation on utterances held out of the training part: the inner split of a nested validation. The test
/// utterances have no part in it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct InnerValidation {
    /// Share of the training utterances of each class, or of the training speakers, that is held out.
    pub share: f64,
    /// Evaluations in a row without a smaller loss after which the training ends; 0 for never.
    #[serde(default)]
    pub patience: usize,
    /// Which weights are kept.
    #[serde(default)]
    pub select: SelectedWeights,
    /// Epochs between two evaluations.
    #[serde(default = "one", alias = "every")]
    pub eval_every: usize,
}

fn one() -> usize {
    1
}

impl InnerValidation {
    /// One line for people: `validation on 10% of the training speakers, ...`.
    #[must_use]
    pub fn describe(&self, unit: ValidationUnit) -> String {
        let of = match unit {
            ValidationUnit::Speakers => "speakers",
            ValidationUnit::Utterances => "utterances",
        };
        // Tenths of a percent, without trailing zeros: "12.5%", "10%".
        let percent = (self.share * 1_000.0).round() / 10.0;
        let end = match self.patience {
            0 => String::new(),
            1 => ", early stopping after 1 evaluation without a smaller loss".to_owned(),
            count => format!(", early stopping after {count} evaluations without a smaller loss"),
        };
        let kept = match self.select {
            SelectedWeights::Last => "",
            SelectedWeights::Best => ", weights of the smallest loss",
        };
        format!("validation on {percent}% of the training {of}{end}{kept}")
    }
}

#[cfg(test)]
mod tests {
    use super::{InnerValidation, SelectedWeights, ValidationUnit};

    #[test]
    fn in_words() {
        let (select, patience) = (SelectedWeights::Best, 5);
        let full = InnerValidation { share: 0.125, patience, select, eval_every: 1 };
        assert_eq!(
            full.describe(ValidationUnit::Utterances),
            "validation on 12.5% of the training utterances, early stopping after 5 evaluations without a \
             smaller loss, weights of the smallest loss"
        );
        let plain =
            InnerValidation { share: 0.1, patience: 0, select: SelectedWeights::Last, ..full };
        assert_eq!(
            plain.describe(ValidationUnit::Speakers),
            "validation on 10% of the training speakers"
        );
    }

    #[test]
    fn the_key_of_release_0_1_is_read() {
        let old = r#"{"share":0.1,"patience":2,"select":"best","every":3}"#;
        let read: InnerValidation = serde_json::from_str(old).expect("the old form");
        assert_eq!((read.eval_every, read.select), (3, SelectedWeights::Best));
    }
}
