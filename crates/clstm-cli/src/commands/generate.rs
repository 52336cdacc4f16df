//! `clstm completions` and `clstm man`: files for shells and man, from the definition of the command line.

use std::fs;
use std::io;
use std::path::Path;

use crate::args::{self, CompletionsArgs, ManArgs};
use crate::error::CliError;
use crate::messages::note;
use crate::output::Output;
use crate::text::PathText;

/// Prints the completions of a shell.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<(), CliError> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut args::command(), "clstm", &mut text);
    Output::stdout().write(&String::from_utf8_lossy(&text))
}

/// Prints the page of the command, or writes all pages.
pub(crate) fn man_pages(args: &ManArgs) -> Result<(), CliError> {
    let mut command = args::command();
    command.build();
    let Some(folder) = &args.output else {
        let page = page(command).map_err(|error| CliError::writing("to stdout", &error))?;
        return Output::stdout().write(&page);
    };
    fs::create_dir_all(folder).map_err(|error| CliError::writing(&folder.text(), &error))?;
    let count = write_pages(command, "clstm", folder)?;
    note(&format!("wrote {count} man pages to {}", folder.text()));
    Ok(())
}

/// Writes the pages of a command and its visible subcommands; their number.
fn write_pages(command: clap::Command, name: &str, folder: &Path) -> Result<usize, CliError> {
    let visible = |command: &&clap::Command| !command.is_hide_set() && command.get_name() != "help";
    let mut count = 1;
    for subcommand in command.get_subcommands().filter(visible) {
        let name = format!("{name}-{}", subcommand.get_name());
        count += write_pages(subcommand.clone(), &name, folder)?;
    }
    let path = folder.join(format!("{name}.1"));
    let failed = |error: io::Error| CliError::writing(&path.text(), &error);
    let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
    let page = page(command.name(name).display_name(name)).map_err(failed)?;
    clstm::write_atomic(&path, page.as_bytes()).map_err(failed)?;
    Ok(count)
}

fn page(command: clap::Command) -> io::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
