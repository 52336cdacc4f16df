//! RAVDESS: the Ryerson Audio-Visual Database of Emotional Speech and Song.
//!
//! 24 actors speak two sentences in eight emotions, twice, at two intensities (neutral has one):
//! 60 recordings an actor, 1,440 in all. Of these audio-only speech is used. The songs are a corpus of
//! their own, `ravdess-song`; each passes over and counts the other's files and the videos.
//!
//! The layout is that of the Zenodo release, `Actor_XX/03-01-EE-II-SS-RR-XX.wav`, either directly
//! in the folder given or one folder further down (`Audio_Speech_Actors_01-24/Actor_XX/...`); FLAC
//! serves as well as WAV.
//!
//! Where one utterance has several files (WAV and FLAC, or the duplicate_files folder in which some
//! mirrors ship it) it is still one utterance: the file nearest the root is used, WAV before FLAC
//! as the release is WAV, then by path. The others are recorded in
//! [`ScanNotes::duplicate_files`](crate::ScanNotes::duplicate_files), and `check` fails on them, for which file
//! was used should not be a matter of precedence.

mod name;

use std::path::{Path, PathBuf};

use crate::filename_scan::{self, FileKind, Scan};
use crate::registry::{Adapter, CorpusInfo, Expected, PublishedFolds, scanned, uncounted};
use crate::walk::Found;
use crate::{Corpus, CorpusError, Sex, Split, Utterance};
use name::{Channel, Kind, Name};

/// Class names in the order of the codes 01 to 08.
const LABELS: &[&str] =
    &["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"];

/// The spoken sentences, in the order of the codes 01 and 02.
const STATEMENTS: [&str; 2] = ["Kids are talking by the door", "Dogs are sitting by the door"];

pub(crate) const ADAPTER: Adapter = Adapter {
    info: CorpusInfo {
        name: "ravdess",
        title: "Ryerson Audio-Visual Database of Emotional Speech and Song (speech, audio only)",
        license: "CC BY-NC-SA 4.0",
        source: "https://zenodo.org/records/1188976",
        citation: "Livingstone SR, Russo FA (2018). The Ryerson Audio-Visual Database of \
                   Emotional Speech and Song (RAVDESS). PLoS ONE 13(5): e0196391. \
                   https://doi.org/10.1371/journal.pone.0196391",
        obtain: "`clstm corpus download ravdess --output DIR`. Or: download Audio_Speech_Actors_01-24.zip (208 MB) from the source and unpack it; \
                 give the folder that holds Actor_01 to Actor_24.",
        languages: &["en"],
        labels: LABELS,
        splits: &[
            Split::Random,
            Split::Speaker,
            Split::EmoBox,
            Split::LunaJimenez,
            Split::Text,
            Split::TextSpeaker,
            Split::LeaveOneSpeakerOut,
        ],
        utterances: Some(1440),
        speakers: Some(24),
    },
    open: |root| open(root, Channel::Speech),
    expected: || expected(Channel::Speech),
    class_counts: uncounted,
    speaker_group: "ravdess",
    known_duplicates: &[&["03-01-03-01-02-01-07", "03-01-03-01-02-02-07"]],
    published: &[
        (Split::EmoBox, PublishedFolds::TestSpeakers(EMOBOX)),
        (Split::LunaJimenez, PublishedFolds::TestSpeakers(LUNA_JIMENEZ)),
    ],
};

/// Ma et al. (2024), EmoBox: <https://github.com/emo-box/EmoBox>, data/ravdess/fold_1 to fold_6.
const EMOBOX: &[&[&str]] = &[
    &["01", "11", "20", "21"],
    &["04", "10", "12", "14"],
    &["08", "09", "19", "23"],
    &["03", "05", "07", "24"],
    &["02", "15", "16", "18"],
    &["06", "13", "17", "22"],
];

/// Luna-Jiménez et al. (2021), Sensors 21(22), 7665.
const LUNA_JIMENEZ: &[&[&str]] = &[
    &["02", "05", "14", "15", "16"],
    &["03", "06", "07", "13", "18"],
    &["10", "11", "12", "19", "20"],
    &["08", "17", "21", "23", "24"],
    &["01", "04", "09", "22"],
];

/// The songs: 23 actors (18 has none) in six emotions, 44 recordings an actor, 1,012 in all
/// (<https://zenodo.org/records/1188976>).
pub(crate) const SONG: Adapter = Adapter {
    info: CorpusInfo {
        name: "ravdess-song",
        title: "Ryerson Audio-Visual Database of Emotional Speech and Song (song, audio only)",
        obtain: "`clstm corpus download ravdess-song --output DIR`. Or: download Audio_Song_Actors_01-24.zip from the source and unpack it; give the \
                 folder that holds Actor_01 to Actor_24.",
        labels: SUNG,
        splits: &[
            Split::Random,
            Split::Speaker,
            Split::Text,
            Split::TextSpeaker,
            Split::LeaveOneSpeakerOut,
        ],
        utterances: Some(1012),
        speakers: Some(23),
        ..ADAPTER.info
    },
    open: |root| open(root, Channel::Song),
    expected: || expected(Channel::Song),
    class_counts: uncounted,
    speaker_group: "ravdess",
    known_duplicates: &[],
    published: &[],
};

/// Those of the classes that are sung, which come first.
const SUNG: &[&str] = LABELS.split_at(name::SUNG_EMOTIONS as usize).0;

const SONG_LAYOUT: &str =
    "Actor_XX/03-02-EE-II-SS-RR-XX.wav (or .flac), as in Audio_Song_Actors_01-24.zip";

const LAYOUT: &str =
    "Actor_XX/03-01-EE-II-SS-RR-XX.wav (or .flac), as in Audio_Speech_Actors_01-24.zip";

/// Root, one nesting folder, the actor's folder, the file.
const MAX_DEPTH: usize = 3;

fn open(root: &Path, channel: Channel) -> Result<Corpus, CorpusError> {
    let (adapter, layout) = match channel {
        Channel::Speech => (&ADAPTER, LAYOUT),
        Channel::Song => (&SONG, SONG_LAYOUT),
    };
    let found: Scan = filename_scan::by_names(adapter.info.name, root, MAX_DEPTH, |found| {
        classify(found, channel)
    })?;
    scanned(&adapter.info, layout, root, found)
}

/// Reads the name of a file; where it is one of an utterance, checks its folder and extension.
fn classify(found: &Found, wanted: Channel) -> Result<FileKind, String> {
    let name = match name::parse(&found.stem)? {
        Kind::Video => return Ok(FileKind::Ignored("video")),
        Kind::Audio(name) if name.channel != wanted => {
            return Ok(FileKind::Ignored(match name.channel {
                Channel::Speech => "speech",
                Channel::Song => "song",
            }));
        }
        Kind::Audio(name) => name,
    };
    if found.extension == "mp4" {
        return Err("named as audio (modality 03), but is a video file".to_owned());
    }
    let folder = format!("Actor_{:02}", name.actor);
    if !found.folder.eq_ignore_ascii_case(&folder) {
        return Err(format!("lies in {:?}, but its name puts it in {folder}", found.folder));
    }
    Ok(FileKind::Utterance(utterance(&name)))
}

fn utterance(name: &Name) -> Utterance {
    Utterance {
        id: name.to_string(),
        path: PathBuf::new(),
        label: name.emotion - 1,
        speaker: format!("{:02}", name.actor),
        // Livingstone & Russo (2018): odd-numbered actors are male, even-numbered female.
        sex: Some(if name.actor.is_multiple_of(2) { Sex::Female } else { Sex::Male }),
        statement: STATEMENTS.get(name.statement - 1).map(|&s| s.to_owned()),
        repetition: Some(name.repetition),
        intensity: Some(name.intensity),
        ..Utterance::default()
    }
}

fn expected(channel: Channel) -> Vec<Expected> {
    name::all(channel)
        .map(|name| {
            let u = utterance(&name);
            Expected { id: u.id, label: u.label, speaker: u.speaker }
        })
        .collect()
}
