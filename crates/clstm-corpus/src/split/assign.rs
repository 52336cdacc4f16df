//! Dealing split_groups out to folds, evenly in every stratum.

use super::groups::SplitGroup;
use super::shuffle::{generator, shuffle};

/// The fold, from 0, of each of the corpus's `utterances`.
///
/// Stratum by stratum, the split_groups are shuffled and the heavier put before the lighter; each goes
/// to the fold that has the least of that stratum, or of those the least in all. Between two folds
/// the counts of a stratum differ by no more than its heaviest group, if no group weighs in several
/// strata; where the light split_groups outnumber the uneven heavy ones, by at most one, and so do the
/// totals. An empty fold comes before all others: with at least `k` split_groups none stays empty.
pub(super) fn assign_groups(
    split_groups: &[SplitGroup],
    utterances: usize,
    k: usize,
    purpose: &str,
    seed: u64,
) -> Vec<usize> {
    let strata = split_groups.iter().map(|b| b.weights.len()).max().unwrap_or(0);
    let mut rng = generator(purpose, seed, 0);
    let mut fold_of = vec![0; utterances];
    let mut counts = vec![vec![0_usize; strata]; k];
    let mut totals = vec![0_usize; k];
    for stratum in 0..strata {
        let mut hand: Vec<&SplitGroup> =
            split_groups.iter().filter(|b| b.stratum == stratum).collect();
        shuffle(&mut hand, &mut rng);
        hand.sort_by_key(|group| std::cmp::Reverse(group.weight()));
        for group in hand {
            let Some(fold) = (0..k).min_by_key(|&f| (counts[f][stratum], totals[f])) else {
                continue;
            };
            for (count, weight) in counts[fold].iter_mut().zip(&group.weights) {
                *count += weight;
            }
            totals[fold] += group.weight();
            for &member in &group.members {
                fold_of[member] = fold;
            }
        }
    }
    fold_of
}
