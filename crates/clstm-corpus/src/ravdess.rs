//! RAVDESS: the Ryerson Audio-Visual Database of Emotional Speech and Song.
//!
//! 24 actors speak two sentences in eight emotions, twice, at two intensities (neutral has one):
//! 60 recordings an actor, 1,440 in all. Audio-only speech is used; song and video are passed
//! over and counted.
//!
//! The layout is that of the Zenodo release, `Actor_XX/03-01-EE-II-SS-RR-XX.wav`, either directly
//! in the folder given or one folder further down (`Audio_Speech_Actors_01-24/Actor_XX/...`); FLAC
//! serves as well as WAV.
//!
//! Where one utterance has several files (WAV and FLAC, or the doubled folder in which some
//! mirrors ship it) it is still one utterance: the file nearest the root is used, WAV before FLAC
//! as the release is WAV, then by path. The others are recorded in
//! [`ScanNotes::doubled`](crate::ScanNotes::doubled), and `check` fails on them, for which file
//! was used should not be a matter of precedence.

mod name;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::corpus::{DoubledUtterance, MalformedFile};
use crate::registry::{Adapter, CorpusInfo, Expected, Scan, scanned};
use crate::walk::{self, Found};
use crate::{Corpus, CorpusError, Sex, Split, Utterance};
use name::{Kind, Name};

/// Class names in the order of the codes 01 to 08.
const LABELS: &[&str] =
    &["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"];

/// The spoken sentences, in the order of the codes 01 and 02.
const STATEMENTS: [&str; 2] = ["Kids are talking by the door", "Dogs are sitting by the door"];

pub(crate) const ADAPTER: Adapter = Adapter {
    info: CorpusInfo {
        name: "ravdess",
        title: "Ryerson Audio-Visual Database of Emotional Speech and Song (speech, audio only)",
        licence: "CC BY-NC-SA 4.0",
        source: "https://zenodo.org/records/1188976",
        citation: "Livingstone SR, Russo FA (2018). The Ryerson Audio-Visual Database of \
                   Emotional Speech and Song (RAVDESS). PLoS ONE 13(5): e0196391. \
                   https://doi.org/10.1371/journal.pone.0196391",
        obtain: "Download Audio_Speech_Actors_01-24.zip (208 MB) from the source and unpack it; \
                 give the folder that holds Actor_01 to Actor_24.",
        labels: LABELS,
        splits: &[Split::Random, Split::Speaker, Split::EmoBox],
        utterances: Some(1440),
        speakers: Some(24),
    },
    open,
    expected,
    known_duplicates: &[&["03-01-03-01-02-01-07", "03-01-03-01-02-02-07"]],
    // Ma et al. (2024), EmoBox: https://github.com/emo-box/EmoBox, data/ravdess/fold_1 to fold_6.
    emobox: &[
        &["01", "11", "20", "21"],
        &["04", "10", "12", "14"],
        &["08", "09", "19", "23"],
        &["03", "05", "07", "24"],
        &["02", "15", "16", "18"],
        &["06", "13", "17", "22"],
    ],
};

const LAYOUT: &str =
    "Actor_XX/03-01-EE-II-SS-RR-XX.wav (or .flac), as in Audio_Speech_Actors_01-24.zip";

/// Root, one nesting folder, the actor's folder, the file.
const MAX_DEPTH: usize = 3;

fn open(root: &Path) -> Result<Corpus, CorpusError> {
    scanned(&ADAPTER.info, LAYOUT, root, scan(root)?)
}

fn scan(root: &Path) -> Result<Scan, CorpusError> {
    let mut scan = Scan::default();
    let mut candidates: BTreeMap<String, Vec<(Name, Found)>> = BTreeMap::new();
    for found in walk::files("ravdess", root, MAX_DEPTH, &["wav", "flac", "mp4"])? {
        match classify(&found) {
            Ok(Kind::Speech(name)) => {
                candidates.entry(found.stem.clone()).or_default().push((name, found));
            }
            Ok(Kind::Song) => *scan.notes.ignored.entry("song".to_owned()).or_default() += 1,
            Ok(Kind::Video) => *scan.notes.ignored.entry("video".to_owned()).or_default() += 1,
            Err(reason) => {
                scan.notes.malformed.push(MalformedFile { path: found.path, reason });
            }
        }
    }
    for (id, mut files) in candidates {
        files.sort_by_cached_key(|(_, f)| (f.depth, f.extension != "wav", f.path.clone()));
        let mut files = files.into_iter();
        let Some((name, kept)) = files.next() else { continue };
        let ignored: Vec<_> = files.map(|(_, f)| f.path).collect();
        if !ignored.is_empty() {
            let kept = kept.path.clone();
            scan.notes.doubled.push(DoubledUtterance { id: id.clone(), kept, ignored });
        }
        scan.utterances.push(utterance(id, kept.path, &name));
    }
    Ok(scan)
}

/// Judges a file by its name, and where that makes it an utterance by its folder and extension.
fn classify(found: &Found) -> Result<Kind, String> {
    let kind = name::parse(&found.stem)?;
    if let Kind::Speech(name) = &kind {
        if found.extension == "mp4" {
            return Err("named as audio (modality 03), but is a video file".to_owned());
        }
        let folder = format!("Actor_{:02}", name.actor);
        if !found.folder.eq_ignore_ascii_case(&folder) {
            return Err(format!("lies in {:?}, but its name puts it in {folder}", found.folder));
        }
    }
    Ok(kind)
}

fn utterance(id: String, path: PathBuf, name: &Name) -> Utterance {
    Utterance {
        id,
        path,
        label: name.emotion - 1,
        speaker: format!("{:02}", name.actor),
        // Livingstone & Russo (2018): odd-numbered actors are male, even-numbered female.
        sex: Some(if name.actor.is_multiple_of(2) { Sex::Female } else { Sex::Male }),
        session: None,
        statement: STATEMENTS.get(name.statement - 1).map(|&s| s.to_owned()),
        repetition: Some(name.repetition),
        intensity: Some(name.intensity),
    }
}

fn expected() -> Vec<Expected> {
    name::all()
        .map(|name| {
            let u = utterance(name.to_string(), PathBuf::new(), &name);
            Expected { id: u.id, label: u.label, speaker: u.speaker }
        })
        .collect()
}
