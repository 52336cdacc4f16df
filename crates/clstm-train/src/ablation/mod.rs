//! The seven rows of the paper's Table 1, trained with equal budgets.

mod order;
mod paper;
mod recipes;
mod table;

use std::path::PathBuf;

use clstm_corpus::{AllowedLeakage, Split, folds_allowing};
use clstm_eval::files::read_json;
use clstm_eval::{EvalError, EvalProtocol, RunInputs};
use clstm_nn::Preset;
use clstm_nn::burn::tensor::Device;

use crate::{
    CrossValidation, Dataset, Event, Observer, Recipe, StopFlag, TrainError, cross_validate,
};

pub use order::{OrderAgreement, Swap};
pub use paper::PaperFigures;
pub use recipes::ablation_recipes;
pub use table::{AblationRow, AblationTable, RowFigures};

/// An ablation: a cross-validation for each row, in the folder of its preset's name.
#[derive(Clone, Debug)]
pub struct Ablation {
    /// The rows to train and their recipes, see [`ablation_recipes`].
    pub rows: Vec<(Preset, Recipe)>,
    /// How the utterances are split.
    pub split: Split,
    /// Number of folds.
    pub folds: usize,
    /// What may be on both sides of a fold; the protocol records what is.
    pub allowed: AllowedLeakage,
    /// Only this fold (from 1) of each row, as a job of its own.
    pub only: Option<usize>,
    /// Seed of the split; that of the recipes where there is none.
    pub fold_seed: Option<u64>,
    /// The arguments that the runs are recorded with.
    pub inputs: Option<RunInputs>,
    /// The commit that the program was built from, for the records.
    pub commit: Option<String>,
    /// What computes.
    pub device: Device,
    /// Folder of the rows' folders.
    pub out: PathBuf,
}

impl Ablation {
    /// The cross-validation of a row, of one of its folds.
    fn row(&self, preset: Preset, recipe: &Recipe, fold: usize) -> CrossValidation {
        let (device, out) = (self.device.clone(), self.out.join(preset.name()));
        let run = CrossValidation::new(self.split, self.folds, recipe.clone(), device, out);
        CrossValidation {
            allowed: self.allowed,
            only: Some(fold),
            fold_seed: self.fold_seed,
            inputs: self.inputs.clone(),
            commit: self.commit.clone(),
            ..run
        }
    }

    /// Refuses what would make the rows incomparable, before hours are spent on it: rows already in the
    /// folder that were trained by another recipe or protocol.
    fn check(&self, dataset: &Dataset) -> Result<(), TrainError> {
        let Some((preset, recipe)) = self.rows.first() else {
            return Err(TrainError::Recipe("an ablation without rows".to_owned()));
        };
        for (_, other) in &self.rows {
            recipes::check_comparable(recipe, other, &self.out)?;
        }
        let seed = self.fold_seed.unwrap_or(recipe.seed);
        let (corpus, groups) = (&dataset.corpus, &dataset.groups);
        let folds = folds_allowing(corpus, groups, self.split, self.folds, seed, self.allowed)?;
        let protocol = recipes::of_any_row(self.row(*preset, recipe, 1).protocol(dataset, &folds));
        for preset in Preset::TABLE_1 {
            let folder = self.out.join(preset.name());
            let path = folder.join("recipe.json");
            if path.exists() {
                recipes::check_comparable(recipe, &read_json(&path)?, &folder)?;
            }
            let done = table::read_row(&folder)?;
            if done.is_some_and(|run| recipes::of_any_row(run.protocol) != protocol) {
                let what = "another protocol".to_owned();
                return Err(EvalError::OtherRun { path: folder, what }.into());
            }
        }
        Ok(())
    }
}

/// Trains and tests what is not done yet, fold by fold and in each the rows in turn, so that an ablation
/// that is not finished compares as many rows as it can; writes `ablation.json` after each. With `resume`,
/// one that was interrupted is continued.
///
/// # Errors
/// [`EvalError::RunExists`] without `resume` where one of these folds is begun; [`EvalError::OtherRun`]
/// where rows would differ in more than their network and centre loss; those of [`cross_validate`].
pub fn ablate(
    run: &Ablation,
    dataset: &Dataset,
    resume: bool,
    stop: &StopFlag,
    observer: &mut dyn Observer,
) -> Result<AblationTable, TrainError> {
    run.check(dataset)?;
    let folds: Vec<usize> = run.only.map_or_else(|| (1..=run.folds).collect(), |fold| vec![fold]);
    let begun = |fold: usize| run.rows.iter().any(|(p, r)| run.row(*p, r, fold).holds(fold));
    if !resume && folds.iter().any(|&fold| begun(fold)) {
        return Err(EvalError::RunExists { path: run.out.clone() }.into());
    }
    for fold in folds {
        for (number, (preset, recipe)) in (1..).zip(&run.rows) {
            observer.on_event(&Event::Row { preset: preset.name(), number, rows: run.rows.len() });
            cross_validate(&run.row(*preset, recipe, fold), dataset, resume, stop, observer)?;
            AblationTable::read(&run.out)?.write(&run.out)?;
        }
    }
    AblationTable::read(&run.out)
}

impl AblationTable {
    /// The protocol as a sentence.
    #[must_use]
    pub fn describe(&self) -> String {
        EvalProtocol::describe(&self.protocol)
    }
}
