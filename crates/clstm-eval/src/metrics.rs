//! Figures of merit from true and predicted classes.

use serde::{Deserialize, Serialize};

/// Precision, recall and F1 of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassMetrics {
    /// Of the utterances predicted to be of the class, the share that is; 0 if none was.
    pub precision: f64,
    /// Of the utterances of the class, the share found; NaN-free: 0 if the class has none.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// Utterances of the class.
    pub support: usize,
}

/// UA, WA and the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Unweighted accuracy (UAR): mean of the recalls of the classes that occur.
    pub ua: f64,
    /// Weighted accuracy: share of the utterances that are right.
    pub wa: f64,
    /// Mean of the F1 of the classes that occur or were predicted.
    pub macro_f1: f64,
    /// `confusion[true][predicted]`, counts.
    pub confusion: Vec<Vec<usize>>,
    /// By class.
    pub classes: Vec<ClassMetrics>,
}

impl Metrics {
    /// From pairs of true and predicted class.
    ///
    /// # Panics
    /// If a class is not below `classes`.
    #[must_use]
    pub fn of(pairs: impl IntoIterator<Item = (usize, usize)>, classes: usize) -> Self {
        let mut confusion = vec![vec![0; classes]; classes];
        for (truth, prediction) in pairs {
            confusion[truth][prediction] += 1;
        }
        Self::from_confusion(confusion)
    }

    /// From a confusion matrix `[true][predicted]`.
    #[must_use]
    pub fn from_confusion(confusion: Vec<Vec<usize>>) -> Self {
        let count = confusion.len();
        let share = |part: usize, whole: usize| match whole {
            0 => 0.0,
            _ => part as f64 / whole as f64,
        };
        let classes: Vec<ClassMetrics> = (0..count)
            .map(|k| {
                let support = confusion[k].iter().sum();
                let predicted = confusion.iter().map(|row| row[k]).sum();
                let hits = confusion[k][k];
                ClassMetrics {
                    precision: share(hits, predicted),
                    recall: share(hits, support),
                    f1: share(2 * hits, support + predicted),
                    support,
                }
            })
            .collect();
        let present: Vec<&ClassMetrics> = classes.iter().filter(|c| c.support > 0).collect();
        let mean = |values: Vec<f64>| share_of(&values);
        let mentioned = (0..count)
            .filter(|k| classes[*k].support > 0 || confusion.iter().any(|row| row[*k] > 0))
            .map(|k| classes[k].f1)
            .collect();
        let total = confusion.iter().flatten().sum();
        let hits = (0..count).map(|k| confusion[k][k]).sum();
        Self {
            ua: mean(present.iter().map(|c| c.recall).collect()),
            wa: share(hits, total),
            macro_f1: mean(mentioned),
            confusion,
            classes,
        }
    }
}

fn share_of(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn figures_are_those_of_scikit_learn() {
        // scikit-learn 1.9.1: balanced_accuracy_score, accuracy_score, f1_score(average="macro") of
        // y_true = [0,0,0,0,1,1,2,2,2], y_pred = [0,0,1,2,1,1,2,0,2].
        let pairs = [(0, 0), (0, 0), (0, 1), (0, 2), (1, 1), (1, 1), (2, 2), (2, 0), (2, 2)];
        let metrics = Metrics::of(pairs, 3);
        assert!((metrics.ua - 0.722_222_222).abs() < 1e-9);
        assert!((metrics.wa - 0.666_666_667).abs() < 1e-9);
        assert!((metrics.macro_f1 - 0.679_365_079).abs() < 1e-9);
        assert_eq!(metrics.confusion, [[2, 1, 1], [0, 2, 0], [1, 0, 2]]);
        assert!((metrics.classes[1].precision - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_class_that_does_not_occur_does_not_count() {
        let metrics = Metrics::of([(0, 0), (1, 0)], 4);
        assert!((metrics.ua - 0.5).abs() < 1e-12);
        assert_eq!(Metrics::of([], 2).wa, 0.0);
    }
}
