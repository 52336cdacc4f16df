use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
Writes OUT/report.html, a page that needs nothing else, and the same as report.md, report.tex (which
compiles on its own), report.json, tables/*.csv, tables/*.tex, figures/*.svg and figures/*.png. A folder
of runs, such as that of an ablation, stands for the runs in it. Files that a run lacks are said to be
missing; nothing is guessed.

Examples:
  clstm report runs/emobox --out report
  clstm report runs/random runs/emobox --out report --title 'clstm on RAVDESS'
  clstm report runs/ablation --out ablation-report";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReportArgs {
    /// Folders of cross-validations, or folders of such folders.
    #[arg(value_name = "RUN", num_args = 1.., required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// Folder for the report; files of an earlier one there are replaced.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Title of the report [default: made from the runs].
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Leave the PNG files out; report.tex is then without figures.
    #[arg(long)]
    pub(crate) no_png: bool,
}
