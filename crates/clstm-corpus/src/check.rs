//! Integrity of a corpus: whether it is complete, readable and free of copies.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;

use crate::registry::{self, Expected};
use crate::{
    Corpus, DuplicateFile, Fingerprint, GivenSplit, LeftOut, MalformedFile, Measurement, Remark,
    Utterance, given_split, groups_of, measure,
};

/// What [`check`] found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Name of the corpus.
    pub corpus: String,
    /// The folder that was checked.
    pub root: PathBuf,
    /// Utterances found.
    pub utterances: usize,
    /// Utterances in the full release; none where the corpus has no fixed content, or is a part of
    /// the release that is not to be compared with it.
    pub expected: Option<usize>,
    /// Speakers found; 0 where the corpus does not name them.
    pub speakers: usize,
    /// Ids of the release, or of the corpus's own lists, that were not found, sorted.
    pub missing: Vec<String>,
    /// Utterances whose file cannot be decoded.
    pub unreadable: Vec<UnreadableUtterance>,
    /// Utterances without sound: nothing can be trained or tested on them.
    pub silent: Vec<FaultyUtterance>,
    /// Utterances that were recorded too loud, see [`Measurement::clipped`]; an error except in an
    /// official release.
    pub clipped: Vec<FaultyUtterance>,
    /// Utterances with the same samples under different ids.
    pub duplicates: Vec<DuplicateGroup>,
    /// Audio files whose name or place is not of the corpus.
    pub malformed: Vec<MalformedFile>,
    /// Utterances of which there are several files.
    pub duplicate_files: Vec<DuplicateFile>,
    /// Classes, speakers and the whole, where their count is not the release's.
    pub counts: Vec<CountMismatch>,
    /// The split that the corpus gives; its speakers on both sides are an error except in an
    /// official release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given: Option<GivenSplit>,
    /// Whether the corpus is an official release, whose clipped recordings and given split are accepted.
    pub official: bool,
    /// Facts that a user should know; no errors.
    pub remarks: Vec<Remark>,
    /// Files that were not read, by reason. Recordings among them are an error in a list or folder of
    /// one's own; an official release has what it has.
    pub left_out: Vec<LeftOut>,
    /// Files that are well named and no part of the corpus as used here, by kind.
    pub ignored: BTreeMap<String, usize>,
    /// Readable utterances by sample rate in Hz.
    pub sample_rates: BTreeMap<u32, usize>,
}

/// An utterance whose file cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadableUtterance {
    /// The utterance.
    pub id: String,
    /// Its file.
    pub path: PathBuf,
    /// Why it cannot be decoded.
    pub error: String,
}

/// An utterance whose sound is faulty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FaultyUtterance {
    /// The utterance.
    pub id: String,
    /// Its file.
    pub path: PathBuf,
    /// What is wrong with it, in words.
    pub fault: String,
}

/// Utterances that are the same recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DuplicateGroup {
    /// Their ids, sorted.
    pub ids: Vec<String>,
    /// Their classes, each once, in the order of the ids: more than one contradict each other.
    pub labels: Vec<String>,
    /// Their speakers, each once, in the order of the ids: more than one contradict each other.
    pub speakers: Vec<String>,
    /// Whether the official release has them so; splits keep them together either way.
    pub known: bool,
}

/// A count that is not what the release has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CountMismatch {
    /// What is counted.
    pub kind: CountKind,
    /// Name of the class or speaker; of the corpus, for the whole.
    pub name: String,
    /// Utterances in the full release.
    pub expected: usize,
    /// Utterances found.
    pub found: usize,
}

/// What a [`CountMismatch`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CountKind {
    /// All utterances.
    Total,
    /// Utterances of a class.
    Class,
    /// Utterances of a speaker.
    Speaker,
}

impl CheckReport {
    /// Whether there are no errors. Known duplicates and clipped recordings of an official release, and
    /// files ignored as song or video, are accepted.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.missing.is_empty()
            && self.unreadable.is_empty()
            && self.silent.is_empty()
            && (self.official || self.clipped.is_empty())
            && self.duplicates.iter().all(|group| group.known)
            && self.malformed.is_empty()
            && self.duplicate_files.is_empty()
            && self.counts.is_empty()
            && (self.official || !self.left_out.iter().any(|left| left.reason.is_recording()))
            && self.speakers_across_given_split().is_empty()
    }

    /// Speakers on both sides of a split that people gave themselves, sorted; that of an official
    /// release is what it is.
    #[must_use]
    pub fn speakers_across_given_split(&self) -> &[String] {
        match &self.given {
            Some(given) if !self.official => &given.shared_speakers,
            _ => &[],
        }
    }
}

/// Checks `corpus` against its release and decodes every recording, in parallel.
///
/// Never fails: errors are in the report.
#[must_use]
pub fn check(corpus: &Corpus) -> CheckReport {
    let adapter = registry::adapter(&corpus.name);
    let expected = adapter.map(|adapter| (adapter.expected)()).unwrap_or_default();
    let class_counts = adapter.map_or(&[][..], |adapter| (adapter.class_counts)(corpus));
    let known = adapter.map_or(&[][..], |adapter| adapter.known_duplicates);
    let whole = match expected.len() {
        0 => class_counts.iter().sum(),
        n => n,
    };

    let mut unreadable = Vec::new();
    let mut read: Vec<(&Utterance, Measurement)> = Vec::with_capacity(corpus.utterances.len());
    for (utterance, measured) in corpus.utterances.iter().zip(measure(corpus)) {
        match measured {
            Ok(measured) => read.push((utterance, measured)),
            Err(error) => unreadable.push(UnreadableUtterance {
                id: utterance.id.clone(),
                path: utterance.recording(),
                error: error.to_string(),
            }),
        }
    }
    let faulty = |found: fn(&Measurement) -> Option<String>| -> Vec<FaultyUtterance> {
        let fault = |(utterance, measured): &(&Utterance, Measurement)| {
            let (id, path) = (utterance.id.clone(), utterance.recording());
            Some(FaultyUtterance { id, path, fault: found(measured)? })
        };
        read.iter().filter_map(fault).collect()
    };
    let silent = faulty(|m| m.silent.then(|| "holds no sound".to_owned()));
    let clipped = faulty(|m| match m.clipped {
        0 => None,
        n => Some(format!("{n} of {} samples lie in runs at full scale", m.samples)),
    });
    let mut sample_rates = BTreeMap::new();
    for (_, measured) in &read {
        *sample_rates.entry(measured.sample_rate).or_default() += 1;
    }
    let given = given_split(corpus);
    let released = adapter.is_some_and(|adapter| adapter.info.utterances.is_some());
    CheckReport {
        corpus: corpus.name.clone(),
        root: corpus.root.clone(),
        utterances: corpus.utterances.len(),
        expected: (whole > 0).then_some(whole),
        speakers: corpus.speakers().len(),
        missing: missing(corpus, &expected),
        unreadable,
        duplicates: duplicates(corpus, &read, known),
        malformed: corpus.notes.malformed.clone(),
        duplicate_files: corpus.notes.duplicate_files.clone(),
        counts: match expected.is_empty() {
            true => class_mismatches(corpus, class_counts),
            false => counts(corpus, &expected),
        },
        official: released,
        silent,
        clipped,
        given,
        remarks: corpus.notes.remarks.clone(),
        left_out: corpus.notes.left_out.clone(),
        ignored: corpus.notes.ignored.clone(),
        sample_rates,
    }
}

fn missing(corpus: &Corpus, expected: &[Expected]) -> Vec<String> {
    let found: BTreeSet<&str> = corpus.utterances.iter().map(|u| u.id.as_str()).collect();
    let expected: BTreeSet<&str> = expected.iter().map(|e| e.id.as_str()).collect();
    let listed = corpus.notes.missing.iter().map(String::as_str);
    let missing: BTreeSet<&str> = expected.difference(&found).copied().chain(listed).collect();
    missing.into_iter().map(str::to_owned).collect()
}

fn duplicates(
    corpus: &Corpus,
    read: &[(&Utterance, Measurement)],
    known: &[&[&str]],
) -> Vec<DuplicateGroup> {
    let fingerprints: Vec<Fingerprint> = read.iter().map(|(_, m)| m.fingerprint).collect();
    let mut groups: BTreeMap<usize, Vec<&Utterance>> = BTreeMap::new();
    for (group, (utterance, _)) in groups_of(&fingerprints).into_iter().zip(read) {
        groups.entry(group).or_default().push(utterance);
    }
    let label = |u: &Utterance| corpus.labels.get(u.label).cloned();
    let copies = groups.into_values().filter(|copies| copies.len() > 1).map(|mut copies| {
        copies.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        let all_in = |known: &&[&str]| copies.iter().all(|u| known.contains(&u.id.as_str()));
        DuplicateGroup {
            labels: each_once(copies.iter().filter_map(|u| label(u))),
            speakers: each_once(copies.iter().filter_map(|u| u.speaker().map(str::to_owned))),
            known: known.iter().any(all_in),
            ids: copies.into_iter().map(|u| u.id.clone()).collect(),
        }
    });
    copies.collect()
}

fn each_once(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut once = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

fn counts(corpus: &Corpus, expected: &[Expected]) -> Vec<CountMismatch> {
    if expected.is_empty() {
        return Vec::new();
    }
    let mut mismatches = Vec::new();
    let mut compare = |kind, name: &str, expected: usize, found: usize| {
        if expected != found {
            mismatches.push(CountMismatch { kind, name: name.to_owned(), expected, found });
        }
    };
    compare(CountKind::Total, &corpus.name, expected.len(), corpus.utterances.len());
    for (label, name) in corpus.labels.iter().enumerate() {
        compare(
            CountKind::Class,
            name,
            expected.iter().filter(|e| e.label == label).count(),
            corpus.utterances.iter().filter(|u| u.label == label).count(),
        );
    }
    let mut speakers: BTreeSet<&str> = expected.iter().map(|e| e.speaker.as_str()).collect();
    speakers.extend(corpus.speakers());
    for speaker in speakers {
        compare(
            CountKind::Speaker,
            speaker,
            expected.iter().filter(|e| e.speaker == speaker).count(),
            corpus.utterances.iter().filter(|u| u.speaker == speaker).count(),
        );
    }
    mismatches
}

/// The whole and the classes, of a release that is known by these counts alone.
fn class_mismatches(corpus: &Corpus, expected: &[usize]) -> Vec<CountMismatch> {
    if expected.is_empty() {
        return Vec::new();
    }
    let whole = (CountKind::Total, &corpus.name, expected.iter().sum(), corpus.utterances.len());
    let classes = corpus.labels.iter().zip(expected.iter().zip(corpus.class_counts()));
    let classes =
        classes.map(|(name, (&expected, found))| (CountKind::Class, name, expected, found));
    std::iter::once(whole)
        .chain(classes)
        .filter(|(_, _, expected, found)| expected != found)
        .map(|(kind, name, expected, found)| CountMismatch {
            kind,
            name: name.clone(),
            expected,
            found,
        })
        .collect()
}
