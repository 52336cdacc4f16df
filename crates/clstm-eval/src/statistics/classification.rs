//! The classification report, as the paper's Tables 3 and 6 have it.

use serde::{Deserialize, Serialize};

use crate::{ClassMetrics, Metrics};

/// Precision, recall and F1 as means over classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Average {
    /// Mean precision.
    pub precision: f64,
    /// Mean recall.
    pub recall: f64,
    /// Mean F1.
    pub f1: f64,
}

/// Figures by class and their averages, those of scikit-learn's `classification_report` with
/// `zero_division=0`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassificationReport {
    /// By class.
    pub classes: Vec<ClassMetrics>,
    /// Over the classes that occur or were predicted, each alike: the paper's "un-weighted". Its recall
    /// is UA where every class that was predicted occurs.
    pub unweighted: Average,
    /// Weighted by the utterances of each class: the paper's "weighted". Its recall is WA.
    pub weighted: Average,
    /// Share of the utterances that are right (WA).
    pub accuracy: f64,
    /// Utterances.
    pub support: usize,
}

impl ClassificationReport {
    /// From the figures of a confusion matrix.
    #[must_use]
    pub fn of(metrics: &Metrics) -> Self {
        let predicted = |class: usize| metrics.confusion.iter().any(|row| row[class] > 0);
        let even = |(class, of): (usize, &ClassMetrics)| {
            f64::from(u8::from(of.support > 0 || predicted(class)))
        };
        Self {
            unweighted: average(&metrics.classes, even),
            weighted: average(&metrics.classes, |(_, of)| of.support as f64),
            accuracy: metrics.wa,
            support: metrics.classes.iter().map(|class| class.support).sum(),
            classes: metrics.classes.clone(),
        }
    }
}

/// The mean by weights; 0 where they are all 0.
fn average(classes: &[ClassMetrics], weight: impl Fn((usize, &ClassMetrics)) -> f64) -> Average {
    let (mut sum, mut total) = (Average::default(), 0.0);
    for (index, class) in classes.iter().enumerate() {
        let weight = weight((index, class));
        total += weight;
        sum.precision += weight * class.precision;
        sum.recall += weight * class.recall;
        sum.f1 += weight * class.f1;
    }
    let share = |sum: f64| if total > 0.0 { sum / total } else { 0.0 };
    Average { precision: share(sum.precision), recall: share(sum.recall), f1: share(sum.f1) }
}

/// A confusion matrix `[true][predicted]` with each row divided by its sum: of the utterances of a
/// class, the share that was taken for each; zeros for a class without utterances.
#[must_use]
pub fn row_normalized(confusion: &[Vec<usize>]) -> Vec<Vec<f64>> {
    let share = |row: &Vec<usize>| {
        let sum = row.iter().sum::<usize>().max(1) as f64;
        row.iter().map(|&count| count as f64 / sum).collect()
    };
    confusion.iter().map(share).collect()
}
