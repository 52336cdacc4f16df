//! EMO-DB: the Berlin database of emotional speech.
//!
//! Ten actors speak ten German sentences in seven emotions; the 535 utterances that listeners
//! recognised are the release. A name is `03a01Fa`: speaker, text, the first letter of the emotion
//! in German, version (<http://emodb.bilderbar.info/docu/>). The counts of the classes are those of
//! EmoBox's listing (<https://github.com/emo-box/EmoBox>, data/emodb).
//!
//! Release 2.0 (<https://zenodo.org/records/16273947>) has further recordings of the same speakers, and
//! beside `wav` a folder `laryngo` with a laryngograph's signal of each under the same name: it is no
//! speech and is ignored. Counts are compared where there are no more than the 535 utterances.

use std::path::Path;

use crate::filename_scan::{self, FileKind};
use crate::registry::{Adapter, CorpusInfo, scanned};
use crate::walk::Found;
use crate::{Corpus, CorpusError, Remark, Sex, Split, Utterance};

/// Letter, German word, our word; the labels are in this order.
const EMOTIONS: [(char, &str); 7] = [
    ('W', "angry"),   // Wut (Ärger)
    ('L', "bored"),   // Langeweile
    ('E', "disgust"), // Ekel
    ('A', "fearful"), // Angst
    ('F', "happy"),   // Freude
    ('N', "neutral"),
    ('T', "sad"), // Trauer
];

const LABELS: &[&str] = &["angry", "bored", "disgust", "fearful", "happy", "neutral", "sad"];

/// Utterances of each class in the release.
const COUNTS: &[usize] = &[127, 81, 46, 69, 71, 79, 62];

/// Utterances of the release of 2005.
const RELEASE: usize = 535;

const SPEAKERS: [(&str, Sex); 10] = [
    ("03", Sex::Male),
    ("08", Sex::Female),
    ("09", Sex::Female),
    ("10", Sex::Male),
    ("11", Sex::Male),
    ("12", Sex::Male),
    ("13", Sex::Female),
    ("14", Sex::Female),
    ("15", Sex::Male),
    ("16", Sex::Female),
];

const TEXTS: [(&str, &str); 10] = [
    ("a01", "Der Lappen liegt auf dem Eisschrank."),
    ("a02", "Das will sie am Mittwoch abgeben."),
    ("a04", "Heute abend könnte ich es ihm sagen."),
    ("a05", "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück."),
    ("a07", "In sieben Stunden wird es soweit sein."),
    ("b01", "Was sind denn das für Tüten, die da unter dem Tisch stehen?"),
    ("b02", "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter."),
    ("b03", "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht."),
    ("b09", "Ich will das eben wegbringen und dann mit Karl was trinken gehen."),
    ("b10", "Die wird auf dem Platz sein, wo wir sie immer hinlegen."),
];

pub(crate) const ADAPTER: Adapter = Adapter {
    info: CorpusInfo {
        name: "emo-db",
        title: "EMO-DB, Berlin database of emotional speech (German)",
        license: "free to use; cite the paper",
        source: "http://emodb.bilderbar.info/",
        citation: "Burkhardt F, Paeschke A, Rolfes M, Sendlmeier WF, Weiss B (2005). A database of \
                   German emotional speech. Proc. Interspeech 2005, 1517-1520.",
        obtain: "`clstm corpus download emo-db --output DIR`. Or: download the archive (about 40 MB) from the source and unpack it; give the folder \
                 that holds wav.",
        languages: &["de"],
        labels: LABELS,
        splits: &[
            Split::Random,
            Split::Speaker,
            Split::Text,
            Split::TextSpeaker,
            Split::LeaveOneSpeakerOut,
        ],
        utterances: Some(RELEASE),
        speakers: Some(10),
    },
    open,
    expected: Vec::new,
    class_counts: |corpus| if corpus.utterances.len() > RELEASE { &[] } else { COUNTS },
    speaker_group: "emo-db",
    known_duplicates: &[],
    published: &[],
};

const LAYOUT: &str = "wav/03a01Fa.wav (speaker, text, emotion, version)";

/// Root, a nesting folder, `wav`, the file.
const MAX_DEPTH: usize = 3;

fn open(root: &Path) -> Result<Corpus, CorpusError> {
    let mut scan = filename_scan::by_names(ADAPTER.info.name, root, MAX_DEPTH, classify)?;
    let found = scan.utterances.len();
    if found > RELEASE {
        scan.notes.remarks.push(Remark::LargerThanRelease { found, release: RELEASE });
    }
    scanned(&ADAPTER.info, LAYOUT, root, scan)
}

fn classify(found: &Found) -> Result<FileKind, String> {
    if found.folder.to_ascii_lowercase().starts_with("laryngo") {
        return Ok(FileKind::Ignored("laryngograph"));
    }
    let name = found.stem.as_str();
    let parts = name.is_ascii().then(|| Some((name.get(..2)?, name.get(2..5)?, name.get(5..)?)));
    let Some((speaker, text, rest)) = parts.flatten() else {
        return Err(format!("{name:?} is not a name of 6 or 7 letters such as 03a01Fa"));
    };
    let Some(&(speaker, sex)) = SPEAKERS.iter().find(|(s, _)| *s == speaker) else {
        return Err(format!("there is no speaker {speaker:?}"));
    };
    let Some((_, statement)) = TEXTS.iter().find(|(code, _)| *code == text) else {
        return Err(format!("there is no text {text:?}"));
    };
    let mut letters = rest.chars();
    let emotion = letters.next();
    let Some(label) = EMOTIONS.iter().position(|(letter, _)| Some(*letter) == emotion) else {
        return Err(format!("the emotion of {name:?} is none of W, L, E, A, F, N and T"));
    };
    // Versions are lettered where there are several.
    let version = match (letters.next(), letters.next()) {
        (None, _) => None,
        (Some(version @ 'a'..='z'), None) => Some(version as u8 - b'a' + 1),
        _ => return Err(format!("{:?} is not a version, one letter from a", &rest[1..])),
    };
    Ok(FileKind::Utterance(Utterance {
        id: name.to_owned(),
        label,
        speaker: speaker.to_owned(),
        sex: Some(sex),
        statement: Some((*statement).to_owned()),
        repetition: version,
        ..Utterance::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_agree() {
        assert!(EMOTIONS.iter().map(|(_, label)| label).eq(LABELS));
        assert_eq!(Some(COUNTS.iter().sum()), ADAPTER.info.utterances);
        assert_eq!(SPEAKERS.iter().filter(|(_, sex)| *sex == Sex::Female).count(), 5);
    }
}
