//! `clstm licenses`: what may be done with the command, its model and what it contains.

use crate::error::CliError;
use crate::output::Output;
use crate::resolve::model;

/// Crates in the binary with the texts of their licences; `.ci/third-party` writes it.
const THIRD_PARTY: &str = include_str!("../../THIRD-PARTY.txt");

/// Prints the licences.
pub(crate) fn run() -> Result<(), CliError> {
    let model = match model::built_in() {
        Some(Ok(model)) => format!("{} ({})", model.info.license, model.info.name),
        Some(Err(error)) => return Err(error.into()),
        None => "none".to_owned(),
    };
    let mut output = Output::stdout();
    output.print(&format!(
        "clstm command   {}\nbuilt-in model  {model}\n\n",
        env!("CARGO_PKG_LICENSE")
    ))?;
    output.write(THIRD_PARTY)
}
