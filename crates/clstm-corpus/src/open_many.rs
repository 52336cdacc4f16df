//! Opens one corpus or several as one: reads them, makes classes, joins.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::corpus::{ScanNotes, regroup_votes};
use crate::{Corpus, CorpusError, LabelMap, Remark, Target, Targets, Utterance, open, registry};

/// A corpus and its place on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorpusSource {
    /// Name as for [`open`].
    pub name: String,
    /// Folder or file as for [`open`].
    pub data: PathBuf,
}

/// Separates the names of joined corpora.
const AND: &str = "+";
/// Separates the name of a corpus from an id, or a release from a speaker, in a join.
const OF: char = '/';

/// Opens the corpora, makes classes of `target`, maps them, and joins them where there are several.
///
/// A join is named `ravdess+emo-db`. Its ids begin with the name of their corpus, its speakers and
/// sessions with that of their release (`ravdess/01` in `ravdess` and `ravdess-song`, whose actors are
/// the same people), and so do the classes where speaker or session is the target and no map renames
/// them. Where the corpora have different classes, the join has all of them, sorted, and a remark
/// names those that are not in all.
///
/// # Errors
///
/// Those of [`open`], [`Corpus::with_target`] and [`LabelMap::apply`];
/// [`CorpusError::Invalid`] where nothing is named, or a corpus twice.
pub fn open_many(
    sources: &[CorpusSource],
    target: &Target,
    map: Option<&LabelMap>,
) -> Result<Corpus, CorpusError> {
    classify(open_each(sources)?, target, map)
}

/// [`open_many`] with several targets: one that gives the classes, the label where none is named, and continuous
/// dimensions, see [`Corpus::with_dimensions`]. A target is continuous where a corpus has ratings of it, or a column of
/// numbers that are not whole or have more than ten different values; arousal, valence and dominance always are.
///
/// # Errors
///
/// Those of [`open_many`]; [`CorpusError::SeveralTargets`]; [`CorpusError::Dimension`].
pub fn open_targets(
    sources: &[CorpusSource],
    targets: &Targets,
    map: Option<&LabelMap>,
) -> Result<Corpus, CorpusError> {
    let opened = open_each(sources)?;
    let (target, dimensions) = targets.resolve(opened.iter().map(|(_, corpus)| corpus))?;
    classify(opened, &target, map)?.with_dimensions(&dimensions)
}

/// The corpora with the names that they were opened by.
fn open_each(sources: &[CorpusSource]) -> Result<Vec<(String, Corpus)>, CorpusError> {
    let opened =
        |source: &CorpusSource| Ok((source.name.clone(), open(&source.name, &source.data)?));
    sources.iter().map(opened).collect()
}

/// Makes classes of `target`, maps them, and joins the corpora.
fn classify(
    opened: Vec<(String, Corpus)>,
    target: &Target,
    map: Option<&LabelMap>,
) -> Result<Corpus, CorpusError> {
    let count = opened.len();
    let mut corpora = Vec::with_capacity(count);
    for (opened_as, corpus) in opened {
        let corpus = match target {
            // A single corpus has one value of it.
            Target::Corpus if count > 1 => {
                let name = corpus.name.clone();
                let mut corpus = corpus.with_classes(|_| Some(name.clone()));
                corpus.target = Target::Corpus;
                corpus
            }
            target => corpus.with_target(target)?,
        };
        corpora.push((opened_as, corpus));
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
            let speaker_group = speaker_group(&corpus.name);
            let led = |label: &String| format!("{speaker_group}{OF}{label}");
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
        Target::Label => not_in_all(&names, &lists, &labels, &corpora),
        _ => Vec::new(),
    };
    let mut notes = ScanNotes { remarks, ..ScanNotes::default() };
    let mut utterances = Vec::new();
    for (corpus, list) in corpora.into_iter().zip(&lists) {
        let places: Vec<Option<usize>> =
            list.iter().map(|label| labels.iter().position(|l| l == label)).collect();
        let (own, speaker_group) = (corpus.name.as_str(), speaker_group(&corpus.name));
        utterances.extend(corpus.utterances.into_iter().map(|utterance| Utterance {
            id: format!("{own}{OF}{}", utterance.id),
            label: places[utterance.label].unwrap_or_default(),
            votes: regroup_votes(&utterance.votes, &places, labels.len()),
            speaker: match utterance.speaker.as_str() {
                "" => String::new(),
                speaker => format!("{speaker_group}{OF}{speaker}"),
            },
            session: utterance.session.map(|session| format!("{speaker_group}{OF}{session}")),
            ..utterance
        }));
        let remarks = corpus.notes.remarks.into_iter().map(Box::new);
        let of = |remark| Remark::Of { corpus: own.to_owned(), remark };
        notes.remarks.extend(remarks.map(of));
        notes.left_out.extend(corpus.notes.left_out);
        for (kind, count) in corpus.notes.ignored {
            *notes.ignored.entry(kind).or_default() += count;
        }
        notes.malformed.extend(corpus.notes.malformed);
        notes.duplicate_files.extend(corpus.notes.duplicate_files);
        notes.missing.extend(corpus.notes.missing.iter().map(|id| format!("{own}{OF}{id}")));
    }
    let mut corpus = Corpus::new(name, root, labels, utterances)?;
    (corpus.notes, corpus.target, corpus.label_map) = (notes, target, label_map);
    Ok(corpus)
}

/// The classes that only some of the corpora have: the network may learn the corpus for them.
fn not_in_all(
    names: &[String],
    lists: &[Vec<String>],
    labels: &[String],
    corpora: &[Corpus],
) -> Vec<Remark> {
    let counts: Vec<Vec<usize>> = corpora.iter().map(Corpus::class_counts).collect();
    let has = |corpus: usize, label: &String| {
        let at = lists[corpus].iter().position(|l| l == label);
        at.is_some_and(|at| counts[corpus][at] > 0)
    };
    let mut of: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for label in labels {
        let within = (0..names.len()).filter(|&c| has(c, label)).map(|c| names[c].clone());
        let within: Vec<String> = within.collect();
        if within.len() < names.len() && !within.is_empty() {
            of.entry(within).or_default().push(label.clone());
        }
    }
    of.into_iter().map(|(corpora, labels)| Remark::ClassesNotInAll { corpora, labels }).collect()
}

/// The release that the speakers of a corpus belong to.
fn speaker_group(name: &str) -> &str {
    registry::adapter(name).map_or(name, |adapter| adapter.speaker_group)
}

/// The name of a speaker of the corpus of this name that is the same in all corpora with that person,
/// joined or not: `ravdess/01` for `01` in `ravdess` and `ravdess-song`, and for `ravdess/01` in
/// `ravdess+emo-db`.
#[must_use]
pub fn global_speaker(corpus: &str, speaker: &str) -> String {
    let parts: Vec<&str> = corpus.split(AND).collect();
    let led =
        |part: &&str| speaker.strip_prefix(speaker_group(part)).is_some_and(|s| s.starts_with(OF));
    match parts.len() > 1 && parts.iter().any(led) {
        true => speaker.to_owned(),
        false => format!("{}{OF}{speaker}", speaker_group(corpus)),
    }
}

/// Whether corpora of these names, joined or not, have a corpus in common.
#[must_use]
pub fn shares_corpus(one: &str, other: &str) -> bool {
    one == other || one.split(AND).any(|a| other.split(AND).any(|b| a == b))
}

/// Whether corpora of these names, joined or not, have speakers in common: the same corpus, or corpora
/// of the same people, such as `ravdess` and `ravdess-song`.
#[must_use]
pub fn shares_speakers(one: &str, other: &str) -> bool {
    let groups = |name: &'_ str| {
        name.split(AND).map(|part| speaker_group(part).to_owned()).collect::<Vec<_>>()
    };
    let others = groups(other);
    groups(one).iter().any(|group| others.contains(group))
}
