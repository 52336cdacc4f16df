//! `clstm report`: tables and figures of runs.

use std::path::Path;

use clstm_report::{Options, RecipeFormat, Report, Run, discover};
use clstm_train::{changes_from_preset, normalized_recipe};

use crate::args::ReportArgs;
use crate::error::CliError;
use crate::messages::{note, warn};
use crate::output::{Output, OutputGuard};
use crate::text::PathText;
use crate::training::RunLock;

/// How the recipes of runs are read.
pub(crate) const RECIPES: RecipeFormat =
    RecipeFormat { normalize: normalized_recipe, changes: changes_from_preset };

/// Files of a report, by which a folder is known to hold one.
const FILES: [&str; 4] = ["report.html", "report.md", "report.tex", "report.json"];

/// Reads the runs, writes the report, prints its path and warns of files that the runs lack.
pub(crate) fn run(args: &ReportArgs) -> Result<(), CliError> {
    let folders = discover(&args.runs)?;
    let _lock = RunLock::acquire(&args.output, None)?;
    check_output(&args.output, args.force)?;
    note(&format!("reading {} run{}", folders.len(), if folders.len() == 1 { "" } else { "s" }));
    let runs: Vec<Run> = folders.iter().map(|path| Run::read(path)).collect::<Result<_, _>>()?;
    for run in &runs {
        for lack in &run.notes {
            warn(&format!("{}: {lack}", run.name));
        }
    }
    let options = Options { title: args.title.clone(), png: !args.no_png, recipes: Some(RECIPES) };
    let page = Report::new(runs, &options)?.write(&args.output)?;
    Output::stdout().print(&format!("{}\n", page.text()))
}

/// Refuses a folder that holds a report, unless it may be replaced.
fn check_output(folder: &Path, force: bool) -> Result<(), CliError> {
    let mut guard = OutputGuard::new(force);
    FILES.iter().try_for_each(|name| guard.check_replaced("--output", &folder.join(name)))
}
