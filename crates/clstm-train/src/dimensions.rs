//! Continuous targets in training: settings, and the targets of batches.

use clstm::DimensionInfo;
use serde::{Deserialize, Serialize};

use crate::{Dataset, Recipe, TrainError};

/// Training on continuous targets, such as arousal and valence, by the concordance correlation coefficient (CCC; see
/// [`ccc_loss`](clstm_nn::ccc_loss)) of each batch.
///
/// Its mean over the dimensions is added to the mean softmax loss of the utterances. A batch is the sample that a CCC is
/// computed on, so that it should not be small.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DimensionsConfig {
    /// Names of the dimensions of the corpus, in the order of the network's outputs.
    pub targets: Vec<String>,
    /// Factor of the CCC loss.
    pub weight: f64,
    /// Factor of softmax and centre loss. With 0 the network is trained on the dimensions alone, and only the last layer
    /// is fitted to the classes: their loss has no gradient into the deep feature.
    pub label_weight: f64,
}

impl Default for DimensionsConfig {
    /// No dimension; equal weights.
    fn default() -> Self {
        Self { targets: Vec::new(), weight: 1.0, label_weight: 1.0 }
    }
}

impl DimensionsConfig {
    pub(crate) fn validate(&self, outputs: usize) -> Result<(), TrainError> {
        let bad = |what: String| Err(TrainError::Recipe(format!("dimensions.{what}")));
        if self.targets.is_empty() {
            return bad("targets is empty; name them, such as --target arousal,valence".to_owned());
        }
        if self.targets.len() != outputs {
            let count = self.targets.len();
            return bad(format!("targets has {count} names, but network.dimensions is {outputs}"));
        }
        if !(self.weight > 0.0 && self.weight <= 100.0) {
            return bad("weight must be in (0, 100]".to_owned());
        }
        if !(0.0..=100.0).contains(&self.label_weight) {
            return bad("label_weight must be in [0, 100]".to_owned());
        }
        Ok(())
    }
}

impl Recipe {
    /// The recipe with these continuous targets beside the classes; none of them changes nothing.
    #[must_use]
    pub fn with_dimensions(mut self, targets: &[String]) -> Self {
        self.network.dimensions = targets.len();
        self.dimensions = (!targets.is_empty())
            .then(|| DimensionsConfig { targets: targets.to_vec(), ..DimensionsConfig::default() });
        self
    }

    /// Names of the continuous targets.
    #[must_use]
    pub fn dimension_names(&self) -> &[String] {
        self.dimensions.as_ref().map_or(&[], |dimensions| &dimensions.targets)
    }
}

/// The continuous targets of a training.
#[derive(Debug, Default)]
pub(crate) struct DimensionTargets {
    /// One for each dimension: statistics of the training utterances alone.
    infos: Vec<DimensionInfo>,
    /// Values of each utterance of the dataset in units of the deviation, `[utterances][dimensions]`.
    values: Vec<Vec<Option<f32>>>,
}

/// Continuous targets of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DimensionBatch {
    /// `[batch, dimensions]`, in units of the deviation; 0 where the value is not known.
    pub values: Vec<f32>,
    /// `[batch, dimensions]`, 1 where the value is known and 0 elsewhere.
    pub known: Vec<f32>,
}

impl DimensionTargets {
    /// Of the utterances of a dataset, with the range, mean and deviation of those in `train`.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] for a dimension of which the training utterances have fewer than two different values.
    pub(crate) fn of(
        recipe: &Recipe,
        dataset: &Dataset,
        train: &[usize],
    ) -> Result<Self, TrainError> {
        let utterances = &dataset.corpus.utterances;
        let info = |name: &String| {
            let values = || train.iter().filter_map(|&i| utterances[i].dimension(name));
            info(name, &values().collect::<Vec<f64>>()).ok_or_else(|| {
                TrainError::Recipe(format!(
                    "dimensions.targets: the training utterances of {} have {} values of {name}, and fewer than two \
                     different ones",
                    dataset.corpus.name,
                    values().count()
                ))
            })
        };
        let infos = recipe.dimension_names().iter().map(info).collect::<Result<Vec<_>, _>>()?;
        let of = |info: &DimensionInfo, i: usize| {
            utterances[i].dimension(&info.name).map(|value| info.standardized(value) as f32)
        };
        let values =
            (0..utterances.len()).map(|i| infos.iter().map(|info| of(info, i)).collect()).collect();
        Ok(Self { infos, values })
    }

    /// Names and statistics for the model file.
    pub(crate) fn infos(&self) -> &[DimensionInfo] {
        &self.infos
    }

    /// Targets of a batch; empty without dimensions. A mixture of two utterances has the mean of their values by their
    /// shares where both are known.
    pub(crate) fn batch(&self, items: &[usize], mixed: &[(usize, f32)]) -> DimensionBatch {
        let mut batch = DimensionBatch::default();
        for (i, item) in items.iter().enumerate() {
            // Mixup takes the next utterance of the batch.
            let other = items[(i + 1) % items.len()];
            let share = mixed.get(i).map_or(0.0, |(_, share)| *share);
            for (own, other) in self.values[*item].iter().zip(&self.values[other]) {
                let value = match (own, other) {
                    (Some(own), _) if share == 0.0 => Some(*own),
                    (Some(own), Some(other)) => Some((1.0 - share) * own + share * other),
                    _ => None,
                };
                batch.values.push(value.unwrap_or(0.0));
                batch.known.push(if value.is_some() { 1.0 } else { 0.0 });
            }
        }
        batch
    }

    /// Everything that the targets of utterances depend on, for a digest.
    pub(crate) fn digest_parts<'a>(
        &'a self,
        utterances: &'a [usize],
    ) -> impl Iterator<Item = String> + 'a {
        let values = utterances.iter().flat_map(|&i| &self.values[i]);
        values.map(|value| value.map_or_else(String::new, |value| value.to_bits().to_string()))
    }
}

/// Range, mean and deviation of values; none with fewer than two different ones.
fn info(name: &str, values: &[f64]) -> Option<DimensionInfo> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let std = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
    let min = values.iter().copied().reduce(f64::min)?;
    let max = values.iter().copied().reduce(f64::max)?;
    // Rounding can put the mean of nearly equal values outside their range.
    let mean = mean.clamp(min, max);
    (min < max && std > 0.0).then(|| DimensionInfo { name: name.to_owned(), min, max, mean, std })
}

#[cfg(test)]
mod tests {
    use super::{DimensionTargets, info};

    #[test]
    fn statistics_are_those_of_a_population() {
        let found = info("arousal", &[1.0, 2.0, 2.0, 5.0]).expect("different values");
        assert_eq!((found.min, found.max, found.mean), (1.0, 5.0, 2.5));
        assert!((found.std - 2.25_f64.sqrt()).abs() < 1e-12);
        assert_eq!(info("arousal", &[2.0, 2.0]), None);
        assert_eq!(info("arousal", &[]), None);
    }

    #[test]
    fn a_mixture_is_known_where_both_of_its_utterances_are() {
        let values = vec![vec![Some(1.0), None], vec![Some(-1.0), Some(2.0)]];
        let targets = DimensionTargets { infos: Vec::new(), values };
        let plain = targets.batch(&[0, 1], &[]);
        assert_eq!(
            (plain.values, plain.known),
            (vec![1.0, 0.0, -1.0, 2.0], vec![1.0, 0.0, 1.0, 1.0])
        );
        let mixed = targets.batch(&[0, 1], &[(0, 0.25), (0, 0.5)]);
        assert_eq!(
            (mixed.values, mixed.known),
            (vec![0.5, 0.0, 0.0, 0.0], vec![1.0, 0.0, 1.0, 0.0])
        );
        // The second utterance is not mixed: what is unknown of the first does not matter.
        assert_eq!(targets.batch(&[0, 1], &[(0, 0.25), (0, 0.0)]).known, [1.0, 0.0, 1.0, 1.0]);
    }
}
