//! The history of a training.

use clstm_eval::{Evaluation, Metrics};
use serde::{Deserialize, Serialize};

use crate::Recipe;

/// Test or validation utterances as seen at the end of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestRecord {
    /// Mean softmax loss.
    pub loss: f64,
    /// Unweighted accuracy.
    pub ua: f64,
    /// Weighted accuracy.
    pub wa: f64,
}

impl TestRecord {
    pub(crate) fn of(evaluation: &Evaluation) -> Self {
        let Metrics { ua, wa, .. } = evaluation.metrics;
        Self { loss: evaluation.loss, ua, wa }
    }
}

/// One epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// From 1.
    pub epoch: usize,
    /// At the end of the epoch.
    pub learning_rate: f64,
    /// Mean loss an utterance, Eq. 14.
    pub loss: f64,
    /// Its softmax part.
    pub softmax_loss: f64,
    /// Its centre part, before lambda.
    pub center_loss: f64,
    /// CCC loss of the continuous targets, before its weight: the mean over the batches; none without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimension_loss: Option<f64>,
    /// Unweighted accuracy on the augmented training crops.
    pub train_ua: f64,
    /// Weighted accuracy on the augmented training crops.
    pub train_wa: f64,
    /// The validation utterances, in the epochs that evaluate on them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<TestRecord>,
    /// The test utterances, in the epochs that evaluate on them: for the curves, nothing is chosen by them.
    pub test: Option<TestRecord>,
}

/// Sums over the steps of an epoch, part of a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct EpochSums {
    pub(crate) softmax: f64,
    pub(crate) center: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dimensions: Option<f64>,
    pub(crate) confusion: Vec<Vec<usize>>,
}

impl EpochSums {
    pub(crate) fn new(recipe: &Recipe) -> Self {
        let classes = recipe.network.classes;
        Self {
            softmax: 0.0,
            center: 0.0,
            dimensions: recipe.dimensions.as_ref().map(|_| 0.0),
            confusion: vec![vec![0; classes]; classes],
        }
    }
}
