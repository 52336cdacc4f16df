//! Groups of utterances that must stay on the same side of a split.

use std::collections::{BTreeMap, HashMap};

use crate::{Corpus, Sex};

/// Utterances that stay together, and their weight in the balance of the folds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SplitGroup {
    /// Indices of utterances, in the order of their ids.
    pub(super) members: Vec<usize>,
    /// The stratum (class or sex) the group is assigned with.
    pub(super) stratum: usize,
    /// What it adds to each stratum: its utterances of each class, or of speakers of each sex.
    pub(super) weights: Vec<usize>,
}

impl SplitGroup {
    pub(super) fn weight(&self) -> usize {
        self.weights.iter().sum()
    }
}

/// `indices` in the order of their ids: the result does not depend on the order of the corpus.
fn by_id(corpus: &Corpus, indices: &[usize]) -> Vec<usize> {
    let mut order = indices.to_vec();
    order.sort_by(|&a, &b| corpus.utterances[a].id.cmp(&corpus.utterances[b].id));
    order
}

/// The duplicate groups among `indices`, one stratum a class, in the order of their first ids. Copies
/// that carry different labels are assigned with the first one's class.
pub(super) fn by_recording(
    corpus: &Corpus,
    groups: &[usize],
    indices: &[usize],
) -> Vec<SplitGroup> {
    let mut place: HashMap<usize, usize> = HashMap::new();
    let mut split_groups: Vec<SplitGroup> = Vec::new();
    for i in by_id(corpus, indices) {
        let label = corpus.utterances[i].label;
        let at = *place.entry(groups[i]).or_insert_with(|| {
            let weights = vec![0; corpus.labels.len()];
            split_groups.push(SplitGroup { members: Vec::new(), stratum: label, weights });
            split_groups.len() - 1
        });
        split_groups[at].members.push(i);
        split_groups[at].weights[label] += 1;
    }
    split_groups
}

/// Female, male, unknown.
const SEXES: usize = 3;

/// The speakers among `indices` as groups, one stratum a sex, in the order of their names.
/// Speakers who share a recording, which only an error in a corpus can cause, are one group.
pub(super) fn by_speaker(corpus: &Corpus, groups: &[usize], indices: &[usize]) -> Vec<SplitGroup> {
    let speaker = |i: usize| corpus.utterances[i].speaker.as_str();
    let sex_of = |i: usize| match corpus.utterances[i].sex {
        Some(Sex::Female) => 0,
        Some(Sex::Male) => 1,
        None => 2,
    };
    linked(corpus, groups, indices, speaker, sex_of, SEXES)
}

/// The utterances among `indices` of one name as groups, all in one stratum, in the order of the names.
/// Names that share a recording are one group.
pub(super) fn by_name<'a>(
    corpus: &'a Corpus,
    groups: &[usize],
    indices: &[usize],
    name_of: impl Fn(usize) -> &'a str,
) -> Vec<SplitGroup> {
    linked(corpus, groups, indices, name_of, |_| 0, 1)
}

/// Groups by name, linked by shared recordings; the stratum of a name is that of its first utterance.
fn linked<'a>(
    corpus: &'a Corpus,
    groups: &[usize],
    indices: &[usize],
    name_of: impl Fn(usize) -> &'a str,
    stratum_of: impl Fn(usize) -> usize,
    strata: usize,
) -> Vec<SplitGroup> {
    let order = by_id(corpus, indices);
    let mut names: BTreeMap<&str, usize> = order.iter().map(|&i| (name_of(i), 0)).collect();
    for (number, slot) in names.values_mut().enumerate() {
        *slot = number;
    }
    let number_of = |i: usize| names[name_of(i)];

    let mut linked = Links::new(names.len());
    let mut first_of_group: HashMap<usize, usize> = HashMap::new();
    for &i in &order {
        let first = *first_of_group.entry(groups[i]).or_insert_with(|| number_of(i));
        linked.join(first, number_of(i));
    }

    let mut stratum: Vec<Option<usize>> = vec![None; names.len()];
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
    let mut counts = vec![0; names.len()];
    for &i in &order {
        let name = number_of(i);
        stratum[name].get_or_insert_with(|| stratum_of(i));
        members[linked.first(name)].push(i);
        counts[name] += 1;
    }
    let mut split_groups: Vec<SplitGroup> = Vec::new();
    let mut place: HashMap<usize, usize> = HashMap::new();
    for (name, stratum) in stratum.iter().enumerate() {
        // Every name has an utterance, and so a stratum.
        let stratum = stratum.unwrap_or_default();
        let at = *place.entry(linked.first(name)).or_insert_with(|| {
            let members = std::mem::take(&mut members[name]);
            split_groups.push(SplitGroup { members, stratum, weights: vec![0; strata] });
            split_groups.len() - 1
        });
        split_groups[at].weights[stratum] += counts[name];
    }
    split_groups
}

/// Disjoint sets of names, each known by its first; there are few names, so no ranks.
struct Links(Vec<usize>);

impl Links {
    fn new(n: usize) -> Self {
        Self((0..n).collect())
    }

    fn first(&self, mut name: usize) -> usize {
        while self.0[name] != name {
            name = self.0[name];
        }
        name
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.first(a), self.first(b));
        self.0[a.max(b)] = a.min(b);
    }
}
