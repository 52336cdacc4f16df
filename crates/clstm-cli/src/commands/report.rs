//! `clstm report`: tables and figures of runs.

use clstm_report::{Options, Report, Run, discover};

use crate::args::ReportArgs;
use crate::failure::Failure;
use crate::notes::{note, warn};
use crate::output::Output;
use crate::table::printable;

/// Reads the runs, writes the report, and says where it is and what the runs lack.
pub(crate) fn run(args: &ReportArgs) -> Result<(), Failure> {
    let folders = discover(&args.runs)?;
    note(&format!("reading {} run{}", folders.len(), if folders.len() == 1 { "" } else { "s" }));
    let runs: Vec<Run> = folders.iter().map(|path| Run::read(path)).collect::<Result<_, _>>()?;
    for run in &runs {
        for lack in &run.notes {
            warn(&printable(&format!("{}: {lack}", run.name)));
        }
    }
    let options = Options { title: args.title.clone(), png: !args.no_png };
    let page = Report::new(runs, &options)?.write(&args.out)?;
    Output::stdout().write(&format!("{}\n", page.display()))
}
