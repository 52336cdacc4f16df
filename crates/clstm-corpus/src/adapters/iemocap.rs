//! IEMOCAP: the interactive emotional dyadic motion capture database, full release.
//!
//! Five sessions, each of a woman and a man, who speak scripts and improvise. The labels are those
//! that most of the listeners gave (`SessionN/dialog/EmoEvaluation/DIALOG.txt`), the audio lies cut
//! into turns in `SessionN/sentences/wav/DIALOG/TURN.wav`. A turn is named
//! `Ses01F_impro07_M003`: session, the one with the markers, scenario, speaker, number; so the
//! speaker of this one is `Ses01M`.
//!
//! `iemocap` has the four classes of the paper's Table 2, excited counted as happy: angry 1,103,
//! sad 1,084, happy 595 + 1,041 = 1,636, neutral 1,708. `iemocap-6` has six: excited and frustrated
//! (1,849) are classes of their own. Turns of other labels are counted and left out. The counts are
//! compared where all five sessions are there.

mod evaluation;

use std::path::{Path, PathBuf};

use clstm_audio::{EXTENSIONS, MAX_LIST_BYTES, read_bounded};

use crate::filename_scan::Scan;
use crate::registry::{Adapter, CorpusInfo, PublishedFolds, scanned};
use crate::{Corpus, CorpusError, MalformedFile, Sex, Split, Style, Utterance, walk};
use evaluation::Turn;

const SESSIONS: [&str; 5] = ["1", "2", "3", "4", "5"];

/// The classes of a corpus, and which of them a label counts as.
struct Classes {
    adapter: &'static Adapter,
    /// Label of the release, class.
    of: &'static [(&'static str, usize)],
}

const FOUR: Classes = Classes {
    adapter: &ADAPTER,
    of: &[("ang", 0), ("sad", 1), ("hap", 2), ("exc", 2), ("neu", 3)],
};

const OF_SIX: Classes = Classes {
    adapter: &SIX,
    of: &[("ang", 0), ("sad", 1), ("hap", 2), ("neu", 3), ("exc", 4), ("fru", 5)],
};

pub(crate) const ADAPTER: Adapter = Adapter {
    info: CorpusInfo {
        name: "iemocap",
        title: "IEMOCAP, Interactive Emotional Dyadic Motion Capture (4 classes, excited as happy)",
        license: "for research, by a signed agreement",
        source: "https://sail.usc.edu/iemocap/iemocap_release.htm",
        citation: "Busso C, Bulut M, Lee C-C, Kazemzadeh A, Mower E, Kim S, Chang JN, Lee S, \
                   Narayanan SS (2008). IEMOCAP: interactive emotional dyadic motion capture \
                   database. Language Resources and Evaluation 42(4), 335-359.",
        obtain: "Fill in the request form at the source; a link to the full release comes by mail. \
                 Unpack it and give the folder that holds Session1 to Session5.",
        languages: &["en"],
        labels: &["angry", "sad", "happy", "neutral"],
        splits: &[
            Split::Random,
            Split::Speaker,
            Split::EmoBox,
            Split::Session,
            Split::LeaveOneSpeakerOut,
        ],
        utterances: Some(5531),
        speakers: Some(10),
    },
    open: |root| open(root, &FOUR),
    expected: Vec::new,
    class_counts: |corpus| whole(corpus, &[1103, 1084, 1636, 1708]),
    speaker_group: "iemocap",
    known_duplicates: &[],
    // Ma et al. (2024), EmoBox, data/iemocap: fold N tests on session N.
    published: &[(
        Split::EmoBox,
        PublishedFolds::TestSpeakers(&[
            &["Ses01F", "Ses01M"],
            &["Ses02F", "Ses02M"],
            &["Ses03F", "Ses03M"],
            &["Ses04F", "Ses04M"],
            &["Ses05F", "Ses05M"],
        ]),
    )],
};

pub(crate) const SIX: Adapter = Adapter {
    info: CorpusInfo {
        name: "iemocap-6",
        title: "IEMOCAP, Interactive Emotional Dyadic Motion Capture (6 classes)",
        labels: &["angry", "sad", "happy", "neutral", "excited", "frustrated"],
        splits: &[Split::Random, Split::Speaker, Split::Session, Split::LeaveOneSpeakerOut],
        utterances: Some(7380),
        ..ADAPTER.info
    },
    open: |root| open(root, &OF_SIX),
    class_counts: |corpus| whole(corpus, &[1103, 1084, 595, 1708, 1041, 1849]),
    published: &[],
    ..ADAPTER
};

const LAYOUT: &str = "SessionN/dialog/EmoEvaluation/*.txt and SessionN/sentences/wav/*/*.wav, as in \
                      the full release";

/// The counts, where the corpus has something of every session.
fn whole(corpus: &Corpus, counts: &'static [usize]) -> &'static [usize] {
    let there =
        |session: &&str| corpus.utterances.iter().any(|u| u.session.as_deref() == Some(*session));
    if SESSIONS.iter().all(there) { counts } else { &[] }
}

fn open(root: &Path, classes: &Classes) -> Result<Corpus, CorpusError> {
    let info = &classes.adapter.info;
    if !root.is_dir() {
        return Err(CorpusError::NotAFolder { corpus: info.name, root: root.to_owned() });
    }
    // Only the folders that matter are listed: the release has motion capture of every frame.
    let nested = root.join("IEMOCAP_full_release");
    let base = if nested.is_dir() { nested.as_path() } else { root };
    let mut scan = Scan::default();
    for session in SESSIONS {
        let session_folder = base.join(format!("Session{session}"));
        let evaluations = session_folder.join("dialog/EmoEvaluation");
        if !evaluations.is_dir() {
            continue;
        }
        for file in walk::files(info.name, &evaluations, 1, &["txt"])? {
            let Ok(bytes) = read_bounded(&file.path, MAX_LIST_BYTES) else {
                let reason = "cannot be read".to_owned();
                scan.notes.malformed.push(MalformedFile { path: file.path, reason });
                continue;
            };
            for turn in evaluation::turns(&String::from_utf8_lossy(&bytes)) {
                let of = |turn: &Turn| classes.of.iter().find(|(label, _)| *label == turn.label);
                let outcome = match turn {
                    Ok(turn) => match of(&turn) {
                        Some(&(_, class)) => utterance(&turn, class, session, &session_folder),
                        None => {
                            let kind = format!("{}-labelled", turn.label);
                            *scan.notes.ignored.entry(kind).or_default() += 1;
                            continue;
                        }
                    },
                    Err(reason) => Err(reason),
                };
                match outcome {
                    Ok(u) if u.path.is_file() => scan.utterances.push(u),
                    Ok(u) => scan.notes.missing.push(u.id),
                    Err(reason) => {
                        let path = file.path.clone();
                        scan.notes.malformed.push(MalformedFile { path, reason });
                    }
                }
            }
        }
    }
    scan.notes.missing.sort();
    scanned(info, LAYOUT, root, scan)
}

/// The utterance that a turn is.
fn utterance(turn: &Turn, label: usize, session: &str, folder: &Path) -> Result<Utterance, String> {
    let name = turn.name.as_str();
    let malformed = || format!("{name:?} is not a turn such as Ses0{session}F_impro01_F000");
    let (dialog, last) = name.rsplit_once('_').ok_or_else(malformed)?;
    let prefix = format!("Ses0{session}");
    let scene = dialog.strip_prefix(&prefix).and_then(|rest| rest.split_once('_'));
    let style = match scene {
        Some(("F" | "M", scene)) if scene.starts_with("impro") => Style::Improvised,
        Some(("F" | "M", scene)) if scene.starts_with("script") => Style::Scripted,
        _ => return Err(malformed()),
    };
    let (letter, sex) = match last.chars().next() {
        Some('F') => ('F', Sex::Female),
        Some('M') => ('M', Sex::Male),
        _ => return Err(malformed()),
    };
    let path: PathBuf = folder.join("sentences/wav").join(dialog);
    let file = |extension: &&str| path.join(format!("{name}.{extension}"));
    let extensions = ["wav", "flac"].iter().chain(EXTENSIONS);
    let found = extensions.map(file).find(|path| path.is_file());
    Ok(Utterance {
        id: name.to_owned(),
        path: found.unwrap_or_else(|| file(&"wav")),
        label,
        speaker: format!("{prefix}{letter}"),
        sex: Some(sex),
        session: Some(session.to_owned()),
        style: Some(style),
        ..Utterance::default()
    })
}
