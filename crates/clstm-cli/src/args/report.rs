use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
Writes DIR/report.html, a self-contained page, and the same content as report.md, report.tex (which compiles \
on its own), report.json, tables/*.csv, tables/*.tex, figures/*.svg and figures/*.png. A folder of runs, \
such as that of an ablation, selects the runs in it. The report lists the missing files of each run.

Examples:
  clstm report runs/emobox --output report
  clstm report runs/random runs/emobox --output report --title 'clstm on RAVDESS'
  clstm report runs/ablation --output ablation-report";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReportArgs {
    /// Folders of cross-validations, or folders of such folders.
    #[arg(value_name = "RUN", num_args = 1.., required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// Folder for the report.
    #[arg(long, alias = "out", value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Replace the files of an earlier report in the folder.
    #[arg(long)]
    pub(crate) force: bool,
    /// Title of the report [default: made from the runs].
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Leave the PNG files out; report.tex is then without figures.
    #[arg(long)]
    pub(crate) no_png: bool,
}
