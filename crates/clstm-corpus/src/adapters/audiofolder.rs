//! A folder for each class, as Hugging Face's `audiofolder` has it.
//!
//! `ROOT/LABEL/*.wav`, or `ROOT/train/LABEL/*.wav` beside `ROOT/test/LABEL/*.wav` (and
//! `validation`, `valid`, `val` or `dev`), which is then a given split; see
//! <https://huggingface.co/docs/datasets/audio_load#audiofolder>. Where there is a `metadata.csv` or
//! `metadata.jsonl`, in the root or in the folders of the split, it lists the recordings instead:
//! `file_name`, relative to its folder, and `label`; further columns are those of a manifest, so
//! that speakers can be named. Without it speakers are not known. A folder without recordings and lists may have Parquet
//! files instead, such as `data/train-00000-of-00002.parquet`, as `datasets` writes them and the hub stores them; their names
//! or folders are the parts of the split. The corpus is named as a manifest's is, for the folder and its content.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::corpus::{LeftOut, LeftOutReason};
use crate::manifest::{self, Column, Row, Table};
use crate::registry::{Adapter, CorpusInfo, uncounted};
use crate::walk::{self, Listing};
use crate::{Corpus, CorpusError, MalformedFile, Part, Split, parquet};

pub(crate) const ADAPTER: Adapter = Adapter {
    info: CorpusInfo {
        name: "audiofolder",
        title: "Your own recordings, in a folder for each class",
        license: "that of your recordings",
        source: "",
        citation: "",
        obtain: "Put the recordings in folders named by their classes, and give the folder that \
                 holds these; or in such folders in train and test. A metadata.csv beside them \
                 with file_name,label,speaker names the speakers, which makes speaker-independent \
                 splits possible.",
        languages: &[],
        labels: &[],
        splits: &[Split::Random, Split::Speaker, Split::LeaveOneSpeakerOut, Split::Given],
        utterances: None,
        speakers: None,
    },
    open,
    expected: Vec::new,
    class_counts: uncounted,
    speaker_group: "audiofolder",
    known_duplicates: &[],
    published: &[],
};

const LAYOUT: &str = "LABEL/*.wav, or train/LABEL/*.wav and test/LABEL/*.wav, or metadata.csv with \
                      file_name and label, or *.parquet with the recordings";

/// Deep enough to report recordings that lie too deep.
const MAX_DEPTH: usize = 5;

/// Names looked for in the root and in the folders of a split.
const METADATA: [&str; 3] = ["metadata.csv", "metadata.jsonl", "metadata.parquet"];

/// How deep Parquet files lie: `CONFIGURATION/train/0000.parquet`.
const SHARD_DEPTH: usize = 4;

fn open(root: &Path) -> Result<Corpus, CorpusError> {
    let Listing { recordings: files, mut left_out } =
        walk::recordings(ADAPTER.info.name, root, MAX_DEPTH)?;
    let lists = walk::files(ADAPTER.info.name, root, 2, &["csv", "jsonl", parquet::EXTENSION])?;
    let lists: Vec<PathBuf> = lists
        .into_iter()
        .map(|found| found.path)
        .filter(|path| METADATA.iter().any(|name| path.ends_with(name)))
        .collect();
    let (table, malformed) = match (lists.is_empty(), files.is_empty()) {
        (false, _) => (by_lists(root, &lists)?, Vec::new()),
        (true, false) => by_folders(root, &files),
        (true, true) => {
            left_out.retain(|left| !is_shard(&left.example));
            (by_shards(root)?, Vec::new())
        }
    };
    if table.rows.is_empty() {
        return Err(CorpusError::NoUtterances {
            corpus: ADAPTER.info.name,
            root: root.to_owned(),
            expected: LAYOUT,
            found: malformed.first().map_or(String::new(), |MalformedFile { path, reason }| {
                format!("; {} {reason}", path.display())
            }),
        });
    }
    // Named for the folder, as a manifest.csv in it would be.
    let mut corpus = manifest::corpus(&root.join("manifest"), root, table)?;
    if !lists.is_empty() {
        let listed: BTreeSet<PathBuf> = corpus.utterances.iter().map(|u| plain(&u.path)).collect();
        let not_listed = || files.iter().filter(|found| !listed.contains(&plain(&found.path)));
        if let Some(first) = not_listed().next() {
            let (reason, example) = (LeftOutReason::NotListed, first.path.clone());
            left_out.push(LeftOut { reason, files: not_listed().count(), example });
        }
    }
    corpus.notes.malformed = malformed;
    corpus.notes.left_out = left_out;
    Ok(corpus)
}

/// The path without `.` and doubled separators, to compare it with others.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|component| !matches!(component, Component::CurDir)).collect()
}

/// Rows from the names of the folders, and the files that lie elsewhere.
fn by_folders(root: &Path, files: &[walk::Found]) -> (Table, Vec<MalformedFile>) {
    let (mut table, mut malformed) = (Table::default(), Vec::new());
    for found in files {
        let path = found.path.clone();
        let names = below(root, &path);
        let place = match names.as_deref() {
            None => Err("has a name that is not UTF-8; rename it"),
            Some([_]) => Err("lies in no folder of a class"),
            Some([label, _]) if Part::named(label).is_some() => {
                Err("lies in a part of the split, but in no folder of a class there")
            }
            Some([label, _]) => Ok(("", label)),
            Some([part, label, _]) if Part::named(part).is_some() => Ok((part.as_str(), label)),
            Some(_) => Err("lies too deep; its folder should be its class"),
        };
        match place {
            Ok((part, label)) => {
                let mut row = Row::new(table.rows.len() + 1);
                row.set(Column::Path, &names.as_deref().unwrap_or_default().join("/"));
                row.set(Column::Label, label);
                row.set(Column::Split, part);
                table.rows.push(row);
            }
            Err(reason) => malformed.push(MalformedFile { path, reason: reason.to_owned() }),
        }
    }
    (table, malformed)
}

/// The names of the folders below the root, and of the file.
fn below(root: &Path, path: &Path) -> Option<Vec<String>> {
    let names = path.strip_prefix(root).ok()?.components().map(|component| match component {
        Component::Normal(name) => name.to_str().map(str::to_owned),
        _ => None,
    });
    names.collect()
}

/// Whether a file is a table of recordings.
fn is_shard(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case(parquet::EXTENSION))
}

/// Rows of all Parquet files.
fn by_shards(root: &Path) -> Result<Table, CorpusError> {
    let mut all = Table::default();
    for found in walk::files(ADAPTER.info.name, root, SHARD_DEPTH, &[parquet::EXTENSION])? {
        let names = below(root, &found.path);
        let name = names.map_or_else(|| found.stem.clone(), |names| names.join("/"));
        let Table { mut rows, unused } = manifest::read_parquet(&found.path, &name)?;
        if let Some(part) = part_of(&found) {
            for row in rows.iter_mut().filter(|row| row.get(Column::Split).is_none()) {
                row.set(Column::Split, &part.to_string());
            }
        }
        all.unused.extend(unused);
        all.rows.append(&mut rows);
    }
    Ok(all)
}

/// The part of the split that the name of a Parquet file begins with, or that its folder is named by.
fn part_of(file: &walk::Found) -> Option<Part> {
    let first = file.stem.split(['-', '_', '.']).next().unwrap_or_default();
    Part::named(first).or_else(|| Part::named(&file.folder))
}

/// Rows from the metadata, their paths made relative to the root.
fn by_lists(root: &Path, lists: &[PathBuf]) -> Result<Table, CorpusError> {
    let mut all = Table::default();
    for list in lists {
        let Table { rows, unused } = manifest::read(list)?;
        all.unused.extend(unused);
        let folder = below(root, list).and_then(|names| match <[String; 2]>::try_from(names) {
            Ok([folder, _]) => Some(folder),
            Err(_) => None,
        });
        for mut row in rows {
            // A recording in a row of the list has no path below the folder.
            if row.embedded {
                all.rows.push(row);
                continue;
            }
            if let (Some(folder), Some(path)) = (&folder, row.get(Column::Path)) {
                let path = format!("{folder}/{path}");
                row.set(Column::Path, &path);
                if row.get(Column::Split).is_none() && Part::named(folder).is_some() {
                    row.set(Column::Split, folder);
                }
            }
            all.rows.push(row);
        }
    }
    Ok(all)
}
