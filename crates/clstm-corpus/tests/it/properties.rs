//! What holds of the splits of any corpus.

use std::collections::{BTreeMap, BTreeSet};

use clstm_corpus::{
    Corpus, CorpusError, HoldOutUnit, Sex, Split, Utterance, check_leakage, check_leakage_between,
    folds, validation_split,
};
use proptest::prelude::*;

const CLASSES: usize = 3;

/// A corpus and its duplicate groups: uneven speakers and classes, copies across both.
fn corpora() -> impl Strategy<Value = (Corpus, Vec<usize>)> {
    let utterance =
        (0..CLASSES, 0..7_usize, any::<prop::sample::Index>(), prop::bool::weighted(0.1));
    prop::collection::vec(utterance, 12..90).prop_map(|drawn| {
        let mut groups: Vec<usize> = Vec::new();
        let mut utterances = Vec::new();
        for (i, (label, speaker, original, is_copy)) in drawn.into_iter().enumerate() {
            groups.push(if is_copy && i > 0 { groups[original.index(i)] } else { i });
            utterances.push(Utterance {
                id: format!("u{i:03}"),
                label,
                speaker: format!("s{speaker}"),
                sex: [Some(Sex::Female), Some(Sex::Male), None][speaker % 3],
                ..Utterance::default()
            });
        }
        let labels = (0..CLASSES).map(|c| c.to_string()).collect();
        (Corpus::new("any", "nowhere", labels, utterances).unwrap(), groups)
    })
}

/// The same corpus in another order, its groups renumbered.
fn reordered(corpus: &Corpus, groups: &[usize], keys: &[u64]) -> (Corpus, Vec<usize>) {
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|&i| keys[i % keys.len()].wrapping_mul(i as u64 + 1));
    let mut other = corpus.clone();
    other.utterances = order.iter().map(|&i| corpus.utterances[i].clone()).collect();
    (other, order.iter().map(|&i| 1000 - groups[i]).collect())
}

fn ids(corpus: &Corpus, indices: &[usize]) -> BTreeSet<String> {
    indices.iter().map(|&i| corpus.utterances[i].id.clone()).collect()
}

/// Recordings (copies count once) of the smallest class there is, and speakers after linking
/// those who share a recording: what limits the number of folds.
fn limits(corpus: &Corpus, groups: &[usize]) -> (usize, usize) {
    let mut firsts: BTreeMap<usize, usize> = BTreeMap::new();
    for (utterance, &group) in corpus.utterances.iter().zip(groups) {
        firsts.entry(group).or_insert(utterance.label);
    }
    let count = |c| firsts.values().filter(|&&label| label == c).count();
    let smallest = (0..CLASSES).map(count).filter(|&n| n > 0).min().unwrap_or(0);

    let mut sets: Vec<BTreeSet<&str>> = Vec::new();
    for group in groups.iter().collect::<BTreeSet<_>>() {
        let mut set: BTreeSet<&str> = corpus
            .utterances
            .iter()
            .zip(groups)
            .filter(|(_, g)| *g == group)
            .map(|(u, _)| u.speaker.as_str())
            .collect();
        sets.retain(|other| {
            let touching = !other.is_disjoint(&set);
            if touching {
                set.extend(other);
            }
            !touching
        });
        sets.push(set);
    }
    (smallest, sets.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn folds_partition_and_nothing_leaks(
        (corpus, groups) in corpora(), k in 2..6_usize, seed: u64, speaker: bool
    ) {
        let split = if speaker { Split::Speaker } else { Split::Random };
        let (smallest, speakers) = limits(&corpus, &groups);
        let most = if speaker { speakers } else { smallest };
        let folds = match folds(&corpus, &groups, split, k, seed) {
            Err(CorpusError::FoldCount { .. }) => {
                prop_assert!(k > most, "refused {k} of {most}");
                return Ok(());
            }
            other => other.unwrap(),
        };
        prop_assert!(k <= most);
        prop_assert_eq!(folds.len(), k);
        let mut tested: Vec<usize> = folds.iter().flat_map(|f| f.test.clone()).collect();
        tested.sort_unstable();
        prop_assert_eq!(tested, (0..groups.len()).collect::<Vec<_>>());
        for fold in &folds {
            prop_assert!(!fold.test.is_empty() && !fold.train.is_empty());
            prop_assert_eq!(fold.test.len() + fold.train.len(), groups.len());
            let train: BTreeSet<usize> = fold.train.iter().map(|&i| groups[i]).collect();
            prop_assert!(fold.test.iter().all(|&i| !train.contains(&groups[i])));
            prop_assert!(check_leakage(&corpus, &groups, fold, split).is_clean());
        }
    }

    #[test]
    fn folds_depend_on_the_seed_and_not_on_the_order(
        (corpus, groups) in corpora(), keys in prop::collection::vec(any::<u64>(), 1..20),
        k in 2..4_usize, seed: u64, speaker: bool
    ) {
        let split = if speaker { Split::Speaker } else { Split::Random };
        let Ok(expected) = folds(&corpus, &groups, split, k, seed) else { return Ok(()) };
        prop_assert_eq!(&folds(&corpus, &groups, split, k, seed).unwrap(), &expected);
        let (other, other_groups) = reordered(&corpus, &groups, &keys);
        let found = folds(&other, &other_groups, split, k, seed).unwrap();
        for (a, b) in expected.iter().zip(&found) {
            prop_assert_eq!(ids(&corpus, &a.test), ids(&other, &b.test));
            let by = split.hold_out("any");
            let held = |corpus: &Corpus, groups: &[usize], fold| {
                let parts = validation_split(corpus, groups, fold, by, 0.3, seed);
                parts.map(|parts| ids(corpus, &parts.validation)).map_err(|e| e.to_string())
            };
            prop_assert_eq!(held(&corpus, &groups, a), held(&other, &other_groups, b));
        }
    }

    #[test]
    fn without_copies_every_class_is_shared_out_evenly(
        (corpus, _) in corpora(), k in 2..6_usize, seed: u64
    ) {
        let groups: Vec<usize> = (0..corpus.utterances.len()).collect();
        let Ok(folds) = folds(&corpus, &groups, Split::Random, k, seed) else { return Ok(()) };
        let even = |counts: Vec<usize>| {
            counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1
        };
        prop_assert!(even(folds.iter().map(|f| f.test.len()).collect()));
        for class in 0..CLASSES {
            let of_class = |i: &&usize| corpus.utterances[**i].label == class;
            prop_assert!(even(folds.iter().map(|f| f.test.iter().filter(of_class).count()).collect()));
        }
    }

    #[test]
    fn validation_is_carved_out_of_training_alone(
        (corpus, groups) in corpora(), fraction in 0.05..0.95_f64, seed: u64, speaker: bool
    ) {
        let (split, by) = match speaker {
            true => (Split::Speaker, HoldOutUnit::Speakers),
            false => (Split::Random, HoldOutUnit::Utterances),
        };
        let Ok(folds) = folds(&corpus, &groups, split, 3, seed) else { return Ok(()) };
        for fold in &folds {
            let parts = match validation_split(&corpus, &groups, fold, by, fraction, seed) {
                Err(CorpusError::Validation(_)) => continue,
                other => other.unwrap(),
            };
            prop_assert!(!parts.train.is_empty() && !parts.validation.is_empty());
            let mut both = [parts.train.as_slice(), &parts.validation].concat();
            both.sort_unstable();
            prop_assert_eq!(&both, &fold.train);
            let (train, held) = (&parts.train, &parts.validation);
            prop_assert!(check_leakage_between(&corpus, &groups, train, held, split).is_clean());
            prop_assert!(check_leakage_between(&corpus, &groups, held, &fold.test, split).is_clean());
        }
    }
}
