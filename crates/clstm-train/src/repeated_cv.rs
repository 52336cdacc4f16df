//! A cross-validation repeated from several seeds.

use std::path::Path;

use clstm_eval::files::{read_json, write_json};
use clstm_eval::{EvalError, EvalProtocol, FoldStatistic, RunMetrics};
use serde::{Deserialize, Serialize};

use crate::{
    CrossValidation, Dataset, Event, Observer, Recipe, StopFlag, TrainError, cross_validate,
};

/// Runs by the same recipe but for the seed: `seeds.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedRuns {
    /// How the figures were obtained; its seed is the first one's.
    pub protocol: EvalProtocol,
    /// One for each seed, in the requested order.
    pub runs: Vec<SeedRun>,
    /// Over the seeds.
    pub mean: FoldStatistic,
    /// Standard deviation of the runs' means over the seeds (of a population).
    pub std: FoldStatistic,
}

/// The run of a seed, in the folder `seed-N`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedRun {
    /// Its seed.
    pub seed: u64,
    /// Folds that are done.
    pub folds: Vec<usize>,
    /// Over these folds.
    pub mean: FoldStatistic,
    /// Standard deviation over these folds (of a population).
    pub std: FoldStatistic,
}

impl SeedRuns {
    /// Joins runs; none where there is none.
    #[must_use]
    pub fn of(runs: &[RunMetrics]) -> Option<Self> {
        let protocol = runs.first()?.protocol.clone();
        let over = |value: fn(&FoldStatistic) -> f64| {
            let values = runs.iter().map(|run| value(&run.mean));
            let count = runs.len() as f64;
            let mean = values.clone().sum::<f64>() / count;
            (mean, (values.map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt())
        };
        let (ua, wa, f1) = (over(|m| m.ua), over(|m| m.wa), over(|m| m.macro_f1));
        let of_seed = |run: &RunMetrics| SeedRun {
            seed: run.protocol.seed,
            folds: run.folds.iter().map(|fold| fold.fold).collect(),
            mean: run.mean,
            std: run.std,
        };
        Some(Self {
            protocol,
            runs: runs.iter().map(of_seed).collect(),
            mean: FoldStatistic { ua: ua.0, wa: wa.0, macro_f1: f1.0 },
            std: FoldStatistic { ua: ua.1, wa: wa.1, macro_f1: f1.1 },
        })
    }
}

/// Cross-validates from each of `seeds`, each in a folder `seed-N` of its own in the run's, and writes
/// `seeds.json` beside them. With a `fold_seed` all test on the same folds; without one, each draws its own.
///
/// # Errors
/// [`TrainError::Recipe`] for no seed or one named twice; those of [`cross_validate`].
pub fn cross_validate_seeds(
    run: &CrossValidation,
    seeds: &[u64],
    dataset: &Dataset,
    resume: bool,
    stop: &StopFlag,
    observer: &mut dyn Observer,
) -> Result<SeedRuns, TrainError> {
    let twice = (1..seeds.len()).find(|&i| seeds[..i].contains(&seeds[i]));
    if let Some(i) = twice {
        return Err(TrainError::Recipe(format!("the seed {} is named twice", seeds[i])));
    }
    let of_seed = |seed: u64| {
        let recipe = Recipe { seed, ..run.recipe.clone() };
        CrossValidation { recipe, out: run.out.join(format!("seed-{seed}")), ..run.clone() }
    };
    if let Some(out) = seeds.iter().map(|&s| of_seed(s).out).find(|out| !resume && holds(out, run))
    {
        return Err(EvalError::RunExists { path: out }.into());
    }
    let mut done = Vec::new();
    for (number, &seed) in (1..).zip(seeds) {
        observer.on_event(&Event::Seed { seed, number, seeds: seeds.len() });
        done.push(cross_validate(&of_seed(seed), dataset, resume, stop, observer)?);
    }
    let joined = SeedRuns::of(&done)
        .ok_or_else(|| TrainError::Recipe("a run of several seeds without a seed".to_owned()))?;
    write_json(&run.out.join("seeds.json"), &joined)?;
    Ok(joined)
}

/// Whether the folds to be trained are there already: a refusal after hours would come too late.
fn holds(out: &Path, run: &CrossValidation) -> bool {
    let there = CrossValidation { out: out.to_owned(), ..run.clone() };
    let other = read_json::<Recipe>(&out.join("recipe.json")).is_ok();
    other && run.only.map_or_else(|| (1..=run.folds).any(|f| there.holds(f)), |f| there.holds(f))
}
