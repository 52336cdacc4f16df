//! `serve --config FILE`: options of `clstm serve` in a TOML file.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::error::ErrorKind;
use clstm::audio::{MAX_SETTINGS_BYTES, read_text_bounded};
use toml::Value;

/// Options that are not read from a file.
const EXCLUDED: [&str; 4] = ["config", "help", "version", "listen"];

/// The arguments with the options of the file that `--config` names. An option of the command line or of the
/// environment has priority over the file.
///
/// # Errors
/// Usage errors of clap: if the file cannot be read, or has an option that does not exist or a value of another kind.
pub(super) fn with_file(
    command: &mut clap::Command,
    arguments: Vec<OsString>,
) -> Result<Vec<OsString>, clap::Error> {
    let Some(at) = position_of_serve(&arguments) else { return Ok(arguments) };
    let Some(path) = config_path(&arguments[at + 1..]) else { return Ok(arguments) };
    let mut fail = |message: String| command.error(ErrorKind::ValueValidation, message);
    let shown = path.display().to_string();
    let text = read_text_bounded(&path, MAX_SETTINGS_BYTES)
        .map_err(|error| fail(format!("--config {shown}: {error}")))?;
    let table: toml::Table =
        text.parse().map_err(|error| fail(format!("--config {shown}: {error}")))?;
    let Some(serve) = command.find_subcommand("serve").cloned() else { return Ok(arguments) };
    let mut fail = |message: String| command.error(ErrorKind::ValueValidation, message);
    let mut from_file = Vec::new();
    for (key, value) in &table {
        let option = key.replace('_', "-");
        let known = serve.get_arguments().find(|argument| argument.get_long() == Some(&option));
        let Some(known) = known.filter(|_| !EXCLUDED.contains(&option.as_str())) else {
            return Err(fail(format!(
                "--config {shown}: there is no option {key:?}; see `clstm serve --help`"
            )));
        };
        let in_environment = known
            .get_env()
            .is_some_and(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()));
        if in_environment || is_given(&arguments[at + 1..], &option) {
            continue;
        }
        match options(&option, value) {
            Some(options) => from_file.extend(options),
            None => {
                let kind = value.type_str();
                return Err(fail(format!(
                    "--config {shown}: {key} cannot be a value of type {kind}"
                )));
            }
        }
    }
    let mut all = arguments[..=at].to_vec();
    all.extend(from_file);
    all.extend_from_slice(&arguments[at + 1..]);
    Ok(all)
}

/// The index of the subcommand, if it is `serve`.
fn position_of_serve(arguments: &[OsString]) -> Option<usize> {
    let mut index = 1;
    while let Some(argument) = arguments.get(index) {
        match argument.to_str() {
            Some("--threads") => index += 2,
            Some(flag) if flag.starts_with('-') => index += 1,
            name => return (name == Some("serve")).then_some(index),
        }
    }
    None
}

fn config_path(arguments: &[OsString]) -> Option<PathBuf> {
    let value = |(index, argument): (usize, &OsString)| -> Option<PathBuf> {
        if argument == "--config" {
            return arguments.get(index + 1).map(PathBuf::from);
        }
        argument.to_str()?.strip_prefix("--config=").map(PathBuf::from)
    };
    let named = arguments.iter().enumerate().find_map(value);
    named.or_else(|| {
        std::env::var_os("CLSTM_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from)
    })
}

/// Whether the command line has an option. `--listen` is host and port in one.
fn is_given(arguments: &[OsString], option: &str) -> bool {
    let is = |argument: &OsStr, option: &str| {
        let name = argument.to_str().and_then(|text| text.strip_prefix("--"));
        name.and_then(|text| text.split('=').next()) == Some(option)
    };
    let listens = |argument: &OsStr| is(argument, "listen") && ["host", "port"].contains(&option);
    arguments.iter().any(|argument| is(argument, option) || listens(argument))
}

/// The arguments for a value; `None` for a value that no option has.
fn options(option: &str, value: &Value) -> Option<Vec<OsString>> {
    let one = |text: String| vec![OsString::from(format!("--{option}={text}"))];
    match value {
        Value::String(text) => Some(one(text.clone())),
        Value::Integer(number) => Some(one(number.to_string())),
        Value::Float(number) => Some(one(number.to_string())),
        Value::Boolean(true) => Some(vec![OsString::from(format!("--{option}"))]),
        Value::Boolean(false) => Some(Vec::new()),
        Value::Array(values) => {
            let all: Option<Vec<_>> = values.iter().map(|value| options(option, value)).collect();
            Some(all?.concat())
        }
        Value::Datetime(_) | Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::with_file;
    use crate::args::command;

    fn merged(arguments: &[&str]) -> Result<Vec<String>, String> {
        let arguments = arguments.iter().map(OsString::from).collect();
        let merged = with_file(&mut command(), arguments).map_err(|error| error.to_string())?;
        Ok(merged.into_iter().map(|argument| argument.into_string().unwrap()).collect())
    }

    #[test]
    fn the_command_line_has_priority_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("serve.toml");
        let file = path.to_str().unwrap();
        std::fs::write(&path, "port = 9000\nhost = \"0.0.0.0\"\nmodel = [\"a\", \"b\"]\n").unwrap();
        let arguments =
            merged(&["clstm", "--threads", "2", "serve", "--config", file, "--port", "1"]);
        let arguments = arguments.unwrap();
        assert!(arguments.contains(&"--host=0.0.0.0".to_owned()), "{arguments:?}");
        assert!(!arguments.contains(&"--port=9000".to_owned()), "{arguments:?}");
        assert_eq!(arguments.iter().filter(|a| a.starts_with("--model=")).count(), 2);
        // Other commands and files named like this one.
        assert_eq!(merged(&["clstm", "predict", "serve", "--config", file]).unwrap().len(), 5);

        std::fs::write(&path, "prot = 9000\n").unwrap();
        assert!(merged(&["clstm", "serve", "--config", file]).unwrap_err().contains("\"prot\""));
        std::fs::write(&path, "[port]\n").unwrap();
        assert!(merged(&["clstm", "serve", "--config", file]).unwrap_err().contains("type table"));
        let none = merged(&["clstm", "serve", "--config=none.toml"]).unwrap_err();
        assert!(none.contains("none.toml"), "{none}");
    }
}
