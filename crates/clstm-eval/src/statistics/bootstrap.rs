//! Bootstrap intervals over clusters.

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::cluster::{ClusterBy, clusters, speakers};
use crate::Prediction;
use crate::random::SeedPurpose;

/// Resamples of an interval. The ends of a 95% interval, being the 250th values from either end of the
/// sorted resamples, then wander by about a twentieth of their distance from the middle.
pub const REPLICATES: usize = 10_000;

/// Share of resamples inside an interval.
pub const INTERVAL_LEVEL: f64 = 0.95;

/// A figure and the interval it may lie in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// As measured.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// The percentile interval of resampled values; the value alone where there are none.
    pub(super) fn of(value: f64, mut resampled: Vec<f64>) -> Self {
        resampled.retain(|value| value.is_finite());
        if resampled.is_empty() {
            return Self { value, low: value, high: value };
        }
        resampled.sort_by(f64::total_cmp);
        let tail = (1.0 - INTERVAL_LEVEL) / 2.0;
        Self { value, low: quantile(&resampled, tail), high: quantile(&resampled, 1.0 - tail) }
    }
}

/// Intervals of the figures of merit of predictions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    /// What was drawn.
    pub by: ClusterBy,
    /// How many there are.
    pub clusters: usize,
    /// Resamples.
    pub replicates: usize,
    /// Of the drawing.
    pub seed: u64,
    /// Unweighted accuracy.
    pub ua: Interval,
    /// Weighted accuracy.
    pub wa: Interval,
    /// Mean F1.
    pub macro_f1: Interval,
    /// Recall of each class.
    pub recalls: Vec<Interval>,
}

/// 95% percentile intervals of the figures of pooled predictions over `classes` classes: clusters are
/// drawn with replacement, as many as there are, each with all its utterances, and the figures counted
/// again (Davison & Hinkley, *Bootstrap Methods and their Application*, 1997, section 3.8; Field & Welsh,
/// *Bootstrapping clustered data*, JRSS B 2007).
///
/// The figures of a resample are those of [`Metrics`](crate::Metrics): UA is the mean over the classes
/// that occur in it. An interval covers the choice of speakers, not the
/// seed of the training. With few clusters, below twenty or so, percentile intervals are somewhat too narrow.
///
/// None without predictions, or where one has a class that is none.
#[must_use]
pub fn bootstrap(predictions: &[Prediction], classes: usize, seed: u64) -> Option<Intervals> {
    let fits = |p: &Prediction| p.truth < classes && p.predicted < classes;
    if predictions.is_empty() || !predictions.iter().all(fits) {
        return None;
    }
    let (by, of, count) = clusters(speakers(predictions));
    let mut cells = vec![Vec::new(); count];
    for (prediction, cluster) in predictions.iter().zip(of) {
        cells[cluster].push((prediction.truth, prediction.predicted));
    }
    let measured = Figures::of(cells.iter(), classes);
    let resampled: Vec<Figures> = (0..REPLICATES as u64)
        .into_par_iter()
        .map(|replicate| {
            let mut random = Pcg64::seed_from_u64(SeedPurpose::Resample.derive(seed, replicate));
            Figures::of((0..count).map(|_| &cells[below(count, &mut random)]), classes)
        })
        .collect();
    let interval = |figure: &dyn Fn(&Figures) -> f64| {
        Interval::of(figure(&measured), resampled.iter().map(figure).collect())
    };
    Some(Intervals {
        by,
        clusters: count,
        replicates: REPLICATES,
        seed,
        ua: interval(&|figures| figures.ua),
        wa: interval(&|figures| figures.wa),
        macro_f1: interval(&|figures| figures.macro_f1),
        recalls: (0..classes)
            .map(|class| {
                let values = resampled.iter().map(|figures| figures.recalls[class]).collect();
                let value = measured.recalls[class];
                Interval::of(if value.is_finite() { value } else { 0.0 }, values)
            })
            .collect(),
    })
}

/// What is counted of a resample.
struct Figures {
    ua: f64,
    wa: f64,
    macro_f1: f64,
    /// NaN for a class that does not occur.
    recalls: Vec<f64>,
}

impl Figures {
    /// Of clusters of pairs of true and predicted class.
    fn of<'a>(drawn: impl Iterator<Item = &'a Vec<(usize, usize)>>, classes: usize) -> Self {
        // Correct predictions, utterances and predictions of each class.
        let mut counts = vec![[0_u32; 3]; classes];
        for &(truth, predicted) in drawn.flatten() {
            counts[truth][1] += 1;
            counts[predicted][2] += 1;
            counts[truth][0] += u32::from(truth == predicted);
        }
        let ratio = |part: u32, whole: u32| f64::from(part) / f64::from(whole);
        let recalls: Vec<f64> = counts.iter().map(|[hits, all, _]| ratio(*hits, *all)).collect();
        let [hits, all] = [0, 1].map(|i| counts.iter().map(|count| count[i]).sum::<u32>());
        let f1 = counts.iter().map(|[hits, all, predicted]| ratio(2 * hits, all + predicted));
        Self {
            ua: finite_mean(recalls.iter().copied()),
            wa: ratio(hits, all),
            macro_f1: finite_mean(f1),
            recalls,
        }
    }
}

/// The mean of the values that are numbers.
fn finite_mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values
        .filter(|value| value.is_finite())
        .fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count.max(1))
}

/// A number below `count`, each as likely but for a part in 2^64 (Lemire 2019).
pub(super) fn below(count: usize, random: &mut Pcg64) -> usize {
    ((u128::from(random.next_u64()) * count as u128) >> 64) as usize
}

/// The quantile of sorted values, straight between neighbours (R's type 7, the default of NumPy).
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::{bootstrap, quantile};
    use crate::Prediction;
    use clstm::ProbabilityCalibration;

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([1, 2, 4, 8], [0, 0.025, 0.5, 0.9, 1])
        let sorted = [1.0, 2.0, 4.0, 8.0];
        let found = [0.0, 0.025, 0.5, 0.9, 1.0].map(|share| quantile(&sorted, share));
        for (found, numpy) in found.iter().zip([1.0, 1.075, 3.0, 6.8, 8.0]) {
            assert!((found - numpy).abs() < 1e-12, "{found} {numpy}");
        }
    }

    #[test]
    fn what_cannot_be_measured_has_no_interval() {
        assert!(bootstrap(&[], 3, 1).is_none());
        let strange =
            Prediction::new("a".to_owned(), 3, vec![0.0; 3], &ProbabilityCalibration::default());
        assert!(bootstrap(&[strange], 3, 1).is_none());
        let one = Prediction::new(
            "a".to_owned(),
            1,
            vec![0.0, 1.0, 0.0],
            &ProbabilityCalibration::default(),
        );
        let found = bootstrap(&[one], 3, 1).expect("one utterance");
        assert_eq!((found.ua.low, found.ua.high, found.recalls[0].value), (1.0, 1.0, 0.0));
    }
}
