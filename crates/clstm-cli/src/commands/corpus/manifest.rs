//! `clstm corpus manifest`: a manifest from file names.

use std::fs;
use std::path::{Path, PathBuf};

use crate::args::ManifestArgs;
use crate::columns::csv_row_of;
use crate::error::CliError;
use crate::inputs::{self, Source};
use crate::messages::{note, warn};
use crate::name_pattern::NamePattern;
use crate::output::OutputGuard;
use crate::text::{PathText, printable};

/// Number of names shown of those that do not match.
const SHOWN: usize = 5;

/// Writes a row for each recording in the folder whose name matches the pattern.
pub(super) fn run(args: &ManifestArgs, pattern: &NamePattern) -> Result<(), CliError> {
    let failed = |path: &Path, error: std::io::Error| {
        CliError::Failed(format!("cannot read {}: {error}", path.text()))
    };
    let folder = args.folder.canonicalize().map_err(|error| failed(&args.folder, error))?;
    let base = base(args.output.as_deref())?;
    let (mut rows, mut others) = (String::new(), Vec::new());
    let mut count = 0;
    let inputs = inputs::expand(std::slice::from_ref(&folder))?;
    let mut guard = OutputGuard::new(args.force);
    guard.recordings(&inputs);
    for input in inputs {
        let path = match input.source {
            Source::File(path) => path,
            Source::Failed(error) => return Err(CliError::Failed(error.message)),
            Source::Stdin | Source::Row(..) => continue,
        };
        let shown = base.as_deref().and_then(|base| path.strip_prefix(base).ok()).unwrap_or(&path);
        let inside = path.strip_prefix(&folder).unwrap_or(&path).with_extension("");
        // Manifests are UTF-8: other names cannot be written in them.
        let (Some(shown), Some(inside)) = (shown.to_str(), inside.to_str()) else {
            others.push(inside.text());
            continue;
        };
        // A backslash separates folders on Windows alone; elsewhere it is a letter of a name.
        let inside = inside.replace(std::path::MAIN_SEPARATOR, "/");
        let name = match pattern.has_folders() {
            true => inside.as_str(),
            false => inside.rsplit('/').next().unwrap_or_default(),
        };
        match pattern.read(name) {
            Some(values) => {
                rows += &csv_row_of([shown].into_iter().chain(values));
                count += 1;
            }
            None => others.push(inside),
        }
    }
    if count == 0 {
        let example = others.first().map_or("", String::as_str);
        return Err(CliError::Failed(format!(
            "none of {} names matches the pattern, such as {}",
            others.len(),
            printable(example)
        )));
    }
    if !others.is_empty() {
        let shown: Vec<String> = others.iter().take(SHOWN).map(|name| printable(name)).collect();
        let more = if others.len() > SHOWN { ", ..." } else { "" };
        warn(&format!(
            "{} recordings do not match the pattern and are left out: {}{more}",
            others.len(),
            shown.join(", ")
        ));
    }
    for left_out in clstm_corpus::left_out(&folder)? {
        warn(&printable(&left_out.to_string()));
    }
    let header = csv_row_of(["path"].into_iter().chain(pattern.fields()));
    let mut output = guard.create("--output", args.output.as_deref())?;
    output.write(&header)?;
    output.write(&rows)?;
    if let Some(path) = &args.output {
        let path = path.text();
        note(&format!("{count} recordings; next: clstm corpus check manifest --data {path}"));
    }
    Ok(())
}

/// The folder that paths are relative to: the manifest's own.
pub(super) fn base(output: Option<&Path>) -> Result<Option<PathBuf>, CliError> {
    let Some(output) = output else { return Ok(None) };
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let found = fs::canonicalize(folder);
    found.map(Some).map_err(|error| CliError::writing(&output.text(), &error))
}
