//! The curves of a training.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::files;
use crate::ReportError;

/// Loss and accuracies of some utterances at the end of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Mean softmax loss.
    pub loss: f64,
    /// Unweighted accuracy.
    pub ua: f64,
    /// Weighted accuracy.
    pub wa: f64,
}

/// An epoch of `history.json`: what a report draws of it, whatever else a release writes there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochPoint {
    /// From 1.
    pub epoch: usize,
    /// Mean softmax loss of the augmented training crops, before smoothing is taken off.
    pub softmax_loss: f64,
    /// Unweighted accuracy on these.
    pub train_ua: f64,
    /// Weighted accuracy on these.
    pub train_wa: f64,
    /// The test utterances, in epochs that evaluated them.
    #[serde(default)]
    pub test: Option<Seen>,
    /// A validation part of the training utterances, where one was held out.
    #[serde(default)]
    pub validation: Option<Seen>,
}

/// Reads the epochs, ascending.
pub(super) fn read(path: &Path) -> Result<Vec<EpochPoint>, ReportError> {
    let epochs: Vec<EpochPoint> = files::json(path)?;
    let finite = |seen: &Seen| [seen.loss, seen.ua, seen.wa].iter().all(|x| x.is_finite());
    for (epoch, before) in
        epochs.iter().zip(std::iter::once(0).chain(epochs.iter().map(|e| e.epoch)))
    {
        let own = [epoch.softmax_loss, epoch.train_ua, epoch.train_wa];
        let seen = epoch.test.iter().chain(&epoch.validation).all(finite);
        if epoch.epoch <= before || !own.iter().all(|x| x.is_finite()) || !seen {
            let reason = format!("epoch {} cannot be, after {before}", epoch.epoch);
            return Err(ReportError::malformed(path, reason));
        }
    }
    Ok(epochs)
}
