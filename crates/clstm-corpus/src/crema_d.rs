//! CREMA-D: the crowd-sourced emotional multimodal actors dataset.
//!
//! 91 actors (48 male, 43 female) speak twelve sentences in six emotions, 7,442 clips. A name is
//! `1001_DFA_ANG_XX`: actor, sentence, emotion, level (low, medium, high or unspecified; see
//! <https://cheyneycomputerscience.github.io/CREMA-D>). The label is the emotion acted, not the one
//! that the crowd heard. Counts of the classes: EmoBox's listing
//! (<https://github.com/emo-box/EmoBox>, data/cremad). One clip holds no sound and is left out, so that
//! 7,441 are used. The sexes stand in `VideoDemographics.csv`;
//! without it they are not known.

use std::collections::BTreeMap;
use std::path::Path;

use crate::manifest::records;
use crate::registry::{Adapter, CorpusInfo, scanned};
use crate::scan::{self, Judged};
use crate::walk::Found;
use crate::{Corpus, CorpusError, Sex, Split, Utterance};

const CODES: [&str; 6] = ["ANG", "DIS", "FEA", "HAP", "NEU", "SAD"];
const LABELS: &[&str] = &["angry", "disgust", "fearful", "happy", "neutral", "sad"];

/// Clips of each class in the release, without [`SILENT`].
const COUNTS: &[usize] = &[1271, 1271, 1271, 1271, 1087, 1270];

/// Left out: all its samples are zero, and nothing can be learnt of or asked about them.
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

/// `X` is how one name of the release is written.
const LEVELS: [&str; 5] = ["LO", "MD", "HI", "XX", "X"];

pub(crate) const ADAPTER: Adapter = Adapter {
    info: CorpusInfo {
        name: "crema-d",
        title: "CREMA-D, Crowd-sourced Emotional Multimodal Actors Dataset (audio)",
        licence: "Open Database License 1.0; contents under the Database Contents License 1.0",
        source: "https://github.com/CheyneyComputerScience/CREMA-D",
        citation: "Cao H, Cooper DG, Keutmann MK, Gur RC, Nenkova A, Verma R (2014). CREMA-D: \
                   Crowd-sourced Emotional Multimodal Actors Dataset. IEEE Transactions on \
                   Affective Computing 5(4), 377-390. https://doi.org/10.1109/TAFFC.2014.2336244",
        obtain: "`clstm corpus download crema-d --to DIR`. Or: install git-lfs and clone the source (its zip file holds pointers only); give the \
                 folder that holds AudioWAV and VideoDemographics.csv.",
        labels: LABELS,
        splits: &[Split::Random, Split::Speaker, Split::LeaveOneSpeakerOut],
        utterances: Some(7442),
        speakers: Some(91),
    },
    open,
    expected: Vec::new,
    class_counts: |_| COUNTS,
    people: "crema-d",
    known_duplicates: &[],
    published: &[],
};

const LAYOUT: &str = "AudioWAV/1001_DFA_ANG_XX.wav (actor, sentence, emotion, level)";

/// Root, a nesting folder, `AudioWAV`, the file.
const MAX_DEPTH: usize = 3;

fn open(root: &Path) -> Result<Corpus, CorpusError> {
    let mut found = scan::by_names(ADAPTER.info.name, root, MAX_DEPTH, &["wav", "flac"], judge)?;
    let near = [Some(root), root.parent()].into_iter().flatten();
    let table = near.map(|folder| folder.join("VideoDemographics.csv")).find(|file| file.is_file());
    let sexes = table.and_then(|file| Some(sexes(&std::fs::read_to_string(file).ok()?)));
    match sexes.filter(|sexes| !sexes.is_empty()) {
        Some(sexes) => {
            for utterance in &mut found.utterances {
                utterance.sex = sexes.get(&utterance.speaker).copied();
            }
        }
        None => found.notes.remarks.push(
            "no VideoDemographics.csv that can be read: the sexes of the actors are not known, and \
             speaker folds do not share them out"
                .to_owned(),
        ),
    }
    scanned(&ADAPTER.info, LAYOUT, root, found)
}

fn judge(found: &Found) -> Result<Judged, String> {
    let fields: Vec<&str> = found.stem.split('_').collect();
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
    if !LEVELS.contains(&level) {
        return Err(format!("level is {level:?}, not LO, MD, HI or XX"));
    }
    if found.stem == SILENT {
        return Ok(Judged::PassedOver("silent"));
    }
    Ok(Judged::Utterance(Utterance {
        id: found.stem.clone(),
        label,
        speaker: actor.to_owned(),
        statement: Some((*statement).to_owned()),
        ..Utterance::default()
    }))
}

/// The sexes by actor; rows that say nothing of use are passed over.
fn sexes(table: &str) -> BTreeMap<String, Sex> {
    let mut rows = records::read(table).unwrap_or_default().into_iter();
    let header = rows.next().map(|row| row.fields).unwrap_or_default();
    let place = |name: &str| header.iter().position(|field| field.eq_ignore_ascii_case(name));
    let (Some(actor), Some(sex)) = (place("ActorID"), place("Sex")) else {
        return BTreeMap::new();
    };
    rows.filter_map(|row| {
        let sex = match row.fields.get(sex)?.to_ascii_lowercase().as_str() {
            "female" => Sex::Female,
            "male" => Sex::Male,
            _ => return None,
        };
        Some((row.fields.get(actor)?.clone(), sex))
    })
    .collect()
}
