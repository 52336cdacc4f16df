//! From the paths of a command line to recordings.

use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::error::CliError;
use crate::text::PathText;

/// One recording to be, in the order asked for.
#[derive(Debug)]
pub(crate) struct Input {
    /// As shown in the results.
    pub(crate) path: String,
    /// Where it comes from.
    pub(crate) source: Source,
}

/// Where a recording comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// A file, perhaps one that does not exist.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// Nowhere.
    Failed(RowError),
}

/// Why there is no answer, as the results tell it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct RowError {
    /// A stable word.
    pub(crate) kind: &'static str,
    /// For people.
    pub(crate) message: String,
}

/// Walks folders and expands globs; what leads nowhere stays as an input with an error.
pub(crate) fn expand(paths: &[PathBuf]) -> Result<Vec<Input>, CliError> {
    let mut inputs = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            if inputs.iter().any(|input: &Input| matches!(input.source, Source::Stdin)) {
                return Err(CliError::Usage("- (standard input) can be read only once".to_owned()));
            }
            inputs.push(Input { path: "-".to_owned(), source: Source::Stdin });
        } else if path.exists() {
            file_or_folder(path, &mut inputs);
        } else {
            match path.to_str().filter(|text| text.contains(['*', '?', '['])) {
                Some(pattern) => expand_glob(pattern, &mut inputs),
                None => inputs.push(file(path)),
            }
        }
    }
    Ok(inputs)
}

fn file(path: &Path) -> Input {
    Input { path: path.text(), source: Source::File(path.to_owned()) }
}

fn failed(path: &Path, kind: &'static str, message: String) -> Input {
    let source = Source::Failed(RowError { kind, message });
    Input { path: path.text(), source }
}

fn file_or_folder(path: &Path, inputs: &mut Vec<Input>) {
    if !path.is_dir() {
        inputs.push(file(path));
        return;
    }
    let before = inputs.len();
    let walk = WalkDir::new(path).follow_links(true).sort_by_file_name();
    for entry in walk.into_iter().filter_entry(|e| e.depth() == 0 || !is_hidden(e)) {
        match entry {
            Ok(entry) if entry.file_type().is_file() && is_audio(entry.path()) => {
                inputs.push(file(entry.path()));
            }
            Ok(_) => {}
            Err(error) => {
                let at = error.path().unwrap_or(path);
                // A dangling link that is not named like a recording is no lost recording.
                if at.is_symlink() && !at.exists() && !is_audio(at) {
                    continue;
                }
                let message = format!("cannot be listed: {error}");
                inputs.push(failed(at, "io", message));
            }
        }
    }
    if inputs.len() == before {
        let message = "the folder holds no recordings; name files to have others tried".to_owned();
        inputs.push(failed(path, "not_found", message));
    }
}

fn expand_glob(pattern: &str, inputs: &mut Vec<Input>) {
    let shown = Path::new(pattern);
    let matches = match glob::glob(pattern) {
        Ok(matches) => matches,
        Err(error) => {
            let message = format!("no such file, and no pattern either: {error}");
            inputs.push(failed(shown, "not_found", message));
            return;
        }
    };
    let before = inputs.len();
    for found in matches {
        match found {
            Ok(path) => file_or_folder(&path, inputs),
            Err(error) => {
                inputs.push(failed(
                    error.path(),
                    "io",
                    format!("cannot be listed: {}", error.error()),
                ));
            }
        }
    }
    if inputs.len() == before {
        let message = "no file matches the pattern; check the path".to_owned();
        inputs.push(failed(shown, "not_found", message));
    }
}

/// macOS leaves `._name.wav` beside recordings on foreign disks: they are none.
fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn is_audio(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    extension.is_some_and(|extension| clstm::audio::EXTENSIONS.contains(&extension.as_str()))
}
