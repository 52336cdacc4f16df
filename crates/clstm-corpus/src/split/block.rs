//! Blocks: utterances that must stay on the same side.

use std::collections::{BTreeMap, HashMap};

use crate::{Corpus, Sex};

/// Utterances that stay together, and what they weigh in the balance of the folds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// Indices of utterances, in the order of their ids.
    pub(super) members: Vec<usize>,
    /// The stratum (class or sex) the block is dealt out with.
    pub(super) stratum: usize,
    /// What it adds to each stratum: its utterances of each class, or of speakers of each sex.
    pub(super) weights: Vec<usize>,
}

impl Block {
    pub(super) fn weight(&self) -> usize {
        self.weights.iter().sum()
    }
}

/// `indices` in the order of their ids, which is the order everything is dealt out from: it makes
/// the result independent of the order of the corpus.
fn by_id(corpus: &Corpus, indices: &[usize]) -> Vec<usize> {
    let mut order = indices.to_vec();
    order.sort_by(|&a, &b| corpus.utterances[a].id.cmp(&corpus.utterances[b].id));
    order
}

/// The duplicate groups among `indices` as blocks, one stratum a class, in the order of their
/// first ids. Copies that carry different labels are dealt out with the first one's class.
pub(super) fn of_groups(corpus: &Corpus, groups: &[usize], indices: &[usize]) -> Vec<Block> {
    let mut place: HashMap<usize, usize> = HashMap::new();
    let mut blocks: Vec<Block> = Vec::new();
    for i in by_id(corpus, indices) {
        let label = corpus.utterances[i].label;
        let at = *place.entry(groups[i]).or_insert_with(|| {
            let weights = vec![0; corpus.labels.len()];
            blocks.push(Block { members: Vec::new(), stratum: label, weights });
            blocks.len() - 1
        });
        blocks[at].members.push(i);
        blocks[at].weights[label] += 1;
    }
    blocks
}

/// Female, male, unknown.
const SEXES: usize = 3;

/// The speakers among `indices` as blocks, one stratum a sex, in the order of their names.
/// Speakers who share a recording, which only an error in a corpus can bring about, are one block.
pub(super) fn of_speakers(corpus: &Corpus, groups: &[usize], indices: &[usize]) -> Vec<Block> {
    let order = by_id(corpus, indices);
    let mut names: BTreeMap<&str, usize> =
        order.iter().map(|&i| (corpus.utterances[i].speaker.as_str(), 0)).collect();
    for (number, slot) in names.values_mut().enumerate() {
        *slot = number;
    }
    let speaker_of = |i: usize| names[corpus.utterances[i].speaker.as_str()];

    let mut linked = Links::new(names.len());
    let mut first_of_group: HashMap<usize, usize> = HashMap::new();
    for &i in &order {
        let first = *first_of_group.entry(groups[i]).or_insert_with(|| speaker_of(i));
        linked.join(first, speaker_of(i));
    }

    let mut sexes: Vec<Option<usize>> = vec![None; names.len()];
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
    let mut counts = vec![0; names.len()];
    for &i in &order {
        let speaker = speaker_of(i);
        sexes[speaker].get_or_insert(match corpus.utterances[i].sex {
            Some(Sex::Female) => 0,
            Some(Sex::Male) => 1,
            None => 2,
        });
        members[linked.first(speaker)].push(i);
        counts[speaker] += 1;
    }
    let mut blocks: Vec<Block> = Vec::new();
    let mut place: HashMap<usize, usize> = HashMap::new();
    for (speaker, sex) in sexes.iter().enumerate() {
        let sex = sex.unwrap_or(2);
        let at = *place.entry(linked.first(speaker)).or_insert_with(|| {
            let members = std::mem::take(&mut members[speaker]);
            blocks.push(Block { members, stratum: sex, weights: vec![0; SEXES] });
            blocks.len() - 1
        });
        blocks[at].weights[sex] += counts[speaker];
    }
    blocks
}

/// Sets of speakers, each known by its first (disjoint sets; there are few speakers, so no ranks).
struct Links(Vec<usize>);

impl Links {
    fn new(n: usize) -> Self {
        Self((0..n).collect())
    }

    fn first(&self, mut speaker: usize) -> usize {
        while self.0[speaker] != speaker {
            speaker = self.0[speaker];
        }
        speaker
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.first(a), self.first(b));
        self.0[a.max(b)] = a.min(b);
    }
}
