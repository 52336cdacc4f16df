//! Two runs on the same utterances.

use std::collections::HashMap;

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bootstrap::{Interval, REPLICATES, below};
use super::cluster::{ClusterBy, clusters};
use super::mcnemar::{McNemar, mcnemar_exact};
use crate::random::SeedPurpose;
use crate::{EvalError, Prediction};

/// Up to this number of clusters that differ, every swap is counted: 2^23 sums, some ten
/// milliseconds. RAVDESS has 24 speakers.
pub const EXACT_CLUSTERS: usize = 24;

/// Random swaps beyond that: p-values of 0.05 then have a standard error of 0.0007.
pub const PERMUTATIONS: usize = 100_000;

/// How far a figure of the first run is above that of the second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The difference and its paired 95% interval: clusters drawn for both runs at once.
    pub interval: Interval,
    /// Two-sided p-value of the permutation test over clusters.
    pub p: f64,
}

/// Two runs compared on the utterances that both were tested on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Utterances in both.
    pub utterances: usize,
    /// Utterances in one of them only, left out.
    pub left_out: usize,
    /// What is drawn and swapped.
    pub by: ClusterBy,
    /// How many there are.
    pub clusters: usize,
    /// UA of either.
    pub ua: [f64; 2],
    /// WA of either.
    pub wa: [f64; 2],
    /// Difference of the unweighted accuracies.
    pub ua_difference: Difference,
    /// Difference of the weighted accuracies.
    pub wa_difference: Difference,
    /// Whether all swaps were counted, or [`PERMUTATIONS`] random ones.
    pub exact: bool,
    /// Over single utterances, as if they were independent.
    pub mcnemar: McNemar,
    /// Of everything drawn.
    pub seed: u64,
}

/// Compares the predictions of two runs for the same utterances; none where they share none.
///
/// Intervals are percentile intervals of [`REPLICATES`] resamples of clusters. The permutation test
/// swaps the predictions of the two runs for a whole cluster at a time, which changes nothing where neither
/// is better; its p-value is the share of swaps whose difference is at least as large as the measured
/// one, `(1 + r) / (1 + n)` for random swaps.
///
/// # Errors
/// [`EvalError::Incomparable`] where the runs do not agree on the class of an utterance, or one names an
/// utterance twice.
pub fn compare(
    first: &[Prediction],
    second: &[Prediction],
    seed: u64,
) -> Result<Option<Comparison>, EvalError> {
    let (ours, theirs) = (by_name(first)?, by_name(second)?);
    let mut pairs: Vec<(&Prediction, &Prediction)> = Vec::new();
    for prediction in first {
        let Some(other) = theirs.get(prediction.id.as_str()) else { continue };
        if other.truth != prediction.truth {
            let id = &prediction.id;
            let message = format!("the runs do not agree on the class of the utterance {id:?}");
            return Err(EvalError::Incomparable(message));
        }
        pairs.push((prediction, other));
    }
    if pairs.is_empty() {
        return Ok(None);
    }
    let speaker =
        |(a, b): &(&'_ Prediction, &'_ Prediction)| a.speaker.clone().or(b.speaker.clone());
    let speakers: Vec<Option<String>> = pairs.iter().map(speaker).collect();
    let (by, of, count) = clusters(speakers.iter().map(Option::as_deref));
    let classes = pairs.iter().map(|(a, _)| a.truth + 1).max().unwrap_or(0);
    let mut cells = vec![Vec::new(); count];
    for ((a, b), cluster) in pairs.iter().zip(of) {
        cells[cluster].push(Pair { truth: a.truth, right: [a.is_correct(), b.is_correct()] });
    }
    let measured = Accuracies::of(cells.iter(), classes);
    let resampled: Vec<Accuracies> = (0..REPLICATES as u64)
        .into_par_iter()
        .map(|replicate| {
            let mut random =
                Pcg64::seed_from_u64(SeedPurpose::PairedResample.derive(seed, replicate));
            Accuracies::of((0..count).map(|_| &cells[below(count, &mut random)]), classes)
        })
        .collect();
    let difference = |figure: fn(&Accuracies) -> [f64; 2]| {
        let of = |figures: &Accuracies| figure(figures)[0] - figure(figures)[1];
        Interval::of(of(&measured), resampled.iter().map(of).collect())
    };
    let (sums, exact) = (cluster_sums(&cells, classes), EXACT_CLUSTERS);
    let sums: Vec<[f64; 2]> = sums.into_iter().filter(|sum| *sum != [0.0; 2]).collect();
    let exact = sums.len() <= exact;
    let [p_ua, p_wa] = if exact { all_swaps(&sums) } else { random_swaps(&sums, seed) };
    let only = |who: usize| {
        let alone = |pair: &&Pair| pair.right[who] && !pair.right[1 - who];
        cells.iter().flatten().filter(alone).count()
    };
    let (only_first, only_second) = (only(0), only(1));
    Ok(Some(Comparison {
        utterances: pairs.len(),
        left_out: ours.len() + theirs.len() - 2 * pairs.len(),
        by,
        clusters: count,
        ua: measured.ua,
        wa: measured.wa,
        ua_difference: Difference { interval: difference(|figures| figures.ua), p: p_ua },
        wa_difference: Difference { interval: difference(|figures| figures.wa), p: p_wa },
        exact,
        mcnemar: McNemar { only_first, only_second, p: mcnemar_exact(only_first, only_second) },
        seed,
    }))
}

fn by_name(run: &[Prediction]) -> Result<HashMap<&str, &Prediction>, EvalError> {
    let names: HashMap<&str, &Prediction> = run.iter().map(|p| (p.id.as_str(), p)).collect();
    if names.len() < run.len() {
        let message = "a run names an utterance twice: its folds overlap".to_owned();
        return Err(EvalError::Incomparable(message));
    }
    Ok(names)
}

/// An utterance and who has it right.
#[derive(Clone, Copy)]
struct Pair {
    truth: usize,
    right: [bool; 2],
}

/// Of both runs.
struct Accuracies {
    ua: [f64; 2],
    wa: [f64; 2],
}

impl Accuracies {
    fn of<'a>(drawn: impl Iterator<Item = &'a Vec<Pair>>, classes: usize) -> Self {
        let (mut support, mut hits) = (vec![0_u32; classes], vec![[0_u32; 2]; classes]);
        for pair in drawn.flatten() {
            support[pair.truth] += 1;
            let hits = hits[pair.truth].iter_mut().zip(pair.right);
            hits.for_each(|(hits, right)| *hits += u32::from(right));
        }
        let occur = support.iter().filter(|&&count| count > 0).count().max(1) as f64;
        let total = f64::from(support.iter().sum::<u32>().max(1));
        let recalls = |who: usize| {
            let classes = hits.iter().zip(&support).filter(|(_, count)| **count > 0);
            classes.map(|(hits, count)| f64::from(hits[who]) / f64::from(*count)).sum::<f64>()
        };
        let right = |who: usize| f64::from(hits.iter().map(|hits| hits[who]).sum::<u32>());
        Self {
            ua: [0, 1].map(|who| recalls(who) / occur),
            wa: [0, 1].map(|who| right(who) / total),
        }
    }
}

/// What each cluster adds to the differences of UA and WA. Swapping the runs' predictions for a cluster turns
/// the sign of its part and leaves the others, since the utterances stay the same.
fn cluster_sums(cells: &[Vec<Pair>], classes: usize) -> Vec<[f64; 2]> {
    let mut support = vec![0_u32; classes];
    cells.iter().flatten().for_each(|pair| support[pair.truth] += 1);
    let occur = support.iter().filter(|&&count| count > 0).count() as f64;
    let total = f64::from(support.iter().sum::<u32>());
    let part = |pair: &Pair| {
        let [first, second] = pair.right.map(|right| f64::from(u8::from(right)));
        let gain = first - second;
        [gain / (occur * f64::from(support[pair.truth])), gain / total]
    };
    let sum = |cell: &Vec<Pair>| {
        cell.iter().map(part).fold([0.0; 2], |sum, part| [sum[0] + part[0], sum[1] + part[1]])
    };
    cells.iter().map(sum).collect()
}

/// Differences that are this near are the same: sums of a few thousand parts round otherwise by less,
/// and the smallest true difference, one utterance of a class of a million, is more.
const SAME: f64 = 1e-9;

/// The share of all swaps with a difference at least as large. The sign of the first cluster is kept,
/// since swapping everything changes no size; the others are swapped one at a time, in Gray's order.
fn all_swaps(sums: &[[f64; 2]]) -> [f64; 2] {
    let mut total = sums.iter().fold([0.0; 2], |t, sum| [t[0] + sum[0], t[1] + sum[1]]);
    let least = total.map(|measured: f64| measured.abs() - SAME);
    let mut signs = vec![1.0; sums.len()];
    let swaps = 1_u64 << sums.len().saturating_sub(1);
    let mut counts = [1_u64; 2]; // the measured one
    for step in 1..swaps {
        let cluster = step.trailing_zeros() as usize + 1;
        signs[cluster] = -signs[cluster];
        for (figure, total) in total.iter_mut().enumerate() {
            *total += 2.0 * signs[cluster] * sums[cluster][figure];
            counts[figure] += u64::from(total.abs() >= least[figure]);
        }
    }
    counts.map(|count| count as f64 / swaps as f64)
}

/// The share among random swaps and the measured one.
fn random_swaps(sums: &[[f64; 2]], seed: u64) -> [f64; 2] {
    let add = |t: [f64; 2], sum: &[f64; 2], sign: f64| [t[0] + sign * sum[0], t[1] + sign * sum[1]];
    let measured = sums.iter().fold([0.0; 2], |total, sum| add(total, sum, 1.0));
    let least = measured.map(|measured: f64| measured.abs() - SAME);
    let counts = (0..PERMUTATIONS as u64)
        .into_par_iter()
        .map(|permutation| {
            let mut random =
                Pcg64::seed_from_u64(SeedPurpose::Permutation.derive(seed, permutation));
            let mut total = [0.0; 2];
            for sums in sums.chunks(64) {
                let mut bits = random.next_u64();
                for sum in sums {
                    total = add(total, sum, if bits & 1 == 0 { 1.0 } else { -1.0 });
                    bits >>= 1;
                }
            }
            [0, 1].map(|figure| u64::from(total[figure].abs() >= least[figure]))
        })
        .reduce(|| [0; 2], |a, b| [a[0] + b[0], a[1] + b[1]]);
    counts.map(|count| (1 + count) as f64 / (1 + PERMUTATIONS) as f64)
}

#[cfg(test)]
mod tests {
    use clstm::ProbabilityCalibration;
    use proptest::prelude::*;

    use super::{all_swaps, compare, random_swaps};
    use crate::{EvalError, Prediction};

    fn prediction(id: &str, truth: usize, predicted: usize) -> Prediction {
        let mut logits = vec![0.0; 3];
        logits[predicted] = 1.0;
        Prediction::new(id.to_owned(), truth, logits, &ProbabilityCalibration::default())
    }

    #[test]
    fn only_shared_utterances_count() {
        let first = [prediction("a", 0, 0), prediction("b", 1, 1), prediction("c", 1, 0)];
        let second = [prediction("b", 1, 0), prediction("c", 1, 0), prediction("d", 2, 2)];
        let found = compare(&first, &second, 1).expect("comparable").expect("two are shared");
        assert_eq!((found.utterances, found.left_out), (2, 2));
        assert_eq!((found.ua, found.wa), ([0.5, 0.0], [0.5, 0.0]));
        assert_eq!((found.mcnemar.only_first, found.mcnemar.only_second), (1, 0));
        // One cluster that differs: its swap is as far from zero.
        assert_eq!((found.wa_difference.p, found.exact), (1.0, true));
        assert!(compare(&first[..1], &second, 1).expect("comparable").is_none());
    }

    #[test]
    fn runs_that_contradict_each_other_are_refused() {
        let message = |first: &[Prediction], second: &[Prediction]| {
            let error = compare(first, second, 1).expect_err("a contradiction");
            assert!(matches!(error, EvalError::Incomparable(_)));
            error.to_string()
        };
        let (a, b) = (prediction("a\"", 0, 0), prediction("a\"", 1, 0));
        assert!(message(std::slice::from_ref(&a), &[b]).contains(r#""a\"""#));
        assert!(message(&[a.clone(), a.clone()], &[a]).contains("twice"));
    }

    #[test]
    fn identical_predictions_do_not_differ() {
        let run: Vec<_> = (0..40).map(|i| prediction(&i.to_string(), i % 3, (i / 2) % 3)).collect();
        let found = compare(&run, &run, 7).expect("comparable").expect("all are shared");
        let none = found.ua_difference;
        assert_eq!((none.interval.value, none.interval.low, none.interval.high), (0.0, 0.0, 0.0));
        assert_eq!((none.p, found.mcnemar.p), (1.0, 1.0));
    }

    proptest! {
        #[test]
        fn random_swaps_come_near_all_swaps(parts in prop::collection::vec(-9_i32..=9, 1..12)) {
            let sums: Vec<[f64; 2]> =
                parts.iter().map(|&x| [f64::from(x), f64::from(x * x * x) / 7.0]).collect();
            let (all, random) = (all_swaps(&sums), random_swaps(&sums, 3));
            for (all, random) in all.iter().zip(random) {
                // Five standard errors of 100,000 draws at most.
                prop_assert!((all - random).abs() < 0.008, "{all} {random}");
                prop_assert!(*all > 0.0 && *all <= 1.0);
            }
        }

        #[test]
        fn the_order_of_runs_turns_the_sign(rows in prop::collection::vec((0..3_usize, 0..3_usize, 0..3_usize), 1..40)) {
            let run = |pick: fn(&(usize, usize, usize)) -> usize| -> Vec<Prediction> {
                let prediction = |(i, all): (usize, &(usize, usize, usize))| {
                    prediction(&i.to_string(), all.0, pick(all)).with_speaker(Some(["x", "y", "z"][i % 3]))
                };
                rows.iter().enumerate().map(prediction).collect()
            };
            let (first, second) = (run(|all| all.1), run(|all| all.2));
            let there = compare(&first, &second, 5).expect("comparable").expect("shared");
            let back = compare(&second, &first, 5).expect("comparable").expect("shared");
            let (a, b) = (there.ua_difference, back.ua_difference);
            prop_assert!((a.interval.value + b.interval.value).abs() < 1e-12);
            prop_assert!((a.interval.low + b.interval.high).abs() < 1e-9);
            prop_assert_eq!((a.p, there.mcnemar.p), (b.p, back.mcnemar.p));
        }
    }
}
