//! MELD: the multimodal EmotionLines dataset.
//!
//! Dialogues of the series *Friends*, 13,708 utterances in seven emotions, with an official division
//! into training, validation ("dev") and test, which [`Split::Given`] follows. Its speakers, the six
//! leads above all, are in all three. The labels are in `train_sent_emo.csv`, `dev_sent_emo.csv`
//! and `test_sent_emo.csv` (columns Speaker, Emotion, Dialogue_ID, Utterance_ID;
//! <https://github.com/declare-lab/MELD>, data/MELD); dialogues are numbered from 0 in each part, so
//! that ids here are `train_dia0_utt0`.
//!
//! The release holds MP4 videos: their sound has to be extracted once, beside them or in folders
//! `train`, `dev` and `test`. Two neutral utterances are left out, as in EmoBox's 13,706: of one the
//! release has no video, that of the other is broken.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use clstm_audio::{MAX_LIST_BYTES, read_bounded};

use crate::filename_scan::Scan;
use crate::manifest::csv_records;
use crate::registry::{Adapter, CorpusInfo, scanned};
use crate::split::on_given_split;
use crate::{Corpus, CorpusError, MalformedFile, Part, Remark, Split, Utterance, walk};

const CODES: [&str; 7] = ["anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"];
const LABELS: &[&str] = &["angry", "disgust", "fearful", "happy", "neutral", "sad", "surprised"];

/// Rows of each class in the three lists together, without [`BROKEN`]: those of EmoBox's listing
/// (<https://github.com/emo-box/EmoBox>, data/meld).
const COUNTS: &[usize] = &[1607, 361, 358, 2308, 6434, 1002, 1636];

/// Listed, but without a video in the release that can be read.
const BROKEN: [&str; 2] = ["train_dia125_utt3", "dev_dia110_utt7"];

/// The parts: list, and the folders that their recordings are looked for in, anywhere below the
/// root; the second is what the release calls it.
const PARTS: [(Part, &str, &str, &str); 3] = [
    (Part::Train, "train", "train_sent_emo.csv", "train_splits"),
    (Part::Validation, "dev", "dev_sent_emo.csv", "dev_splits_complete"),
    (Part::Test, "test", "test_sent_emo.csv", "output_repeated_splits_test"),
];

pub(crate) const ADAPTER: Adapter = Adapter {
    info: CorpusInfo {
        name: "meld",
        title: "MELD, Multimodal EmotionLines Dataset (audio)",
        license: "GPL-3.0 for the annotation; the recordings are of a television series",
        source: "https://affective-meld.github.io/",
        citation: "Poria S, Hazarika D, Majumder N, Naik G, Cambria E, Mihalcea R (2019). MELD: A \
                   Multimodal Multi-Party Dataset for Emotion Recognition in Conversations. Proc. \
                   ACL 2019, 527-536.",
        obtain: "Get MELD.Raw.tar.gz by the source's link (about 10 GB) and unpack it and the \
                 archives in it. Extract the sound beside each video, in every folder of videos: \
                 for f in *.mp4; do ffmpeg -i $f -vn -ac 1 -ar 16000 ${f%.mp4}.wav; done. Give the \
                 folder that holds train_sent_emo.csv, dev_sent_emo.csv and test_sent_emo.csv.",
        languages: &["en"],
        labels: LABELS,
        splits: &[Split::Given, Split::Random, Split::Speaker],
        utterances: Some(13_706),
        speakers: None,
    },
    open,
    expected: Vec::new,
    class_counts: |corpus| {
        let has = |part| corpus.utterances.iter().any(|u| u.part == Some(part));
        if PARTS.iter().all(|(part, ..)| has(*part)) { COUNTS } else { &[] }
    },
    speaker_group: "meld",
    known_duplicates: &[],
    published: &[],
};

const LAYOUT: &str = "train_sent_emo.csv, dev_sent_emo.csv, test_sent_emo.csv, and \
                      train/dia0_utt0.wav (or .flac, .mp3) and so on in train, dev and test";

/// What to run in each folder of videos.
const EXTRACT: &str = "for f in *.mp4; do ffmpeg -i $f -vn -ac 1 -ar 16000 ${f%.mp4}.wav; done";

/// Root, two nesting folders (`train/train_splits`), the file, and one more that mirrors have.
const MAX_DEPTH: usize = 4;

fn open(root: &Path) -> Result<Corpus, CorpusError> {
    let mut scan = Scan::default();
    let mut recordings: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut videos = 0;
    for found in walk::recordings(ADAPTER.info.name, root, MAX_DEPTH)?.recordings {
        if found.extension == "mp4" {
            videos += 1;
        } else if let Some(part) = part_of(&found.path, root) {
            recordings.entry(format!("{part}_{}", found.stem)).or_insert(found.path);
        }
    }
    let lists = walk::files(ADAPTER.info.name, root, 2, &["csv"])?;
    for (part, name, file, _) in PARTS {
        let at = |list: &&walk::Found| list.path.file_name().is_some_and(|f| f == file);
        // Sorted by path, so the nearest to the root by depth.
        let Some(list) = lists.iter().filter(at).min_by_key(|list| list.depth) else { continue };
        let rows = read_bounded(&list.path, MAX_LIST_BYTES).map_err(|e| e.to_string());
        let rows = rows.and_then(|bytes| rows_of(&String::from_utf8_lossy(&bytes)));
        let rows = rows.unwrap_or_else(|reason| vec![Err(format!("cannot be used: {reason}"))]);
        for row in rows {
            let row = match row {
                Ok(row) => row,
                Err(reason) => {
                    let path = list.path.clone();
                    scan.notes.malformed.push(MalformedFile { path, reason });
                    continue;
                }
            };
            let id = format!("{name}_dia{}_utt{}", row.dialogue, row.utterance);
            if BROKEN.contains(&id.as_str()) {
                *scan.notes.ignored.entry("broken".to_owned()).or_default() += 1;
                continue;
            }
            let Some(path) = recordings.get(&id) else {
                scan.notes.missing.push(id);
                continue;
            };
            scan.utterances.push(Utterance {
                id,
                path: path.clone(),
                label: row.label,
                speaker: row.speaker,
                part: Some(part),
                ..Utterance::default()
            });
        }
    }
    scan.notes.missing.sort();
    if videos > 0 {
        scan.notes.ignored.insert("mp4".to_owned(), videos);
    }
    if scan.utterances.is_empty() && videos > 0 {
        return Err(CorpusError::NoUtterances {
            corpus: ADAPTER.info.name,
            root: root.to_owned(),
            expected: LAYOUT,
            found: format!(
                "; {videos} mp4 files, whose sound has to be extracted first: {EXTRACT}"
            ),
        });
    }
    if !scan.notes.missing.is_empty() && videos > 0 {
        let missing = scan.notes.missing.len();
        scan.notes.remarks.push(Remark::NoSound { missing, command: EXTRACT });
    }
    let mut corpus = scanned(&ADAPTER.info, LAYOUT, root, scan)?;
    let remarks = on_given_split(&corpus);
    corpus.notes.remarks.extend(remarks);
    Ok(corpus)
}

/// The part that a recording is of, by the folders it lies in.
fn part_of(path: &Path, root: &Path) -> Option<&'static str> {
    let below = path.strip_prefix(root).ok()?.parent()?;
    let folders = below.components().rev().filter_map(|component| match component {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    let part = |folder: &str| {
        PARTS.iter().find(|(_, name, _, official)| folder == *name || folder == *official)
    };
    folders.filter_map(part).map(|(_, name, ..)| *name).next()
}

/// A row of a list.
struct Row {
    dialogue: u32,
    utterance: u32,
    speaker: String,
    label: usize,
}

fn rows_of(text: &str) -> Result<Vec<Result<Row, String>>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut records = csv_records::read(text).map_err(|problem| problem.to_string())?.into_iter();
    let header = records.next().ok_or("it is empty")?.fields;
    let place = |name: &str| {
        let at = header.iter().position(|field| field.eq_ignore_ascii_case(name));
        at.ok_or_else(|| format!("it has no column {name}"))
    };
    let (speaker, emotion) = (place("Speaker")?, place("Emotion")?);
    let (dialogue, utterance) = (place("Dialogue_ID")?, place("Utterance_ID")?);
    let row = |record: csv_records::Record| {
        let wrong = |what: &str| format!("line {}: {what}", record.line);
        let field = |at: usize| record.fields.get(at).map(String::as_str).unwrap_or_default();
        let number = |at: usize| field(at).parse::<u32>().map_err(|_| wrong("no number"));
        let label = CODES.iter().position(|code| code.eq_ignore_ascii_case(field(emotion)));
        Ok(Row {
            dialogue: number(dialogue)?,
            utterance: number(utterance)?,
            speaker: field(speaker).to_owned(),
            label: label.ok_or_else(|| wrong("the emotion is none of the seven"))?,
        })
    };
    Ok(records.map(row).collect())
}
