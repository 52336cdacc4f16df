//! One corpus of what a person names: opened, its classes made, joined.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::corpus::ScanNotes;
use crate::{Corpus, CorpusError, LabelMap, Target, Utterance, open, registry};

/// A corpus on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Name as for [`open`].
    pub name: String,
    /// Folder or file as for [`open`].
    pub data: PathBuf,
}

/// Between the names of joined corpora; between a corpus and what is its own in a join.
const AND: &str = "+";
const OF: char = '/';

/// Opens the corpora, makes classes of `target`, maps them, and joins what are several.
///
/// A join is called `ravdess+emo-db`. Ids are then led by the name of their corpus, speakers and
/// sessions by that of the release whose they are (`ravdess/01` in `ravdess` and `ravdess-song`: the
/// actors are the same people), and so are the classes where these are the target and no map renames
/// them. Where the corpora have different classes, the join has all of them, sorted, and a remark
/// says which are not in all.
///
/// # Errors
///
/// Those of [`open`], [`Corpus::with_target`] and [`LabelMap::apply`];
/// [`CorpusError::Invalid`] where nothing is named, or a corpus twice.
pub fn gather(
    sources: &[Source],
    target: &Target,
    map: Option<&LabelMap>,
) -> Result<Corpus, CorpusError> {
    let mut corpora = Vec::with_capacity(sources.len());
    for Source { name, data } in sources {
        let corpus = open(name, data)?;
        let corpus = match target {
            // Which corpus it is tells nothing apart before there are several.
            Target::Corpus if sources.len() > 1 => {
                let name = corpus.name.clone();
                let mut corpus = corpus.with_classes(|_| Some(name.clone()));
                corpus.target = Target::Corpus;
                corpus
            }
            target => corpus.with_target(target)?,
        };
        corpora.push((name.clone(), corpus));
    }
    let corpora = match map {
        Some(map) => map.apply(corpora)?,
        None => corpora.into_iter().map(|(_, corpus)| corpus).collect(),
    };
    join(corpora)
}

fn join(corpora: Vec<Corpus>) -> Result<Corpus, CorpusError> {
    let names: Vec<String> = corpora.iter().map(|corpus| corpus.name.clone()).collect();
    let name = names.join(AND);
    let invalid = |problem: String| CorpusError::Invalid { corpus: name.clone(), problem };
    let Some(first) = corpora.first() else {
        return Err(invalid("there is nothing to open".to_owned()));
    };
    if corpora.len() == 1 {
        return corpora.into_iter().next().ok_or_else(|| invalid("there is nothing".to_owned()));
    }
    if let Some(twice) = names.iter().enumerate().find(|(i, n)| names[..*i].contains(n)) {
        return Err(invalid(format!("{} is given twice", twice.1)));
    }
    let (root, target) = (first.root.clone(), first.target.clone());
    let label_map = first.label_map.clone();
    let owned = label_map.is_none() && matches!(target, Target::Speaker | Target::Session);
    let lists: Vec<Vec<String>> = corpora
        .iter()
        .map(|corpus| {
            let people = people(&corpus.name);
            let led = |label: &String| format!("{people}{OF}{label}");
            match owned {
                true => corpus.labels.iter().map(led).collect(),
                false => corpus.labels.clone(),
            }
        })
        .collect();
    let labels = match lists.iter().all(|list| *list == lists[0]) {
        true => lists[0].clone(),
        false => {
            let all: BTreeSet<&String> = lists.iter().flatten().collect();
            all.into_iter().cloned().collect()
        }
    };
    let remarks = match target {
        Target::Label => apart(&names, &lists, &labels, &corpora),
        _ => Vec::new(),
    };
    let mut notes = ScanNotes { remarks, ..ScanNotes::default() };
    let mut utterances = Vec::new();
    for (corpus, list) in corpora.into_iter().zip(&lists) {
        let (own, people) = (corpus.name.as_str(), people(&corpus.name));
        utterances.extend(corpus.utterances.into_iter().map(|utterance| Utterance {
            id: format!("{own}{OF}{}", utterance.id),
            label: labels.iter().position(|l| *l == list[utterance.label]).unwrap_or_default(),
            speaker: match utterance.speaker.as_str() {
                "" => String::new(),
                speaker => format!("{people}{OF}{speaker}"),
            },
            session: utterance.session.map(|session| format!("{people}{OF}{session}")),
            ..utterance
        }));
        let remarks = corpus.notes.remarks.into_iter();
        notes.remarks.extend(remarks.map(|remark| format!("{own}: {remark}")));
        for (kind, count) in corpus.notes.ignored {
            *notes.ignored.entry(kind).or_default() += count;
        }
        notes.malformed.extend(corpus.notes.malformed);
        notes.doubled.extend(corpus.notes.doubled);
        notes.missing.extend(corpus.notes.missing.iter().map(|id| format!("{own}{OF}{id}")));
    }
    let mut corpus = Corpus::new(name, root, labels, utterances)?;
    (corpus.notes, corpus.target, corpus.label_map) = (notes, target, label_map);
    Ok(corpus)
}

/// What says of classes that are not in all corpora that the network may learn the corpus for them.
fn apart(
    names: &[String],
    lists: &[Vec<String>],
    labels: &[String],
    corpora: &[Corpus],
) -> Vec<String> {
    let counts: Vec<Vec<usize>> = corpora.iter().map(Corpus::class_counts).collect();
    let has = |corpus: usize, label: &String| {
        let at = lists[corpus].iter().position(|l| l == label);
        at.is_some_and(|at| counts[corpus][at] > 0)
    };
    let mut of: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
    for label in labels {
        let within = (0..names.len()).filter(|&c| has(c, label)).map(|c| names[c].as_str());
        let within: Vec<&str> = within.collect();
        if within.len() < names.len() {
            of.entry(within).or_default().push(label);
        }
    }
    let remark = |(within, labels): (Vec<&str>, Vec<&str>)| {
        format!(
            "in {} alone: {}; what tells the corpora apart may pass for what tells these classes \
             apart, and a label map can merge or leave out classes",
            within.join(", "),
            labels.join(", ")
        )
    };
    of.into_iter().map(remark).collect()
}

/// The release whose speakers those of a corpus are.
fn people(name: &str) -> &str {
    registry::adapter(name).map_or(name, |adapter| adapter.people)
}

/// A speaker of the corpus of this name as all corpora of the same people call them, joined or not:
/// `ravdess/01` for `01` in `ravdess` and `ravdess-song`, and for `ravdess/01` in `ravdess+emo-db`.
#[must_use]
pub fn speaker_everywhere(corpus: &str, speaker: &str) -> String {
    let parts: Vec<&str> = corpus.split(AND).collect();
    let led = |part: &&str| speaker.strip_prefix(people(part)).is_some_and(|s| s.starts_with(OF));
    match parts.len() > 1 && parts.iter().any(led) {
        true => speaker.to_owned(),
        false => format!("{}{OF}{speaker}", people(corpus)),
    }
}

/// Whether corpora of these names, joined or not, have a corpus in common.
#[must_use]
pub fn shares_corpus(one: &str, other: &str) -> bool {
    one == other || one.split(AND).any(|a| other.split(AND).any(|b| a == b))
}
