//! Tables that releases have beside their recordings.

use std::path::{Path, PathBuf};

use clstm_audio::{MAX_LIST_BYTES, read_text_bounded};

use crate::manifest::csv_records;

/// A table with a header row.
pub(super) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads comma-separated values; none where the file cannot be read as such.
    pub(super) fn commas(file: &Path) -> Option<Self> {
        let text = read_text_bounded(file, MAX_LIST_BYTES).ok()?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let records = csv_records::read(text).ok()?;
        Self::of(records.into_iter().map(|record| record.fields))
    }

    /// Reads tab-separated values without quotation; none where the file cannot be read.
    pub(super) fn tabs(file: &Path) -> Option<Self> {
        let text = read_text_bounded(file, MAX_LIST_BYTES).ok()?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let fields = |line: &str| line.split('\t').map(|field| field.trim().to_owned()).collect();
        Self::of(text.lines().filter(|line| !line.trim().is_empty()).map(fields))
    }

    fn of(mut rows: impl Iterator<Item = Vec<String>>) -> Option<Self> {
        let header = rows.next()?;
        Some(Self { header, rows: rows.collect() })
    }

    /// The fields of these columns in every row, `""` where a row is short; no rows where a column is
    /// missing.
    pub(super) fn rows<const N: usize>(
        &self,
        columns: [&str; N],
    ) -> impl Iterator<Item = [&str; N]> {
        let place =
            |name: &str| self.header.iter().position(|field| field.eq_ignore_ascii_case(name));
        let places = columns.map(place);
        let rows = if places.contains(&None) { &[][..] } else { &self.rows[..] };
        rows.iter().map(move |row| {
            places.map(|at| at.and_then(|at| row.get(at)).map_or("", |field| field.trim()))
        })
    }
}

/// A table of this name in the folder, in the folder above, or in a folder below it; the nearest.
pub(super) fn find(root: &Path, name: &str) -> Option<PathBuf> {
    let near = [Some(root), root.parent()].into_iter().flatten().map(|folder| folder.join(name));
    let mut near = near.filter(|file| file.is_file());
    near.next().or_else(|| {
        let mut below: Vec<PathBuf> = std::fs::read_dir(root)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path().join(name)))
            .filter(|file| file.is_file())
            .collect();
        below.sort();
        below.into_iter().next()
    })
}

/// The name of a recording without its folders and extension.
pub(super) fn stem(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}
