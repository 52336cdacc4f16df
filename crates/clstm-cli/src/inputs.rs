//! From the paths of the command line to recordings.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clstm::RecognizeError;
use clstm_corpus::EmbeddedRecordings;
use walkdir::{DirEntry, WalkDir};

use crate::error::CliError;
use crate::messages::note;
use crate::text::PathText;

/// A recording to process.
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
    /// A file, which may not exist.
    File(PathBuf),
    /// A row of a Parquet file that has the recording itself.
    Row(Arc<EmbeddedRecordings>, u64),
    /// Standard input.
    Stdin,
    /// A path that leads nowhere.
    Failed(RowError),
}

/// Why there is no prediction, as the results show it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct RowError {
    /// A stable word, for programs.
    pub(crate) kind: &'static str,
    /// For people.
    pub(crate) message: String,
}

/// Walks folders and expands globs. A path that leads nowhere stays as an input with an error. Files in folders that
/// are left out are counted on stderr.
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

/// The rows of a Parquet file, each a recording.
fn rows(path: &Path, inputs: &mut Vec<Input>) {
    match EmbeddedRecordings::open(path) {
        Ok(recordings) if recordings.rows().is_empty() => {
            let message = "no row of the file has a recording in it".to_owned();
            inputs.push(failed(path, "not_found", message));
        }
        Ok(recordings) => {
            let recordings = Arc::new(recordings);
            inputs.extend(recordings.rows().iter().map(|&row| Input {
                path: format!("{}:{row}", path.text()),
                source: Source::Row(Arc::clone(&recordings), row),
            }));
        }
        Err(error) => {
            let error = RecognizeError::from(error);
            inputs.push(failed(path, error.kind(), error.to_string()));
        }
    }
}

fn file_or_folder(path: &Path, inputs: &mut Vec<Input>) {
    if path.is_file() && path.extension().is_some_and(|it| it.eq_ignore_ascii_case("parquet")) {
        rows(path, inputs);
        return;
    }
    if !path.is_dir() {
        inputs.push(file(path));
        return;
    }
    let before = inputs.len();
    let (hidden, mut left_out) = (Cell::new(0), LeftOut::default());
    let walk = WalkDir::new(path).follow_links(true).sort_by_file_name();
    let visible = |entry: &DirEntry| entry.depth() == 0 || !is_hidden(entry);
    for entry in walk.into_iter().filter_entry(|entry| {
        hidden.set(hidden.get() + usize::from(!visible(entry)));
        visible(entry)
    }) {
        match entry {
            Ok(entry) if entry.file_type().is_file() => match is_audio(entry.path()) {
                true => inputs.push(file(entry.path())),
                false => left_out.add(entry.path()),
            },
            // Reading a pipe may wait without limit.
            Ok(entry) => left_out.special += usize::from(!entry.file_type().is_dir()),
            Err(error) => {
                let at = error.path().unwrap_or(path);
                // A dangling link whose name is not that of a recording is no lost recording.
                if at.is_symlink() && !at.exists() && !is_audio(at) {
                    left_out.add(at);
                    continue;
                }
                let message = format!("cannot be listed: {error}");
                inputs.push(failed(at, "io", message));
            }
        }
    }
    left_out.hidden = hidden.get();
    if let Some(description) = left_out.describe() {
        note(&format!("{}: left out {description}; name a file to process it anyway", path.text()));
    }
    if inputs.len() == before {
        let message = "the folder holds no recordings; name files to process others".to_owned();
        inputs.push(failed(path, "not_found", message));
    }
}

/// Files of a folder that are not recordings by their names.
#[derive(Default)]
struct LeftOut {
    /// Files and folders whose names begin with a dot.
    hidden: usize,
    /// Pipes, sockets and devices.
    special: usize,
    by_extension: BTreeMap<String, usize>,
}

impl LeftOut {
    fn add(&mut self, path: &Path) {
        let extension = path.extension().map(|extension| Path::new(extension).text());
        let extension = extension.map_or("without extension".to_owned(), |extension| {
            format!(".{}", extension.to_lowercase())
        });
        *self.by_extension.entry(extension).or_default() += 1;
    }

    /// Counts by extension, such as `3 .txt, 2 hidden`; `None` if nothing was left out.
    fn describe(&self) -> Option<String> {
        let mut counts: Vec<(&str, usize)> =
            self.by_extension.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let rest: usize = counts.iter().skip(SHOWN).map(|(_, count)| count).sum();
        counts.truncate(SHOWN);
        counts.extend((rest > 0).then_some(("with other extensions", rest)));
        counts.extend((self.special > 0).then_some(("pipes or devices", self.special)));
        counts.extend((self.hidden > 0).then_some(("hidden", self.hidden)));
        let parts: Vec<String> =
            counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// Extensions that are counted one by one in messages.
const SHOWN: usize = 6;

fn expand_glob(pattern: &str, inputs: &mut Vec<Input>) {
    let shown = Path::new(pattern);
    let matches = match glob::glob(pattern) {
        Ok(matches) => matches,
        Err(error) => {
            let message = format!("no such file, and not a valid pattern: {error}");
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

/// macOS writes `._name.wav` beside recordings on other file systems: these are not recordings.
fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn is_audio(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    extension.is_some_and(|extension| clstm::audio::EXTENSIONS.contains(&extension.as_str()))
}
