//! EmoTale: enacted emotional speech in Danish and English (Hjuler et al. 2025,
//! <https://arxiv.org/abs/2508.14548>).
//!
//! 18 speakers enact five sentences in five emotions, 450 recordings in Danish and 350 in English by 14
//! of them. A name is `DK_001_A_1`: language, speaker, emotion (A anger, B boredom, H happiness, N
//! neutral, S sadness), sentence. `annotations.csv` has the judgements of three raters: categories,
//! which become the votes, and arousal, valence and dominance from 1 to 5, which become the ratings; their means
//! are the columns `arousal`, `valence` and `dominance` as well. `speaker_info.csv` has the sexes.

use std::collections::BTreeMap;
use std::path::Path;

use super::table::{self, Table};
use crate::filename_scan::{self, FileKind};
use crate::registry::{Adapter, CorpusInfo, scanned};
use crate::walk::Found;
use crate::{Corpus, CorpusError, Remark, Sex, Split, Utterance};

const CODES: [&str; 5] = ["A", "B", "H", "N", "S"];
const LABELS: &[&str] = &["angry", "bored", "happy", "neutral", "sad"];

/// Recordings of each class in the release.
const COUNTS: &[usize] = &[160; LABELS.len()];

const LANGUAGES: [(&str, &str); 2] = [("DK", "da"), ("EN", "en")];

const SENTENCES: [&str; 5] = ["1", "2", "3", "4", "5"];

/// The scale of the dimensions.
const SCALE: (i32, i32) = (1, 5);

/// Attribute, and its columns by the three raters.
const DIMENSIONS: [(&str, [&str; 3]); 3] = [
    ("arousal", ["a1_A", "a2_A", "a3_A"]),
    ("valence", ["a1_V", "a2_V", "a3_V"]),
    ("dominance", ["a1_D", "a2_D", "a3_D"]),
];

pub(crate) const ADAPTER: Adapter = Adapter {
    info: CorpusInfo {
        name: "emotale",
        title: "EmoTale, enacted emotional speech in Danish and English",
        license: "copyright of the authors; cite the paper, for measuring only",
        source: "https://github.com/snehadas/EmoTale",
        citation: "Hjuler MJ, Skat-Rørdam HV, Clemmensen LH, Das S (2025). EmoTale: An Enacted \
                   Speech-emotion Dataset in Danish. https://arxiv.org/abs/2508.14548",
        obtain: "Follow the source; give the folder that holds annotations.csv, speaker_info.csv and \
                 the recordings.",
        languages: &["da", "en"],
        labels: LABELS,
        splits: &[
            Split::Random,
            Split::Speaker,
            Split::Text,
            Split::TextSpeaker,
            Split::LeaveOneSpeakerOut,
        ],
        utterances: Some(800),
        speakers: Some(18),
    },
    open,
    expected: Vec::new,
    class_counts: |_| COUNTS,
    speaker_group: "emotale",
    known_duplicates: &[],
    published: &[],
};

const LAYOUT: &str =
    "wav/DK_001_A_1.wav (language, speaker, emotion, sentence) and annotations.csv";

/// Root, a nesting folder, `wav`, the file.
const MAX_DEPTH: usize = 3;

fn open(root: &Path) -> Result<Corpus, CorpusError> {
    let mut scan = filename_scan::by_names(ADAPTER.info.name, root, MAX_DEPTH, classify)?;
    let read = |name: &str| table::find(root, name).and_then(|file| Table::commas(&file));
    let sexes = sexes(read("speaker_info.csv").as_ref());
    if sexes.is_empty() {
        let (file, unknown) = ("speaker_info.csv", "the sexes of the speakers are not known");
        scan.notes.remarks.push(Remark::NoTable { file, unknown });
    }
    let (judgements, out_of_scale) = judgements(read("annotations.csv").as_ref());
    if judgements.is_empty() {
        let unknown = "votes, arousal, valence and dominance are not known";
        scan.notes.remarks.push(Remark::NoTable { file: "annotations.csv", unknown });
    }
    if out_of_scale > 0 {
        let (file, ratings) = ("annotations.csv", out_of_scale);
        scan.notes.remarks.push(Remark::OutOfScale { file, ratings, scale: SCALE });
    }
    for utterance in &mut scan.utterances {
        utterance.sex = sexes.get(&utterance.speaker).copied();
        if let Some(judgement) = judgements.get(&utterance.id) {
            utterance.votes.clone_from(&judgement.votes);
            utterance.extra.clone_from(&judgement.means);
            utterance.ratings.clone_from(&judgement.ratings);
        }
    }
    let mut corpus = scanned(&ADAPTER.info, LAYOUT, root, scan)?;
    let found = |id: &String| corpus.utterances.iter().any(|u| u.id == *id);
    corpus.notes.missing = judgements.into_keys().filter(|id| !found(id)).collect();
    Ok(corpus)
}

fn classify(found: &Found) -> Result<FileKind, String> {
    let fields: Vec<&str> = found.stem.split('_').collect();
    let &[language, speaker, emotion, sentence] = fields.as_slice() else {
        return Err(format!("the name has {} fields joined by \"_\", not 4", fields.len()));
    };
    let Some((_, language)) = LANGUAGES.iter().find(|(code, _)| *code == language) else {
        return Err(format!("language is {language:?}, not DK or EN"));
    };
    if speaker.len() != 3 || !speaker.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("speaker is {speaker:?}, not three digits"));
    }
    let Some(label) = CODES.iter().position(|code| *code == emotion) else {
        return Err(format!("emotion is {emotion:?}, not one of {}", CODES.join(", ")));
    };
    if !SENTENCES.contains(&sentence) {
        return Err(format!("sentence is {sentence:?}, not 1 to 5"));
    }
    Ok(FileKind::Utterance(Utterance {
        id: found.stem.clone(),
        label,
        speaker: speaker.to_owned(),
        language: Some((*language).to_owned()),
        statement: Some(format!("{language} sentence {sentence}")),
        ..Utterance::default()
    }))
}

fn sexes(table: Option<&Table>) -> BTreeMap<String, Sex> {
    let rows = table.into_iter().flat_map(|table| table.rows(["speaker", "gender"]));
    rows.filter_map(|[speaker, sex]| Some((speaker.to_owned(), Sex::named(sex)?))).collect()
}

/// What the raters gave one recording.
#[derive(Default)]
struct Judgement {
    votes: Vec<f32>,
    /// By dimension, of each rater.
    ratings: BTreeMap<String, Vec<Option<f64>>>,
    /// By dimension, with two decimals.
    means: BTreeMap<String, String>,
}

/// The judgements by id, and the number of ratings that are given and not on the scale.
fn judgements(table: Option<&Table>) -> (BTreeMap<String, Judgement>, usize) {
    let Some(table) = table else { return (BTreeMap::new(), 0) };
    let mut judgements: BTreeMap<String, Judgement> = table
        .rows(["file", "a1_cat", "a2_cat", "a3_cat"])
        .map(|[file, raters @ ..]| {
            let of = |code: &&str| raters.iter().filter(|vote| *vote == code).count() as f32;
            let votes = CODES.iter().map(of).collect();
            (table::stem(file), Judgement { votes, ..Judgement::default() })
        })
        .collect();
    let mut out_of_scale = 0;
    let scale = f64::from(SCALE.0)..=f64::from(SCALE.1);
    for (dimension, [first, second, third]) in DIMENSIONS {
        for [file, raters @ ..] in table.rows(["file", first, second, third]) {
            let Some(judgement) = judgements.get_mut(&table::stem(file)) else { continue };
            let on_scale = |value: &f64| scale.contains(value);
            let ratings = raters.map(|text| text.parse().ok().filter(on_scale));
            let given = raters.iter().filter(|text| !text.is_empty()).count();
            let known: Vec<f64> = ratings.iter().copied().flatten().collect();
            out_of_scale += given - known.len();
            if !known.is_empty() {
                let mean = known.iter().sum::<f64>() / known.len() as f64;
                judgement.means.insert(dimension.to_owned(), format!("{mean:.2}"));
                judgement.ratings.insert(dimension.to_owned(), ratings.to_vec());
            }
        }
    }
    (judgements, out_of_scale)
}
