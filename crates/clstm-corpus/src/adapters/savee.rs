//! SAVEE: the Surrey audio-visual expressed emotion database.
//!
//! Four men (DC, JE, JK, KL) speak 15 sentences in each of six emotions and 30 neutral: 480
//! utterances. The official layout is `AudioData/DC/a01.wav`; mirrors have `ALL/DC_a01.wav`. Either
//! way the id is `DC_a01`. The first letters are the emotion, the digits the sentence
//! (AudioData/Info.txt of the release).

use std::path::Path;

use crate::filename_scan::{self, FileKind};
use crate::registry::{Adapter, CorpusInfo, Expected, PublishedFolds, scanned, uncounted};
use crate::walk::Found;
use crate::{Corpus, CorpusError, Sex, Split, Utterance};

const CODES: [&str; 7] = ["a", "d", "f", "h", "n", "sa", "su"];
const LABELS: &[&str] = &["angry", "disgust", "fearful", "happy", "neutral", "sad", "surprised"];
const SPEAKERS: [&str; 4] = ["DC", "JE", "JK", "KL"];

pub(crate) const ADAPTER: Adapter = Adapter {
    info: CorpusInfo {
        name: "savee",
        title: "SAVEE, Surrey Audio-Visual Expressed Emotion (audio)",
        license: "for research only, by registration",
        source: "http://kahlan.eps.surrey.ac.uk/savee/",
        citation: "Haq S, Jackson PJB (2010). Multimodal emotion recognition. In Wang W (ed.), \
                   Machine Audition: Principles, Algorithms and Systems, IGI Global, 398-423.",
        obtain: "Register with the form at the source; an account to download AudioData.zip comes \
                 by mail. Give the folder that holds AudioData.",
        languages: &["en"],
        labels: LABELS,
        splits: &[Split::Random, Split::Speaker, Split::EmoBox, Split::LeaveOneSpeakerOut],
        utterances: Some(480),
        speakers: Some(4),
    },
    open,
    expected,
    class_counts: uncounted,
    speaker_group: "savee",
    known_duplicates: &[],
    // Ma et al. (2024), EmoBox, data/savee/fold_1 to fold_4.
    published: &[(
        Split::EmoBox,
        PublishedFolds::TestSpeakers(&[&["JE"], &["KL"], &["DC"], &["JK"]]),
    )],
};

const LAYOUT: &str = "AudioData/DC/a01.wav or ALL/DC_a01.wav (speaker, emotion, sentence)";

/// Root, a nesting folder, `AudioData`, the speaker's folder, the file.
const MAX_DEPTH: usize = 4;

fn open(root: &Path) -> Result<Corpus, CorpusError> {
    let found = filename_scan::by_names(ADAPTER.info.name, root, MAX_DEPTH, classify)?;
    scanned(&ADAPTER.info, LAYOUT, root, found)
}

fn classify(found: &Found) -> Result<FileKind, String> {
    let (speaker, name) = match found.stem.split_once('_') {
        Some(parts) => parts,
        None => (found.folder.as_str(), found.stem.as_str()),
    };
    let Some(speaker) = SPEAKERS.into_iter().find(|s| *s == speaker) else {
        return Err(format!("speaker is {speaker:?}, not one of {}", SPEAKERS.join(", ")));
    };
    let (code, sentence) = name.split_at(name.find(|c: char| c.is_ascii_digit()).unwrap_or(0));
    let Some(label) = CODES.iter().position(|c| *c == code) else {
        return Err(format!("emotion is {code:?}, not one of {}", CODES.join(", ")));
    };
    let last = sentences(label);
    match sentence.parse() {
        Ok(number) if sentence.len() == 2 && (1..=last).contains(&number) => {
            Ok(FileKind::Utterance(utterance(speaker, label, number)))
        }
        _ => Err(format!("sentence is {sentence:?}, not 01 to {last}")),
    }
}

/// How many sentences there are of a class, by one speaker.
fn sentences(label: usize) -> u8 {
    if LABELS[label] == "neutral" { 30 } else { 15 }
}

fn utterance(speaker: &str, label: usize, sentence: u8) -> Utterance {
    Utterance {
        id: format!("{speaker}_{}{sentence:02}", CODES[label]),
        label,
        speaker: speaker.to_owned(),
        sex: Some(Sex::Male),
        ..Utterance::default()
    }
}

fn expected() -> Vec<Expected> {
    let of = |speaker: &'static str| {
        (0..LABELS.len()).flat_map(move |label| {
            (1..=sentences(label)).map(move |number| {
                let Utterance { id, label, speaker, .. } = utterance(speaker, label, number);
                Expected { id, label, speaker }
            })
        })
    };
    SPEAKERS.into_iter().flat_map(of).collect()
}
