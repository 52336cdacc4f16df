//! Table 1 of the runs in a folder: `ablation.json`.

use std::path::Path;

use clstm_eval::files::{read_json, write_json};
use clstm_eval::{
    EvalError, EvalProtocol, FoldMetrics, FoldStatistic, RunMetrics, aggregate_folds,
};
use clstm_nn::Preset;
use serde::{Deserialize, Serialize};

use super::order::OrderAgreement;
use super::paper::{self, PaperFigures};
use super::recipes::{check_comparable, of_any_row};
use crate::{Recipe, TrainError};

/// The rows of Table 1 as far as they are run, and the paper's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AblationTable {
    /// How the figures were obtained, all rows alike; its preset is `table-1`.
    pub protocol: EvalProtocol,
    /// All seven, in the paper's order.
    pub rows: Vec<AblationRow>,
    /// The folds that all rows which were begun have done: those over which the rows are compared.
    pub common_folds: Vec<usize>,
    /// Whether the rows are in the paper's order by their UA over the common folds: against the column
    /// of the corpus, or against both where it is in neither; empty for fewer than two rows.
    pub order: Vec<OrderAgreement>,
}

/// A row of Table 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AblationRow {
    /// Name of its preset, and of its run's folder.
    pub preset: String,
    /// As the paper writes it.
    pub architecture: String,
    /// What the paper reports.
    pub paper: PaperFigures,
    /// What was measured here; none where no fold is done.
    pub ours: Option<RowFigures>,
}

/// The figures of a row's run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowFigures {
    /// Folds that are done.
    pub folds: Vec<usize>,
    /// Over the folds that are done.
    pub mean: FoldStatistic,
    /// Standard deviation over the folds that are done (of a population).
    pub std: FoldStatistic,
    /// Mean UA over the folds that all rows have done; none where there are none.
    pub common_ua: Option<f64>,
    /// Wall time of the trainings in seconds.
    pub seconds: f64,
}

impl AblationTable {
    /// Joins what is done in the rows' folders.
    ///
    /// # Errors
    /// [`TrainError::Empty`] where no fold of any row is done; [`EvalError::OtherRun`] where the rows
    /// differ in their protocols, or in their recipes by more than network and centre loss.
    pub fn read(out: &Path) -> Result<Self, TrainError> {
        let mut runs: Vec<(Preset, Option<RunMetrics>)> = Vec::new();
        let mut first: Option<(Recipe, EvalProtocol)> = None;
        for preset in Preset::TABLE_1 {
            let folder = out.join(preset.name());
            let run = read_row(&folder)?;
            if let Some(run) = &run {
                let recipe: Recipe = read_json(&folder.join("recipe.json"))?;
                let protocol = of_any_row(run.protocol.clone());
                match &first {
                    None => first = Some((recipe, protocol)),
                    Some((known, shared)) => {
                        check_comparable(known, &recipe, &folder)?;
                        if *shared != protocol {
                            let what = "the rows differ in their protocols".to_owned();
                            return Err(EvalError::OtherRun { path: folder, what }.into());
                        }
                    }
                }
            }
            runs.push((preset, run));
        }
        match first {
            Some((_, protocol)) => Ok(Self::of(protocol, &runs)),
            None => {
                Err(TrainError::Empty(format!("{} holds no finished fold of a row", out.display())))
            }
        }
    }

    fn of(protocol: EvalProtocol, runs: &[(Preset, Option<RunMetrics>)]) -> Self {
        let begun: Vec<&RunMetrics> = runs.iter().filter_map(|(_, run)| run.as_ref()).collect();
        let done = |run: &RunMetrics, fold: usize| run.folds.iter().any(|f| f.fold == fold);
        let common: Vec<usize> =
            (1..=protocol.folds).filter(|&fold| begun.iter().all(|run| done(run, fold))).collect();
        let rows: Vec<AblationRow> = runs
            .iter()
            .filter_map(|(preset, run)| {
                let (architecture, paper) = paper::row(*preset)?;
                let ours = run.as_ref().map(|run| RowFigures::of(run, &common));
                let (preset, architecture) = (preset.name().to_owned(), architecture.to_owned());
                Some(AblationRow { preset, architecture, paper, ours })
            })
            .collect();
        let order = order(&protocol.corpus, &rows);
        Self { protocol, rows, common_folds: common, order }
    }

    /// Writes `ablation.json` into the folder of the rows' folders.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, out: &Path) -> Result<(), TrainError> {
        Ok(write_json(&out.join("ablation.json"), self)?)
    }
}

impl RowFigures {
    fn of(run: &RunMetrics, common: &[usize]) -> Self {
        let shared: Vec<&FoldMetrics> =
            run.folds.iter().filter(|fold| common.contains(&fold.fold)).collect();
        let sum = shared.iter().map(|fold| fold.ua).sum::<f64>();
        Self {
            folds: run.folds.iter().map(|fold| fold.fold).collect(),
            mean: run.mean,
            std: run.std,
            common_ua: (!shared.is_empty()).then(|| sum / shared.len() as f64),
            seconds: run.folds.iter().map(|fold| fold.seconds).sum(),
        }
    }
}

/// A column of the paper's Table 1: its name and where its figure is.
type Column = (&'static str, fn(&PaperFigures) -> f64);

/// The order of the rows that have common folds, compared with the columns of the same corpus, or with all columns if
/// the paper has none for it.
fn order(corpus: &str, rows: &[AblationRow]) -> Vec<OrderAgreement> {
    let columns: [Column; 2] =
        [("RAVDESS", |paper| paper.ravdess), ("IEMOCAP", |paper| paper.iemocap)];
    let own = |(name, _): &&Column| name.eq_ignore_ascii_case(corpus);
    let known = columns.iter().any(|column| own(&column));
    let chosen = columns.iter().filter(|column| !known || own(column));
    chosen
        .filter_map(|(name, figure)| {
            let compared: Vec<(&str, f64, f64)> = rows
                .iter()
                .filter_map(|row| {
                    let ours = row.ours.as_ref()?.common_ua?;
                    Some((row.preset.as_str(), figure(&row.paper), ours))
                })
                .collect();
            OrderAgreement::of(name, &compared)
        })
        .collect()
}

/// What is done of a row; none where its folder has no finished fold.
pub(super) fn read_row(folder: &Path) -> Result<Option<RunMetrics>, TrainError> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let done = entries.into_iter().any(|entry| entry.path().join("metrics.json").exists());
    if done { Ok(Some(aggregate_folds(folder)?)) } else { Ok(None) }
}
