//! The lists of EmoBox in their own layout.
//!
//! EmoBox (Ma et al. 2024, <https://github.com/emo-box/EmoBox>) describes 32 corpora by JSON Lines in
//! `data/NAME`: `{"key": "emodb-03a01Wa", "dataset": "emodb", "wav":
//! "downloads/emodb/wav/03a01Wa.wav", "type": "raw", "emo": "anger", ...}`. The argument is one of
//!
//! - a list, such as `data/emodb/emodb.jsonl`;
//! - a fold, `data/meld/fold_1`: its `_train_`, `_valid_` and `_test_` lists are a given split;
//! - a corpus, `data/emodb`: the `_test_` lists of `fold_1` to `fold_K` are given folds; where there
//!   is `fold_1` alone, it is that fold.
//!
//! Paths start at EmoBox's own folder, the one that holds `data`; the folders of the corpora beside the
//! lists, and recordings in another format, are found as well. `label_map.json` merges labels, where it
//! is there. The lists do not name speakers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clstm_audio::{EXTENSIONS, MAX_SETTINGS_BYTES, read_text_bounded};

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
                 describes; give data/NAME, data/NAME/fold_K or a list.",
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
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // EmoBox is two folders above EmoBox/data/NAME; errors name the places that EmoBox means.
    let home = absolute.ancestors().nth(2).unwrap_or(Path::new(""));
    // Its cross-corpus lists have no column for it, but a file name such as SAVEE_selected....jsonl.
    let stem = absolute.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let named = stem.split('_').next().unwrap_or_default();
    let mut place = None;
    for row in &mut all.rows {
        let Some(written) = row.get(Column::Path).map(str::to_owned) else { continue };
        let dataset = row.extra.get("dataset").map_or(named, String::as_str);
        let place = place.get_or_insert_with(|| Place::find(&absolute, &written, dataset));
        row.file = place.as_ref().and_then(|place| place.file(&written));
    }
    let name = absolute.file_stem().unwrap_or_default();
    manifest::corpus(&home.join(name), path, all)
}

/// Folders of corpora that EmoBox names otherwise.
const FOLDERS: [(&str, &str); 2] = [("cremad", "crema-d"), ("emodb", "emo-db")];

/// Where the recordings lie: at the path as written below `base`, without its first `skip` folders.
/// EmoBox writes `downloads/cremad/AudioWAV/1001_DFA_ANG_XX.wav`; a folder of the corpus beside the
/// lists and any other format serve as well.
struct Place {
    base: PathBuf,
    skip: usize,
}

impl Place {
    /// The place of the first recording of a list, searched in all folders above the list.
    fn find(list: &Path, written: &str, dataset: &str) -> Option<Self> {
        let folders = FOLDERS.iter().filter(|(theirs, _)| dataset == *theirs);
        let names: Vec<&str> =
            std::iter::once(dataset).chain(folders.map(|(_, ours)| *ours)).collect();
        let parts = written.split('/').count();
        list.ancestors().skip(1).find_map(|above| {
            // A file name alone identifies a recording in a folder with the corpus' name only: `a.wav` in a folder above the
            // list may be anything.
            let named = names.iter().map(|name| (above.join(name), parts));
            let mut bases =
                std::iter::once((above.to_owned(), parts.saturating_sub(1))).chain(named);
            bases.find_map(|(base, most)| {
                let mut places = (0..most).map(|skip| Self { base: base.clone(), skip });
                places.find(|place| place.file(written).is_some())
            })
        })
    }

    /// The file of a path as written, in any readable format.
    fn file(&self, written: &str) -> Option<PathBuf> {
        let parts: PathBuf = written.split('/').skip(self.skip).collect();
        let file = self.base.join(parts);
        let other = || EXTENSIONS.iter().map(|extension| file.with_extension(extension));
        match file.is_file() {
            true => Some(file),
            false => other().find(|file| file.is_file()),
        }
    }
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
    let text = read_text_bounded(&file, MAX_SETTINGS_BYTES).ok()?;
    Some((file, text))
}
