//! TESS: the Toronto emotional speech set.
//!
//! Two actresses, of 26 and 64 years, speak 200 words in the carrier phrase "Say the word ..." in
//! seven emotions: 2,800 recordings, 400 a class. A name is `OAF_back_angry` (older or younger
//! actress, word, emotion; `ps` is pleasant surprise). The folders, one for each actress and
//! emotion, are not read, because mirrors spell them differently or have none. One file of the release
//! is named `OA_bite_neutral`; its id is `OAF_bite_neutral`, as in EmoBox's list.

use std::path::Path;

use crate::filename_scan::{self, FileKind};
use crate::registry::{Adapter, CorpusInfo, PublishedFolds, scanned};
use crate::walk::Found;
use crate::{Corpus, CorpusError, Sex, Split, Utterance};

const CODES: [&str; 7] = ["angry", "disgust", "fear", "happy", "neutral", "sad", "ps"];
const LABELS: &[&str] = &["angry", "disgust", "fearful", "happy", "neutral", "sad", "surprised"];

/// Recordings of each class in the release: 200 words by two speakers.
const COUNTS: &[usize] = &[400; LABELS.len()];

pub(crate) const ADAPTER: Adapter = Adapter {
    info: CorpusInfo {
        name: "tess",
        title: "TESS, Toronto Emotional Speech Set (surprised: pleasant surprise)",
        license: "CC BY-NC-ND 4.0",
        source: "https://doi.org/10.5683/SP2/E8H2MF",
        citation: "Pichora-Fuller MK, Dupuis K (2020). Toronto emotional speech set (TESS). \
                   Borealis. https://doi.org/10.5683/SP2/E8H2MF",
        obtain: "`clstm corpus download tess --output DIR`. Or: download all files from the source and unpack them; give the folder that holds \
                 the WAV files or their folders.",
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
        utterances: Some(2800),
        speakers: Some(2),
    },
    open,
    expected: Vec::new,
    class_counts: |_| COUNTS,
    speaker_group: "tess",
    known_duplicates: &[],
    // Ma et al. (2024), EmoBox, data/tess/fold_1: both speakers are on both sides.
    published: &[(Split::EmoBox, PublishedFolds::TestIds(&[include_str!("emobox/tess_test.txt")]))],
};

const LAYOUT: &str = "OAF_angry/OAF_back_angry.wav (speaker, word, emotion), in folders or not";

/// Root, up to two nesting folders, the folder of speaker and emotion, the file.
const MAX_DEPTH: usize = 4;

fn open(root: &Path) -> Result<Corpus, CorpusError> {
    let found = filename_scan::by_names(ADAPTER.info.name, root, MAX_DEPTH, classify)?;
    scanned(&ADAPTER.info, LAYOUT, root, found)
}

fn classify(found: &Found) -> Result<FileKind, String> {
    let fields: Vec<&str> = found.stem.split('_').collect();
    let &[speaker, word, emotion] = fields.as_slice() else {
        return Err(format!("the name has {} fields joined by \"_\", not 3", fields.len()));
    };
    let speaker = match speaker {
        "OAF" | "OA" => "OAF",
        "YAF" => "YAF",
        _ => return Err(format!("speaker is {speaker:?}, not OAF or YAF")),
    };
    let Some(label) = CODES.iter().position(|code| *code == emotion) else {
        return Err(format!("emotion is {emotion:?}, not one of {}", CODES.join(", ")));
    };
    if word.is_empty() {
        return Err("the name has no word".to_owned());
    }
    Ok(FileKind::Utterance(Utterance {
        id: format!("{speaker}_{word}_{emotion}"),
        label,
        speaker: speaker.to_owned(),
        sex: Some(Sex::Female),
        statement: Some(format!("Say the word {word}")),
        ..Utterance::default()
    }))
}
