//! Figures of continuous targets, with intervals by speakers and the agreement of raters.

use rand_core::SeedableRng;
use rand_pcg::Pcg64;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bootstrap::{Interval, REPLICATES, below};
use super::cluster::{ClusterBy, clusters, speakers};
use super::concordance::{Concordance, Moments};
use crate::random::SeedPurpose;
use crate::{DimensionPrediction, Prediction};

/// Figures of one continuous target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DimensionScores {
    /// The dimension.
    pub name: String,
    /// Utterances whose value is known.
    pub utterances: usize,
    /// Concordance correlation coefficient (Lin 1989): 1 for equal values, 0 without correlation.
    pub ccc: f64,
    /// Pearson correlation.
    pub pearson: f64,
    /// Root of the mean squared error, in the units of the dimension.
    pub rmse: f64,
}

/// Figures of one continuous target over pooled predictions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DimensionSummary {
    /// The dimension.
    pub name: String,
    /// Utterances whose value is known.
    pub utterances: usize,
    /// Concordance correlation coefficient.
    pub ccc: Interval,
    /// Pearson correlation.
    pub pearson: Interval,
    /// Root of the mean squared error, in the units of the dimension.
    pub rmse: Interval,
    /// What was drawn for the intervals.
    pub by: ClusterBy,
    /// How many there are.
    pub clusters: usize,
    /// Resamples.
    pub replicates: usize,
    /// Agreement of the raters on the same utterances, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raters: Option<RaterAgreement>,
}

/// How well raters agree on a dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RaterAgreement {
    /// CCC of each rater with the mean of the others, over the utterances that both have.
    pub each: Vec<f64>,
    /// Its mean over the raters.
    pub ccc: f64,
}

impl DimensionScores {
    /// Of predictions, one for each dimension of which a value is known; empty without any.
    #[must_use]
    pub fn of(predictions: &[Prediction]) -> Vec<Self> {
        let scores = names(predictions).into_iter().map(|name| {
            let pairs: Vec<(f64, f64)> = known(predictions, &name).map(|(_, pair)| pair).collect();
            let Concordance { ccc, pearson, rmse } =
                Moments::of(pairs.iter().copied(), shift(&pairs)).figures();
            Self { name, utterances: pairs.len(), ccc, pearson, rmse }
        });
        scores.filter(|scores| scores.utterances > 0).collect()
    }
}

impl DimensionSummary {
    /// Of pooled predictions, with 95% percentile intervals over speakers as those of
    /// [`bootstrap`](crate::bootstrap).
    #[must_use]
    pub fn of(predictions: &[Prediction], seed: u64) -> Vec<Self> {
        let summaries = names(predictions).into_iter();
        summaries.filter_map(|name| summary(predictions, name, seed)).collect()
    }
}

fn summary(predictions: &[Prediction], name: String, seed: u64) -> Option<DimensionSummary> {
    let (by, of, _) = clusters(speakers(predictions));
    let pairs: Vec<(usize, (f64, f64))> = known(predictions, &name).collect();
    let values: Vec<(f64, f64)> = pairs.iter().map(|(_, pair)| *pair).collect();
    let shift = shift(&values);
    let mut groups: Vec<Moments> = Vec::new();
    let mut places = vec![None; predictions.len()];
    for (index, pair) in &pairs {
        let place = *places[of[*index]].get_or_insert_with(|| {
            groups.push(Moments::default());
            groups.len() - 1
        });
        groups[place].add(&Moments::of([*pair], shift));
    }
    if groups.is_empty() {
        return None;
    }
    let figures = |drawn: &mut dyn Iterator<Item = &Moments>| {
        let mut all = Moments::default();
        drawn.for_each(|moments| all.add(moments));
        all.figures()
    };
    let measured = figures(&mut groups.iter());
    let resampled: Vec<Concordance> = (0..REPLICATES as u64)
        .into_par_iter()
        .map(|replicate| {
            let mut random =
                Pcg64::seed_from_u64(SeedPurpose::DimensionResample.derive(seed, replicate));
            let count = groups.len();
            figures(&mut (0..count).map(|_| &groups[below(count, &mut random)]))
        })
        .collect();
    let interval = |figure: fn(&Concordance) -> f64| {
        Interval::of(figure(&measured), resampled.iter().map(figure).collect())
    };
    Some(DimensionSummary {
        utterances: pairs.len(),
        ccc: interval(|figures| figures.ccc),
        pearson: interval(|figures| figures.pearson),
        rmse: interval(|figures| figures.rmse),
        by,
        clusters: groups.len(),
        replicates: REPLICATES,
        raters: agreement(predictions, &name),
        name,
    })
}

/// Names of the dimensions, in the order of the first prediction that has each.
fn names(predictions: &[Prediction]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for DimensionPrediction { name, .. } in predictions.iter().flat_map(|p| &p.dimensions) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Index, predicted and true value of each prediction whose value is known.
fn known<'a>(
    predictions: &'a [Prediction],
    name: &'a str,
) -> impl Iterator<Item = (usize, (f64, f64))> + 'a {
    predictions.iter().enumerate().filter_map(move |(index, prediction)| {
        let found = prediction.dimensions.iter().find(|found| found.name == name)?;
        Some((index, (found.predicted, found.truth?)))
    })
}

/// The mean of the true values.
fn shift(pairs: &[(f64, f64)]) -> f64 {
    pairs.iter().map(|(_, truth)| truth).sum::<f64>() / pairs.len().max(1) as f64
}

/// The agreement of each rater with the mean of the others.
fn agreement(predictions: &[Prediction], name: &str) -> Option<RaterAgreement> {
    let rated = || {
        let dimensions = predictions.iter().flat_map(|prediction| &prediction.dimensions);
        dimensions.filter(|found| found.name == name).map(|found| &found.ratings)
    };
    let raters = rated().map(Vec::len).max().filter(|raters| *raters > 1)?;
    let each: Vec<f64> = (0..raters)
        .filter_map(|rater| {
            let pairs = rated().filter_map(|ratings| {
                let own = ratings.get(rater).copied().flatten()?;
                let others = ratings.iter().enumerate().filter(|(other, _)| *other != rater);
                let others: Vec<f64> = others.filter_map(|(_, rating)| *rating).collect();
                (!others.is_empty())
                    .then(|| (own, others.iter().sum::<f64>() / others.len() as f64))
            });
            let pairs: Vec<(f64, f64)> = pairs.collect();
            (pairs.len() > 1)
                .then(|| Moments::of(pairs.iter().copied(), shift(&pairs)).figures().ccc)
        })
        .collect();
    let ccc = each.iter().sum::<f64>() / each.len().max(1) as f64;
    (!each.is_empty()).then_some(RaterAgreement { each, ccc })
}

#[cfg(test)]
mod tests {
    use clstm::ProbabilityCalibration;

    use super::{ClusterBy, DimensionScores, DimensionSummary};
    use crate::{DimensionPrediction, Prediction};

    fn prediction(speaker: &str, predicted: f64, ratings: &[Option<f64>]) -> Prediction {
        let known: Vec<f64> = ratings.iter().copied().flatten().collect();
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        let arousal = DimensionPrediction {
            name: "arousal".to_owned(),
            predicted,
            truth: (!known.is_empty()).then_some(mean),
            ratings: ratings.to_vec(),
        };
        let scaling = ProbabilityCalibration::default();
        Prediction::new(String::new(), 0, vec![0.0, 0.0], &scaling)
            .with_speaker(Some(speaker))
            .with_dimensions(vec![arousal])
    }

    #[test]
    fn unknown_values_take_no_part() {
        let all = [
            prediction("a", 1.0, &[Some(2.0)]),
            prediction("a", 100.0, &[None]),
            prediction("b", 2.0, &[Some(2.0)]),
            prediction("b", 3.0, &[Some(4.0)]),
            prediction("c", 4.0, &[Some(4.0)]),
        ];
        let [scores] = &DimensionScores::of(&all)[..] else { panic!("one dimension") };
        assert_eq!((scores.name.as_str(), scores.utterances), ("arousal", 4));
        assert!((scores.ccc - 0.8).abs() < 1e-12 && (scores.rmse - 0.5_f64.sqrt()).abs() < 1e-12);
        let [summary] = &DimensionSummary::of(&all, 1)[..] else { panic!("one dimension") };
        assert_eq!((summary.by, summary.clusters, &summary.raters), (ClusterBy::Speaker, 3, &None));
        assert!((summary.ccc.value - 0.8).abs() < 1e-12, "{summary:?}");
        assert!(summary.ccc.low < 0.8 && summary.ccc.high >= 0.8, "{summary:?}");
        assert_eq!(DimensionSummary::of(&all[1..2], 1), []);
        assert_eq!(DimensionScores::of(&all[1..2]), []);
    }

    #[test]
    fn speakers_are_drawn_whole() {
        // Within a speaker predictions are perfect but for a shift that differs by speaker.
        let all: Vec<Prediction> = (0..40)
            .map(|i| {
                let (speaker, value) = (i % 4, f64::from(i / 4));
                let shift = [0.0, 0.0, 0.0, 8.0][speaker as usize];
                prediction(&speaker.to_string(), value + shift, &[Some(value)])
            })
            .collect();
        let by_speaker = DimensionSummary::of(&all, 1).remove(0);
        let alone: Vec<Prediction> =
            all.into_iter().map(|prediction| prediction.with_speaker(None)).collect();
        let by_utterance = DimensionSummary::of(&alone, 1).remove(0);
        assert_eq!((by_speaker.clusters, by_utterance.clusters), (4, 40));
        let width = |summary: &DimensionSummary| summary.ccc.high - summary.ccc.low;
        assert!(width(&by_speaker) > 1.5 * width(&by_utterance));
        assert_eq!(by_speaker.ccc.value, by_utterance.ccc.value);
        assert_eq!(DimensionSummary::of(&alone, 1).remove(0), by_utterance, "the same seed");
    }

    #[test]
    fn a_rater_is_compared_with_the_mean_of_the_others() {
        let ratings = [
            [Some(1.0), Some(1.0), Some(3.0)],
            [Some(2.0), Some(2.0), Some(2.0)],
            [Some(4.0), Some(3.0), None],
        ];
        let all = ratings.map(|ratings| prediction("a", 0.0, &ratings));
        let raters = DimensionSummary::of(&all, 1).remove(0).raters.expect("three raters");
        // The first rater: (1, 2), (2, 2), (4, 3); means 7/3, variances 14/9 and 2/9, covariance 5/9.
        let first = 2.0 * 5.0 / (14.0 + 2.0);
        assert!((raters.each[0] - first).abs() < 1e-12, "{raters:?}");
        // The third: (3, 1), (2, 2); means 2.5 and 1.5, variances 1/4, covariance -1/4.
        assert!((raters.each[2] + 0.5 / 1.5).abs() < 1e-12, "{raters:?}");
        let mean = raters.each.iter().sum::<f64>() / 3.0;
        assert!((raters.ccc - mean).abs() < 1e-12);
    }
}
