//! nEMO: emotional speech in Polish (Christop 2024, <https://arxiv.org/abs/2404.06292>).
//!
//! Nine actors speak 90 sentences in six emotions; the 4,481 utterances of the release passed a check
//! by listeners. A name is `WR0_surprised_64`: speaker, emotion, number of the sentence, in `samples`.
//! `data.tsv` holds the texts and the sexes; without it the sentences are known by their numbers alone.

use std::collections::BTreeMap;
use std::path::Path;

use super::table::{self, Table};
use crate::filename_scan::{self, FileKind};
use crate::registry::{Adapter, CorpusInfo, scanned};
use crate::walk::Found;
use crate::{Corpus, CorpusError, Remark, Sex, Split, Utterance};

const CODES: [&str; 6] = ["anger", "fear", "happiness", "neutral", "sadness", "surprised"];
const LABELS: &[&str] = &["angry", "fearful", "happy", "neutral", "sad", "surprised"];

/// Utterances of each class in `data.tsv` of the release.
const COUNTS: &[usize] = &[749, 736, 749, 809, 769, 669];

/// Sentences of the release.
const SENTENCES: u8 = 90;

pub(crate) const ADAPTER: Adapter = Adapter {
    info: CorpusInfo {
        name: "nemo",
        title: "nEMO, Dataset of Emotional Speech in Polish",
        license: "CC BY-NC-SA 4.0",
        source: "https://huggingface.co/datasets/amu-cai/nEMO",
        citation: "Christop I (2024). nEMO: Dataset of Emotional Speech in Polish. Proc. LREC-COLING \
                   2024, 12111-12116.",
        obtain: "Clone the source with git-lfs; give the folder that holds data.tsv and samples.",
        languages: &["pl"],
        labels: LABELS,
        splits: &[
            Split::Random,
            Split::Speaker,
            Split::Text,
            Split::TextSpeaker,
            Split::LeaveOneSpeakerOut,
        ],
        utterances: Some(4481),
        speakers: Some(9),
    },
    open,
    expected: Vec::new,
    class_counts: |_| COUNTS,
    speaker_group: "nemo",
    known_duplicates: &[],
    published: &[],
};

const LAYOUT: &str = "samples/WR0_surprised_64.wav (speaker, emotion, sentence) and data.tsv";

/// Root, a nesting folder, `samples`, the file.
const MAX_DEPTH: usize = 3;

fn open(root: &Path) -> Result<Corpus, CorpusError> {
    let mut scan = filename_scan::by_names(ADAPTER.info.name, root, MAX_DEPTH, classify)?;
    let table = table::find(root, "data.tsv").and_then(|file| Table::tabs(&file));
    let rows: BTreeMap<String, [&str; 2]> = match &table {
        Some(table) => table
            .rows(["file_id", "raw_text", "gender"])
            .map(|[file, text, sex]| (table::stem(file), [text, sex]))
            .collect(),
        None => BTreeMap::new(),
    };
    if rows.is_empty() {
        let (file, unknown) = ("data.tsv", "texts and sexes are not known");
        scan.notes.remarks.push(Remark::NoTable { file, unknown });
    }
    for utterance in &mut scan.utterances {
        if let Some([text, sex]) = rows.get(&utterance.id) {
            utterance.sex = Sex::named(sex);
            if !text.is_empty() {
                utterance.statement = Some((*text).to_owned());
            }
        }
    }
    let mut corpus = scanned(&ADAPTER.info, LAYOUT, root, scan)?;
    let found = |id: &String| corpus.utterances.iter().any(|u| u.id == *id);
    corpus.notes.missing = rows.into_keys().filter(|id| !found(id)).collect();
    Ok(corpus)
}

fn classify(found: &Found) -> Result<FileKind, String> {
    let fields: Vec<&str> = found.stem.split('_').collect();
    let &[speaker, emotion, sentence] = fields.as_slice() else {
        return Err(format!("the name has {} fields joined by \"_\", not 3", fields.len()));
    };
    let letters = speaker.len() == 3 && speaker.bytes().all(|b| b.is_ascii_alphanumeric());
    if !letters {
        return Err(format!("speaker is {speaker:?}, not three letters or digits such as WR0"));
    }
    let Some(label) = CODES.iter().position(|code| *code == emotion) else {
        return Err(format!("emotion is {emotion:?}, not one of {}", CODES.join(", ")));
    };
    if !sentence.parse::<u8>().is_ok_and(|number| (1..=SENTENCES).contains(&number)) {
        return Err(format!("sentence is {sentence:?}, not 1 to {SENTENCES}"));
    }
    Ok(FileKind::Utterance(Utterance {
        id: found.stem.clone(),
        label,
        speaker: speaker.to_owned(),
        statement: Some(format!("sentence {sentence}")),
        ..Utterance::default()
    }))
}
