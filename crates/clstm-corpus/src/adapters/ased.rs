//! ASED: the Amharic speech emotion dataset, version 1 (Retta et al. 2023,
//! <https://doi.org/10.1145/3529759>).
//!
//! 65 speakers (25 women, 40 men) of four dialects, five emotions, 2,474 recordings. A name is
//! `n1-01-02-01-42`: emotion, sentence, repetition, sex (01 female, 02 male), speaker; folders are
//! `01Neutral` to `05Angry`. Sentences 01 and 02 are spoken in every emotion, 03 to 07 are others for
//! each emotion, 27 in all: there the words reveal the class, and a random split measures the words as
//! much as the emotion. One file of the release is named `S4-...` instead of `s4-...`, and five have the
//! wrong sex in their names: a speaker has the sex of most of the names. Four pairs of recordings are
//! identical.

use std::collections::BTreeMap;
use std::path::Path;

use crate::filename_scan::{self, FileKind};
use crate::registry::{Adapter, CorpusInfo, PublishedFolds, scanned};
use crate::walk::Found;
use crate::{Corpus, CorpusError, Sex, Split, Utterance};

/// Code of the name, folder; the labels are in this order.
const EMOTIONS: [(&str, &str); 5] = [
    ("n1", "01Neutral"),
    ("f2", "02Fearful"),
    ("h3", "03Happy"),
    ("s4", "04Sad"),
    ("a5", "05Angry"),
];
const LABELS: &[&str] = &["neutral", "fearful", "happy", "sad", "angry"];

/// Recordings of each class in the release.
const COUNTS: &[usize] = &[522, 510, 486, 470, 486];

const SPEAKERS: u8 = 65;

/// The sentences that are the same for all emotions.
const COMMON: u8 = 2;
const SENTENCES: u8 = 7;

pub(crate) const ADAPTER: Adapter = Adapter {
    info: CorpusInfo {
        name: "ased",
        title: "ASED, Amharic Speech Emotion Dataset (version 1)",
        license: "none stated; cite the paper",
        source: "https://github.com/Ethio2021/ASED_V1",
        citation: "Retta EA, Almekhlafi E, Sutcliffe R, Mhamed M, Ali H, Feng J (2023). A New Amharic \
                   Speech Emotion Dataset and Classification Benchmark. ACM Transactions on Asian and \
                   Low-Resource Language Information Processing 22(1). \
                   https://doi.org/10.1145/3529759",
        obtain: "Download the source; give the folder that holds 01Neutral to 05Angry.",
        languages: &["am"],
        labels: LABELS,
        splits: &[
            Split::Random,
            Split::Speaker,
            Split::EmoBox,
            Split::Text,
            Split::TextSpeaker,
            Split::LeaveOneSpeakerOut,
        ],
        utterances: Some(2474),
        speakers: Some(65),
    },
    open,
    expected: Vec::new,
    class_counts: |_| COUNTS,
    speaker_group: "ased",
    known_duplicates: &[
        &["n1-07-01-02-53", "n1-07-02-02-53"],
        &["h3-01-01-02-08", "h3-01-02-02-08"],
        &["s4-03-01-01-23", "s4-03-02-01-23"],
        &["a5-07-01-02-63", "a5-07-02-02-63"],
    ],
    // Ma et al. (2024), EmoBox, data/ased/fold_1.
    published: &[(Split::EmoBox, PublishedFolds::TestIds(&[include_str!("emobox/ased_test.txt")]))],
};

const LAYOUT: &str = "01Neutral/n1-01-02-01-42.wav (emotion, sentence, repetition, sex, speaker)";

/// Root, a nesting folder, the folder of the emotion, the file.
const MAX_DEPTH: usize = 3;

fn open(root: &Path) -> Result<Corpus, CorpusError> {
    let mut scan = filename_scan::by_names(ADAPTER.info.name, root, MAX_DEPTH, classify)?;
    let mut women: BTreeMap<String, i32> = BTreeMap::new();
    for utterance in &scan.utterances {
        let more = if utterance.sex == Some(Sex::Female) { 1 } else { -1 };
        *women.entry(utterance.speaker.clone()).or_default() += more;
    }
    for utterance in &mut scan.utterances {
        let female = women.get(&utterance.speaker).is_some_and(|&more| more > 0);
        utterance.sex = Some(if female { Sex::Female } else { Sex::Male });
    }
    scanned(&ADAPTER.info, LAYOUT, root, scan)
}

fn classify(found: &Found) -> Result<FileKind, String> {
    let fields: Vec<&str> = found.stem.split('-').collect();
    let &[code, sentence, repetition, sex, speaker] = fields.as_slice() else {
        return Err(format!("the name has {} fields joined by \"-\", not 5", fields.len()));
    };
    let emotion = EMOTIONS.iter().position(|(known, _)| known.eq_ignore_ascii_case(code));
    let Some(label) = emotion else {
        let codes = EMOTIONS.map(|(code, _)| code).join(", ");
        return Err(format!("emotion is {code:?}, not one of {codes}"));
    };
    let folder = EMOTIONS.iter().position(|(_, name)| name.eq_ignore_ascii_case(&found.folder));
    if folder.is_some_and(|folder| folder != label) {
        return Err(format!(
            "lies in {:?}, but its name is of class {}",
            found.folder, LABELS[label]
        ));
    }
    let sentence = number("sentence", sentence, SENTENCES)?;
    let repetition = number("repetition", repetition, 2)?;
    let sex = number("sex", sex, 2)?;
    number("speaker", speaker, SPEAKERS)?;
    Ok(FileKind::Utterance(Utterance {
        id: found.stem.clone(),
        label,
        speaker: speaker.to_owned(),
        statement: Some(match sentence {
            1..=COMMON => format!("sentence {sentence}"),
            _ => format!("{} sentence {sentence}", LABELS[label]),
        }),
        sex: Some(if sex == 1 { Sex::Female } else { Sex::Male }),
        repetition: Some(repetition),
        ..Utterance::default()
    }))
}

/// A field of two digits from 01 to `max`.
fn number(what: &str, text: &str, max: u8) -> Result<u8, String> {
    match text.parse::<u8>() {
        Ok(value) if text.len() == 2 && (1..=max).contains(&value) => Ok(value),
        _ => Err(format!("{what} is {text:?}, not 01 to {max:02}")),
    }
}
