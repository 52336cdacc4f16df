//! Runs of several seeds as text.

use std::path::Path;

use clstm_train::{FoldStatistic, SeedRuns};

use crate::error::CliError;
use crate::messages::{note, warn};
use crate::output::Output;
use crate::table::{Table, percent};
use crate::text::{PathText, printable};

/// Prints runs whose `seeds.json` was written, and warns of folds that are not done.
pub(crate) fn finished(runs: &SeedRuns, out: &Path, to: &mut Output) -> Result<(), CliError> {
    to.print(&describe(runs))?;
    for run in &runs.runs {
        let missing = (1..=runs.protocol.folds).filter(|fold| !run.folds.contains(fold));
        let missing: Vec<String> = missing.map(|fold| fold.to_string()).collect();
        if !missing.is_empty() {
            let (seed, list) = (run.seed, missing.join(", "));
            warn(&format!("these figures are partial: folds {list} of seed {seed} are not done"));
        }
    }
    note(&format!("wrote {}", out.join("seeds.json").text()));
    Ok(())
}

fn describe(runs: &SeedRuns) -> String {
    let SeedRuns { protocol, mean, std, .. } = runs;
    let folds = match protocol.fold_seed {
        Some(_) => "all seeds test on the same folds",
        None => "each seed draws its own folds, if the split is random",
    };
    let mut table = Table::new(1, ["seed", "folds", "UA", "WA", "macro F1"]);
    for run in &runs.runs {
        let over = |value: fn(&FoldStatistic) -> f64| deviating(value(&run.mean), value(&run.std));
        table.row([
            run.seed.to_string(),
            format!("{}/{}", run.folds.len(), protocol.folds),
            over(|m| m.ua),
            over(|m| m.wa),
            over(|m| m.macro_f1),
        ]);
    }
    format!(
        "{}\npreset {}; {folds}; mean ± std over folds\n\n{table}\nmean ± std over {} seeds: UA {}, WA {}, \
         macro F1 {}\n",
        printable(&protocol.describe()),
        protocol.preset,
        runs.runs.len(),
        deviating(mean.ua, std.ua),
        deviating(mean.wa, std.wa),
        deviating(mean.macro_f1, std.macro_f1)
    )
}

fn deviating(mean: f64, std: f64) -> String {
    let mean = percent(mean);
    format!("{} ± {:.1}%", mean.trim_end_matches('%'), 100.0 * std)
}
