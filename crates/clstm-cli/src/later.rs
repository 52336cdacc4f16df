//! What the command line's contract has and this release has not: refused by name.

use clap::error::{ContextKind, ContextValue, ErrorKind};

const COMMANDS: &[&str] = &["export"];
const FLAGS: &[&str] = &["--init"];
const VALUES: &[(&str, &[&str])] = &[];

/// The message for an error of the parser that is about something of a later release.
pub(crate) fn message(error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let what = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let name = text(ContextKind::InvalidSubcommand)?;
            COMMANDS.contains(&name).then(|| format!("the command `{name}`"))?
        }
        ErrorKind::UnknownArgument => {
            let flag = text(ContextKind::InvalidArg)?;
            let name = flag.split(['=', ' ']).next()?;
            FLAGS.contains(&name).then(|| format!("{name} here"))?
        }
        ErrorKind::InvalidValue => {
            let (flag, value) = (text(ContextKind::InvalidArg)?, text(ContextKind::InvalidValue)?);
            let known = |(name, values): &&(&str, &[&str])| {
                flag.split(' ').next() == Some(name) && values.contains(&value)
            };
            let (name, _) = VALUES.iter().find(known)?;
            format!("{name} {value}")
        }
        _ => return None,
    };
    Some(format!("{what} is not in this release; see `clstm --help` for what is"))
}
