//! Auxiliary tasks (multi-task learning): further labels that the deep feature is trained on besides the class.

use std::collections::BTreeSet;

use clstm_corpus::Target;
use serde::{Deserialize, Serialize};

use crate::{Dataset, Recipe, TrainError};

/// An auxiliary task on the training utterances (multi-task learning, Caruana 1997). Its head is dropped after
/// the training: a model only predicts its classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuxiliaryTask {
    /// What is predicted: any property that the corpus has of its utterances but their label, such as `intensity`.
    pub target: Target,
    /// Factor of its softmax loss.
    pub weight: f64,
    /// Whether the gradient into the deep feature is reversed, so that the feature becomes uninformative about the
    /// property: for the speaker (Ganin & Lempitsky, ICML 2015).
    #[serde(default, alias = "adversarial")]
    pub gradient_reversal: bool,
}

impl AuxiliaryTask {
    pub(crate) fn validate(&self) -> Result<(), TrainError> {
        let target = &self.target;
        let bad =
            |what: &str| Err(TrainError::Recipe(format!("auxiliary_tasks: {target}: {what}")));
        if matches!(target, Target::Label) {
            return bad(
                "it is what the network predicts already; choose speaker, sex, intensity, ...",
            );
        }
        if !(self.weight > 0.0 && self.weight <= 100.0) {
            return bad("weight must be in (0, 100]");
        }
        Ok(())
    }
}

/// The targets of a recipe's auxiliary tasks.
#[derive(Debug, Default)]
pub(crate) struct AuxiliaryTargets(Vec<TargetTable>);

/// The targets of one task.
#[derive(Debug)]
struct TargetTable {
    /// The classes of the task: the values that the training utterances have, sorted.
    values: Vec<String>,
    /// Of each utterance of the dataset, where it is known and a training utterance has it.
    of: Vec<Option<usize>>,
}

impl AuxiliaryTargets {
    /// Of the utterances of a dataset, as far as those in `train` know them.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] for a task of which the training utterances have fewer than two classes.
    pub(crate) fn of(
        recipe: &Recipe,
        dataset: &Dataset,
        train: &[usize],
    ) -> Result<Self, TrainError> {
        let tasks =
            recipe.auxiliary_tasks.iter().map(|task| TargetTable::of(&task.target, dataset, train));
        Ok(Self(tasks.collect::<Result<_, _>>()?))
    }

    /// The number of classes of each task.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.0.iter().map(|table| table.values.len()).collect()
    }

    /// Targets of a batch for each task, `[batch, classes of the task]`. A row of zeros, which has no loss, stands for an
    /// utterance without a known class. A mixture of two utterances has both classes by their shares.
    pub(crate) fn targets(&self, items: &[usize], mixed: &[(usize, f32)]) -> Vec<Vec<f32>> {
        self.0.iter().map(|table| table.targets(items, mixed)).collect()
    }

    /// Everything that the targets of utterances depend on, for a digest.
    pub(crate) fn labels<'a>(
        &'a self,
        utterances: &'a [usize],
    ) -> impl Iterator<Item = &'a str> + 'a {
        self.0.iter().flat_map(move |table| {
            utterances.iter().map(|&i| table.of[i].map_or("", |value| &table.values[value]))
        })
    }
}

impl TargetTable {
    fn of(target: &Target, dataset: &Dataset, train: &[usize]) -> Result<Self, TrainError> {
        let utterances = &dataset.corpus.utterances;
        let values: BTreeSet<String> =
            train.iter().filter_map(|&i| target.of(&utterances[i])).collect();
        let values: Vec<String> = values.into_iter().collect();
        if values.len() < 2 {
            let known = match values.first() {
                Some(only) => format!("it is {only:?} wherever it is known"),
                None => format!("nothing is known of it in {}", dataset.corpus.name),
            };
            return Err(TrainError::Recipe(format!(
                "auxiliary_tasks: {target}: {known}; leave it out"
            )));
        }
        let find = |value: String| values.binary_search(&value).ok();
        let of = utterances.iter().map(|utterance| target.of(utterance).and_then(find)).collect();
        Ok(Self { values, of })
    }

    fn targets(&self, items: &[usize], mixed: &[(usize, f32)]) -> Vec<f32> {
        let mut rows = vec![0.0; items.len() * self.values.len()];
        for (i, row) in rows.chunks_exact_mut(self.values.len()).enumerate() {
            // Mixup takes the next utterance of the batch.
            let other = items[(i + 1) % items.len()];
            let share = mixed.get(i).map_or(0.0, |(_, share)| *share);
            for (item, share) in [(items[i], 1.0 - share), (other, share)] {
                if let Some(class) = self.of[item] {
                    row[class] += share;
                }
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three utterances of the classes `b`, none and `a`, and a fourth of a class that was not trained on.
    fn table() -> TargetTable {
        TargetTable {
            values: vec!["a".to_owned(), "b".to_owned()],
            of: vec![Some(1), None, Some(0), None],
        }
    }

    #[test]
    fn rows_are_shared_as_the_utterances_are_mixed() {
        let rows = table().targets(&[0, 2, 1], &[(0, 0.25), (0, 0.0), (0, 0.5)]);
        // b with a quarter of a; a alone; nothing known, half of b.
        assert_eq!(rows, [0.25, 0.75, 1.0, 0.0, 0.0, 0.5]);
    }

    #[test]
    fn without_mixing_rows_are_one_hot_and_zero_where_the_class_is_unknown() {
        let rows = table().targets(&[3, 0, 1], &[]);
        assert_eq!(rows, [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    }
}
