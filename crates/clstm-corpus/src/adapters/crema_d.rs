//! CREMA-D: the crowd-sourced emotional multimodal actors dataset.
//!
//! 91 actors (48 male, 43 female) speak twelve sentences in six emotions, 7,442 clips. A name is
//! `1001_DFA_ANG_XX`: actor, sentence, emotion, level (low, medium, high or unspecified; see
//! <https://cheyneycomputerscience.github.io/CREMA-D>). The label is the emotion acted; what listeners
//! of the sound alone chose is in the votes, from `processedResults/tabulatedVotes.csv`, where it is
//! there. Counts of the classes: EmoBox's listing (<https://github.com/emo-box/EmoBox>, data/cremad).
//! The sexes are in `VideoDemographics.csv`; without it they are unknown.
//!
//! Known faults of the release: one clip is silent and is left out, so that 7,441 are used; one file is
//! named `1040_ITH_SAD_X` instead of `..._XX`, which is its id here and in the votes; three pairs of
//! identical clips have conflicting labels.

use std::collections::BTreeMap;
use std::path::Path;

use super::table::Table;
use crate::filename_scan::{self, FileKind};
use crate::registry::{Adapter, CorpusInfo, PublishedFolds, scanned};
use crate::walk::Found;
use crate::{Corpus, CorpusError, Intensity, Remark, Sex, Split, Utterance};

const CODES: [&str; 6] = ["ANG", "DIS", "FEA", "HAP", "NEU", "SAD"];
const LABELS: &[&str] = &["angry", "disgust", "fearful", "happy", "neutral", "sad"];

/// Clips of each class in the release, without [`SILENT`].
const COUNTS: &[usize] = &[1271, 1271, 1271, 1271, 1087, 1270];

/// Left out: all its samples are zero.
const SILENT: &str = "1076_MTI_SAD_XX";

const SENTENCES: [(&str, &str); 12] = [
    ("DFA", "Don't forget a jacket"),
    ("IEO", "It's eleven o'clock"),
    ("IOM", "I'm on my way to the meeting"),
    ("ITH", "I think I have a doctor's appointment"),
    ("ITS", "I think I've seen this before"),
    ("IWL", "I would like a new alarm clock"),
    ("IWW", "I wonder what this is about"),
    ("MTI", "Maybe tomorrow it will be cold"),
    ("TAI", "The airplane is almost full"),
    ("TIE", "That is exactly what happened"),
    ("TSI", "The surface is slick"),
    ("WSI", "We'll stop in a couple of minutes"),
];

/// The levels; that of most clips is not specified.
const LEVELS: [(&str, Option<Intensity>); 4] = [
    ("LO", Some(Intensity::Low)),
    ("MD", Some(Intensity::Medium)),
    ("HI", Some(Intensity::High)),
    ("XX", None),
];

/// The misnamed file, and its name in the votes.
const MISNAMED: (&str, &str) = ("1040_ITH_SAD_X", "1040_ITH_SAD_XX");

/// Columns of the votes, in the order of [`LABELS`].
const VOTES: [&str; 6] = ["A", "D", "F", "H", "N", "S"];

pub(crate) const ADAPTER: Adapter = Adapter {
    info: CorpusInfo {
        name: "crema-d",
        title: "CREMA-D, Crowd-sourced Emotional Multimodal Actors Dataset (audio)",
        license: "Open Database License 1.0; contents under the Database Contents License 1.0",
        source: "https://github.com/CheyneyComputerScience/CREMA-D",
        citation: "Cao H, Cooper DG, Keutmann MK, Gur RC, Nenkova A, Verma R (2014). CREMA-D: \
                   Crowd-sourced Emotional Multimodal Actors Dataset. IEEE Transactions on \
                   Affective Computing 5(4), 377-390. https://doi.org/10.1109/TAFFC.2014.2336244",
        obtain: "`clstm corpus download crema-d --output DIR`. Or: install git-lfs and clone the source (its zip file holds pointers only); give the \
                 folder that holds AudioWAV and VideoDemographics.csv.",
        languages: &["en"],
        labels: LABELS,
        splits: &[
            Split::Random,
            Split::Speaker,
            Split::EmoBox,
            Split::Text,
            Split::TextSpeaker,
            Split::LeaveOneSpeakerOut,
        ],
        utterances: Some(7442),
        speakers: Some(91),
    },
    open,
    expected: Vec::new,
    class_counts: |_| COUNTS,
    speaker_group: "crema-d",
    known_duplicates: &[
        &["1006_TIE_HAP_XX", "1006_TIE_NEU_XX"],
        &["1013_WSI_DIS_XX", "1013_WSI_SAD_XX"],
        &["1017_IWW_ANG_XX", "1017_IWW_FEA_XX"],
    ],
    // Ma et al. (2024), EmoBox, data/cremad/fold_1, without the silent clip: speakers are on both sides.
    published: &[(
        Split::EmoBox,
        PublishedFolds::TestIds(&[include_str!("emobox/crema_d_test.txt")]),
    )],
};

const LAYOUT: &str = "AudioWAV/1001_DFA_ANG_XX.wav (actor, sentence, emotion, level)";

/// Root, a nesting folder, `AudioWAV`, the file.
const MAX_DEPTH: usize = 3;

/// Folders that the tables are looked for in, relative to the folder given.
const TABLE_FOLDERS: [&str; 4] = ["", "official", "..", "../official"];

fn open(root: &Path) -> Result<Corpus, CorpusError> {
    let mut scan = filename_scan::by_names(ADAPTER.info.name, root, MAX_DEPTH, classify)?;
    let read = |name: &str| {
        let files = TABLE_FOLDERS.iter().map(|folder| root.join(folder).join(name));
        files.filter_map(|file| Table::commas(&file)).next()
    };
    let sexes = sexes(read("VideoDemographics.csv").as_ref());
    if sexes.is_empty() {
        let unknown =
            "the sexes of the actors are not known, and speaker folds do not balance them";
        scan.notes.remarks.push(Remark::NoTable { file: "VideoDemographics.csv", unknown });
    }
    let votes = votes(read("processedResults/tabulatedVotes.csv").as_ref());
    for utterance in &mut scan.utterances {
        utterance.sex = sexes.get(&utterance.speaker).copied();
        utterance.votes = votes.get(&utterance.id).cloned().unwrap_or_default();
    }
    scanned(&ADAPTER.info, LAYOUT, root, scan)
}

fn classify(found: &Found) -> Result<FileKind, String> {
    let stem = if found.stem == MISNAMED.0 { MISNAMED.1 } else { found.stem.as_str() };
    let fields: Vec<&str> = stem.split('_').collect();
    let &[actor, sentence, emotion, level] = fields.as_slice() else {
        return Err(format!("the name has {} fields joined by \"_\", not 4", fields.len()));
    };
    if !actor.parse::<u16>().is_ok_and(|number| (1001..=1091).contains(&number)) {
        return Err(format!("actor is {actor:?}, not 1001 to 1091"));
    }
    let Some((_, statement)) = SENTENCES.iter().find(|(code, _)| *code == sentence) else {
        return Err(format!("there is no sentence {sentence:?}"));
    };
    let Some(label) = CODES.iter().position(|code| *code == emotion) else {
        return Err(format!("emotion is {emotion:?}, not one of {}", CODES.join(", ")));
    };
    let Some((_, intensity)) = LEVELS.iter().find(|(code, _)| *code == level) else {
        return Err(format!("level is {level:?}, not LO, MD, HI or XX"));
    };
    if stem == SILENT {
        return Ok(FileKind::Ignored("silent"));
    }
    Ok(FileKind::Utterance(Utterance {
        id: stem.to_owned(),
        label,
        speaker: actor.to_owned(),
        statement: Some((*statement).to_owned()),
        intensity: *intensity,
        ..Utterance::default()
    }))
}

/// The sexes by actor; rows without one are skipped.
fn sexes(table: Option<&Table>) -> BTreeMap<String, Sex> {
    let rows = table.into_iter().flat_map(|table| table.rows(["ActorID", "Sex"]));
    rows.filter_map(|[actor, sex]| Some((actor.to_owned(), Sex::named(sex)?))).collect()
}

/// The votes by id. The table has three rows for each clip, for listeners of the sound, viewers of the
/// face, and both; the numbers of the first begin with 1 (`100001`).
fn votes(table: Option<&Table>) -> BTreeMap<String, Vec<f32>> {
    let [a, d, f, h, n, s] = VOTES;
    let rows = table.into_iter().flat_map(|table| table.rows(["", "fileName", a, d, f, h, n, s]));
    let of_sound = rows.filter(|[number, ..]| number.starts_with('1'));
    let votes = of_sound.filter_map(|[_, id, counts @ ..]| {
        let counts: Option<Vec<f32>> = counts.iter().map(|count| count.parse().ok()).collect();
        Some((id.to_owned(), counts?))
    });
    votes.collect()
}
