//! `clstm licenses`: what may be done with the command, its models and what it contains.

use std::fmt::Write as _;

use crate::error::CliError;
use crate::output::Output;
use crate::resolve::model;

/// Crates in the binary with the texts of their licences; `.ci/third-party` writes it.
const THIRD_PARTY: &str = include_str!("../../THIRD-PARTY.txt");

/// Prints the licences.
pub(crate) fn run() -> Result<(), CliError> {
    let mut text = format!("clstm command  {}\n", env!("CARGO_PKG_LICENSE"));
    for name in model::built_in_names() {
        let Some(model) = model::built_in_named(name) else { continue };
        let _ = writeln!(text, "model {name}: {}", model?.info.license);
    }
    let mut output = Output::stdout();
    output.print(&format!("{text}\n"))?;
    output.write(THIRD_PARTY)
}
