use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  clstm completions bash > ~/.local/share/bash-completion/completions/clstm
  clstm completions zsh > ~/.zfunc/_clstm
  clstm completions fish > ~/.config/fish/completions/clstm.fish
  clstm completions powershell >> $PROFILE";

#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

const MAN_EXAMPLES: &str = "\
Examples:
  clstm man | man -l -
  clstm man --output /usr/local/share/man/man1";

#[derive(Debug, Args)]
#[command(after_help = MAN_EXAMPLES)]
pub(crate) struct ManArgs {
    /// Write the man pages of the command and all subcommands to this folder. Existing ones are replaced.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}
