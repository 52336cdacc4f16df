//! `clstm corpus manifest`: a manifest of what file names say.

use std::fs;
use std::path::{Path, PathBuf};

use crate::args::ManifestArgs;
use crate::cells::{Cell, csv_row};
use crate::failure::Failure;
use crate::inputs::{self, Source};
use crate::notes::{note, warn};
use crate::output::Output;
use crate::table::printable;

/// Names shown of those that do not fit.
const SHOWN: usize = 5;

/// Writes a row for each recording in the folder whose name fits.
pub(super) fn run(args: &ManifestArgs) -> Result<(), Failure> {
    let failed = |path: &Path, error: std::io::Error| {
        Failure::Failed(format!("cannot read {}: {error}", path.display()))
    };
    let folder = args.folder.canonicalize().map_err(|error| failed(&args.folder, error))?;
    let base = base(args.output.as_deref())?;
    let (mut rows, mut others) = (String::new(), Vec::new());
    let mut count = 0;
    for input in inputs::expand(std::slice::from_ref(&folder))? {
        let path = match input.source {
            Source::File(path) => path,
            Source::Failed(error) => return Err(Failure::Failed(error.message)),
            Source::Stdin => continue,
        };
        let inside = path.strip_prefix(&folder).unwrap_or(&path).with_extension("");
        let inside = inside.to_string_lossy().replace('\\', "/");
        let name = match args.pattern.has_folders() {
            true => inside.as_str(),
            false => inside.rsplit('/').next().unwrap_or_default(),
        };
        match args.pattern.read(name) {
            Some(values) => {
                let shown = base.as_deref().and_then(|base| path.strip_prefix(base).ok());
                let shown = shown.unwrap_or(&path).to_string_lossy().into_owned();
                let values = values.into_iter().map(str::to_owned);
                rows += &csv_row([shown].into_iter().chain(values).map(Cell::Text));
                count += 1;
            }
            None => others.push(inside),
        }
    }
    if count == 0 {
        let example = others.first().map_or("", String::as_str);
        return Err(Failure::Failed(format!(
            "no name fits the pattern; one of {} is {}",
            others.len(),
            printable(example)
        )));
    }
    if !others.is_empty() {
        let shown: Vec<String> = others.iter().take(SHOWN).map(|name| printable(name)).collect();
        let more = if others.len() > SHOWN { ", ..." } else { "" };
        warn(&format!(
            "{} recordings do not fit the pattern and are left out: {}{more}",
            others.len(),
            shown.join(", ")
        ));
    }
    let header = ["path"].into_iter().chain(args.pattern.fields());
    let header = csv_row(header.map(|name| Cell::Text(name.to_owned())));
    let mut output = Output::open(args.output.as_deref())?;
    output.write(&header)?;
    output.write(&rows)?;
    if let Some(path) = &args.output {
        let path = path.display();
        note(&format!("{count} recordings; next: clstm corpus check manifest --data {path}"));
    }
    Ok(())
}

/// The folder that paths are told from: the manifest's own.
fn base(output: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    let Some(output) = output else { return Ok(None) };
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let found = fs::canonicalize(folder);
    found.map(Some).map_err(|error| Failure::writing(&output.display().to_string(), &error))
}
