//! The lists of EmoBox, as they are.
//!
//! EmoBox (Ma et al. 2024, <https://github.com/emo-box/EmoBox>) describes 32 corpora by JSON Lines in
//! `data/NAME`: `{"key": "emodb-03a01Wa", "dataset": "emodb", "wav":
//! "downloads/emodb/wav/03a01Wa.wav", "type": "raw", "emo": "anger", ...}`. What is given is one of
//!
//! - a list, such as `data/emodb/emodb.jsonl`;
//! - a fold, `data/meld/fold_1`: its `_train_`, `_valid_` and `_test_` lists are a given split;
//! - a corpus, `data/emodb`: the `_test_` lists of `fold_1` to `fold_K` are given folds; where there
//!   is `fold_1` alone, it is that fold.
//!
//! Paths start at EmoBox's own folder, the one that holds `data`. Labels are merged as
//! `label_map.json` says, where there is one. The lists do not name speakers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::manifest::{self, Column, Table};
use crate::registry::{Adapter, CorpusInfo, uncounted};
use crate::{Corpus, CorpusError, Split};

pub(crate) const ADAPTER: Adapter = Adapter {
    info: CorpusInfo {
        name: "emobox-list",
        title: "A corpus as EmoBox lists it, with EmoBox's folds",
        license: "that of the corpus",
        source: "https://github.com/emo-box/EmoBox",
        citation: "Ma Z, Chen M, Zhang H, Zheng Z, Chen W, Li X, Ye J, Chen X, Hain T (2024). \
                   EmoBox: Multilingual Multi-corpus Speech Emotion Recognition Toolkit and \
                   Benchmark. Proc. Interspeech 2024. https://arxiv.org/abs/2406.07162",
        obtain: "Clone the source and put the recordings in its folder downloads, as its README \
                 says; give data/NAME, data/NAME/fold_K or a list.",
        languages: &[],
        labels: &[],
        splits: &[Split::Random, Split::Given],
        utterances: None,
        speakers: None,
    },
    open,
    expected: Vec::new,
    class_counts: uncounted,
    speaker_group: "emobox-list",
    known_duplicates: &[],
    published: &[],
};

/// A list to read, and a column to set in all its rows.
type List = (PathBuf, Option<(Column, String)>);

fn open(path: &Path) -> Result<Corpus, CorpusError> {
    let refused = |problem: String| CorpusError::Manifest {
        path: path.to_owned(),
        problem,
        rows: Vec::new(),
    };
    let lists = lists(path).map_err(|error| refused(format!("cannot be listed: {error}")))?;
    if lists.is_empty() {
        let problem = "holds no lists of EmoBox; give data/NAME with fold_1 and so on, one of \
                       these, or a .jsonl file";
        return Err(refused(problem.to_owned()));
    }
    let mut all = Table::default();
    for (list, place) in &lists {
        let Table { rows, unused } = manifest::read(list)?;
        all.unused.extend(unused);
        for mut row in rows {
            if let Some((column, value)) = place {
                row.set(*column, value);
            }
            all.rows.push(row);
        }
    }
    if let Some((file, map)) = label_map(path) {
        let map: BTreeMap<String, String> = serde_json::from_str(&map).map_err(|error| {
            refused(format!("{} is not a map of labels: {error}", file.display()))
        })?;
        for row in &mut all.rows {
            if let Some(merged) = row.get(Column::Label).and_then(|label| map.get(label)) {
                row.set(Column::Label, merged);
            }
        }
    }
    let recording = all.rows.iter().find_map(|row| row.get(Column::Path)).unwrap_or_default();
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let home = absolute.ancestors().skip(1).find(|folder| folder.join(recording).is_file());
    // Where no folder above holds it, the error tells of the place that EmoBox means: EmoBox is
    // two folders above EmoBox/data/NAME.
    let home = home.or_else(|| absolute.ancestors().nth(2)).unwrap_or(Path::new(""));
    let name = absolute.file_stem().unwrap_or_default();
    manifest::corpus(&home.join(name), path, all)
}

fn lists(path: &Path) -> std::io::Result<Vec<List>> {
    if path.is_file() {
        return Ok(vec![(path.to_owned(), None)]);
    }
    let folds: Vec<(usize, PathBuf)> = (1..)
        .map(|number| (number, path.join(format!("fold_{number}"))))
        .take_while(|(_, fold)| fold.is_dir())
        .collect();
    match folds.as_slice() {
        [] => parts(path),
        [(_, only)] => parts(only),
        _ => {
            let mut lists = Vec::new();
            for (number, fold) in &folds {
                let place = Some((Column::Fold, number.to_string()));
                lists.extend(list_of(fold, "_test_")?.map(|list| (list, place)));
            }
            Ok(lists)
        }
    }
}

/// The lists of one fold.
fn parts(fold: &Path) -> std::io::Result<Vec<List>> {
    let mut lists = Vec::new();
    for (infix, part) in [("_train_", "train"), ("_valid_", "validation"), ("_test_", "test")] {
        let place = Some((Column::Split, part.to_owned()));
        lists.extend(list_of(fold, infix)?.map(|list| (list, place)));
    }
    Ok(lists)
}

/// The list of a fold with this in its name. Some folders hold both `..._fold1.jsonl` and
/// `..._fold_1.jsonl`: the second is used, for every corpus has it.
fn list_of(fold: &Path, infix: &str) -> std::io::Result<Option<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(fold)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".jsonl") && name.contains(infix) {
            found.push((!name.contains("_fold_"), path));
        }
    }
    Ok(found.into_iter().min().map(|(_, path)| path))
}

/// The text of `label_map.json` in the corpus's folder, where there is one.
fn label_map(path: &Path) -> Option<(PathBuf, String)> {
    let near = [Some(path), path.parent()].into_iter().flatten();
    let file = near.map(|folder| folder.join("label_map.json")).find(|file| file.is_file())?;
    let text = std::fs::read_to_string(&file).ok()?;
    Some((file, text))
}
