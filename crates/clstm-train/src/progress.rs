//! The history of a training.

use serde::{Deserialize, Serialize};

/// The test utterances as seen at the end of an epoch, for the curves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestRecord {
    /// Mean softmax loss.
    pub loss: f64,
    /// Unweighted accuracy.
    pub ua: f64,
    /// Weighted accuracy.
    pub wa: f64,
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
    /// Unweighted accuracy on the augmented training crops.
    pub train_ua: f64,
    /// Weighted accuracy on the augmented training crops.
    pub train_wa: f64,
    /// The test utterances, in the epochs that look at them.
    pub test: Option<TestRecord>,
}

/// Sums over the steps of an epoch, part of a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct EpochSums {
    pub(crate) softmax: f64,
    pub(crate) center: f64,
    pub(crate) confusion: Vec<Vec<usize>>,
}

impl EpochSums {
    pub(crate) fn new(classes: usize) -> Self {
        Self { softmax: 0.0, center: 0.0, confusion: vec![vec![0; classes]; classes] }
    }
}
