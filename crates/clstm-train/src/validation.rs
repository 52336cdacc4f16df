//! Validation within a training: a part of its utterances decides when it ends and which epoch's
//! weights to keep.

use clstm_corpus::{
    AllowedLeakage, Fold, HoldOutUnit, Split, ValidationSplit, check_leakage_between,
    validation_split,
};
use clstm_eval::InnerValidation;
pub(crate) use clstm_eval::SelectedWeights as Select;
use serde::{Deserialize, Serialize};

use crate::{Dataset, Recipe, TrainError};

/// Validation on utterances held out of the training part: the inner split of a nested validation. The test
/// utterances have no part in it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidationConfig {
    /// Share of the training utterances of each class (where folds keep speakers apart: of the training
    /// speakers, whole) that is held out; 0 for no validation. Below 0.5.
    #[serde(default)]
    pub share: f64,
    /// Consecutive evaluations without a smaller loss after which the training ends (early stopping); 0 for never.
    #[serde(default)]
    pub patience: usize,
    /// Which weights are kept.
    #[serde(default)]
    pub select: Select,
    /// Epochs between two evaluations.
    #[serde(default = "one", alias = "every")]
    pub eval_every: usize,
}

fn one() -> usize {
    1
}

impl Default for ValidationConfig {
    /// Off.
    fn default() -> Self {
        Self { share: 0.0, patience: 0, select: Select::Last, eval_every: 1 }
    }
}

impl ValidationConfig {
    /// Whether anything is held out.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.share > 0.0
    }

    /// As a protocol records it; none where nothing is held out.
    #[must_use]
    pub fn protocol(&self) -> Option<InnerValidation> {
        let Self { share, patience, select, eval_every } = *self;
        self.is_on().then_some(InnerValidation { share, patience, select, eval_every })
    }

    pub(crate) fn validate(&self) -> Result<(), TrainError> {
        let bad = |message: &str| Err(TrainError::Recipe(message.to_owned()));
        if !(0.0..0.5).contains(&self.share) {
            return bad("validation.share must be in [0, 0.5)");
        }
        if !self.is_on() && (self.patience > 0 || self.select == Select::Best) {
            return bad(
                "validation.patience and validation.select need validation utterances: set \
                 validation.share, such as 0.1",
            );
        }
        Ok(())
    }
}

/// Cuts the training part of `fold` in two by the recipe's `validation.share`; none where it is 0. A fold
/// without test utterances is a training of everything.
///
/// # Errors
/// Where either side would be empty, or the fold leaks into its test part more than is `allowed`.
pub fn hold_out_validation(
    dataset: &Dataset,
    fold: &Fold,
    by: HoldOutUnit,
    allowed: AllowedLeakage,
    recipe: &Recipe,
) -> Result<Option<ValidationSplit>, TrainError> {
    if !recipe.validation.is_on() {
        return Ok(None);
    }
    let share = recipe.validation.share;
    hold_out(dataset, fold, by, allowed, share, recipe.seed).map(Some)
}

/// Cuts a fold's training part in two and checks that neither side shares what it must not.
pub(crate) fn hold_out(
    dataset: &Dataset,
    fold: &Fold,
    by: HoldOutUnit,
    allowed: AllowedLeakage,
    share: f64,
    seed: u64,
) -> Result<ValidationSplit, TrainError> {
    let (corpus, groups) = (&dataset.corpus, &dataset.groups[..]);
    // What may leak into the test part is for the cross-validation; what is cut here must not.
    let training = Fold { test: Vec::new(), ..fold.clone() };
    let cut = validation_split(corpus, groups, &training, by, share, seed)?;
    // Sessions may be shared: speakers are what is held out.
    let apart = match by {
        HoldOutUnit::Speakers => Split::Speaker,
        HoldOutUnit::Utterances => Split::Random,
    };
    check_leakage_between(corpus, groups, &cut.train, &cut.validation, apart).into_result()?;
    for part in [&cut.train, &cut.validation] {
        let leakage = check_leakage_between(corpus, groups, part, &fold.test, apart);
        allowed.excluding(leakage).into_result()?;
    }
    Ok(cut)
}

/// The state of early stopping, part of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct EarlyStopping {
    /// Epoch of the least loss, from 1.
    pub(crate) epoch: usize,
    /// The least loss.
    pub(crate) loss: f64,
    /// Evaluations since then.
    #[serde(alias = "waited")]
    pub(crate) epochs_without_improvement: usize,
}

impl EarlyStopping {
    /// The state after one more evaluation, and whether it was the best so far.
    pub(crate) fn observe(before: Option<Self>, epoch: usize, loss: f64) -> (Self, bool) {
        match before {
            // A loss that is not a number is no improvement.
            Some(best) if loss.is_nan() || loss >= best.loss => (
                Self { epochs_without_improvement: best.epochs_without_improvement + 1, ..best },
                false,
            ),
            _ => (Self { epoch, loss, epochs_without_improvement: 0 }, true),
        }
    }

    /// Whether the training ends.
    pub(crate) fn is_over(&self, config: &ValidationConfig) -> bool {
        config.patience > 0 && self.epochs_without_improvement >= config.patience
    }
}

#[cfg(test)]
mod tests {
    use super::{EarlyStopping, ValidationConfig};

    #[test]
    fn patience_counts_evaluations_since_the_first_least_loss() {
        let config = ValidationConfig { share: 0.1, patience: 2, ..ValidationConfig::default() };
        let mut watch = None;
        let mut seen = Vec::new();
        for (epoch, loss) in (1..).zip([0.9, 0.7, 0.7, 0.6, 0.8, 0.6]) {
            let (next, best) = EarlyStopping::observe(watch, epoch, loss);
            seen.push((best, next.epochs_without_improvement, next.is_over(&config)));
            watch = Some(next);
        }
        let expected = [
            (true, 0, false),
            (true, 0, false),
            (false, 1, false),
            (true, 0, false),
            (false, 1, false),
            (false, 2, true),
        ];
        assert_eq!(seen, expected);
        assert_eq!(watch.map(|w| (w.epoch, w.loss)), Some((4, 0.6)));
        let never = ValidationConfig { patience: 0, ..config };
        assert!(watch.is_some_and(|w| !w.is_over(&never)));
    }
}
