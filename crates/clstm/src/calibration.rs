//! How far a model's confidence can be trusted, as measured.

use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::provenance::{CalibrationForm, EvalProtocol};

/// What the calibration of each fold of a run was fitted on: never on its own test utterances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CalibrationMethod {
    /// The out-of-fold predictions of the other folds.
    #[default]
    CrossFit,
    /// Training utterances of the fold that were held out of its training.
    HeldOut,
}

impl CalibrationMethod {
    /// In words: `fitted on ...`.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::CrossFit => {
                "each fold's temperature and Platt scaling fitted on the out-of-fold predictions of the other \
                 folds (cross-fit)"
            }
            Self::HeldOut => {
                "each fold's temperature and Platt scaling fitted on training utterances that were held out of \
                 its training"
            }
        }
    }
}

/// What was measured of a model's confidences, and when to abstain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "CalibrationForm")]
pub struct Calibration {
    /// The run whose test utterances were measured on.
    pub protocol: EvalProtocol,
    /// Folds of the run that were done.
    pub folds: usize,
    /// What the calibrations of the folds were fitted on.
    pub method: CalibrationMethod,
    /// Utterances measured on.
    pub utterances: usize,
    /// Bins of equal width of the expected calibration errors.
    pub bins: usize,
    /// With the logits as the network gives them (temperature 1).
    pub uncalibrated: CalibrationScores,
    /// With the model's [`ProbabilityCalibration`](crate::ProbabilityCalibration), or ones fitted likewise.
    pub calibrated: CalibrationScores,
    /// Area under the risk-coverage curve: the risk averaged over all coverages (Geifman & El-Yaniv,
    /// *Selective Classification for Deep Neural Networks*, 2017). Less is better.
    pub aurc: f64,
    /// The risk-coverage curve of the calibrated confidence, thinned; ascending in threshold, the first
    /// point being that of never abstaining.
    pub risk_coverage: Vec<RiskPoint>,
    /// The recommended threshold, with what abstaining below it was measured to give; none where too few
    /// utterances were measured to recommend one.
    pub abstention: Option<RiskPoint>,
}

/// How well probabilities match frequencies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationScores {
    /// Expected calibration error: mean distance of confidence and accuracy over bins of confidence,
    /// weighted by their utterances (Guo et al., *On Calibration of Modern Neural Networks*, 2017).
    pub ece: f64,
    /// Mean of `-log p(true class)`, in nats.
    pub nll: f64,
    /// Brier score: mean squared distance of the probabilities from the truth, summed over classes;
    /// from 0 to 2.
    pub brier: f64,
}

/// What abstaining below a threshold gives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RiskPoint {
    /// A prediction is made where the confidence is at least this.
    pub threshold: f64,
    /// Share of the utterances that get a prediction.
    pub coverage: f64,
    /// Share of these predictions that are wrong.
    pub risk: f64,
}

impl Calibration {
    /// What was measured on what, in one line for people.
    #[must_use]
    pub fn describe(&self) -> String {
        let Self { protocol, folds, method, utterances, .. } = self;
        match &protocol.remark {
            Some(remark) => remark.clone(),
            None => format!(
                "{}; {utterances} test utterances of {folds} of {} folds; {}",
                protocol.describe(),
                protocol.folds,
                method.describe()
            ),
        }
    }

    /// Checks that every figure is one that can be measured.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] naming the first field that is wrong.
    pub(crate) fn validate(&self) -> Result<(), ModelError> {
        let bad = |field: &str, reason: &str| {
            Err(ModelError::invalid(format!("calibration.{field}"), reason))
        };
        if self.protocol.remark.as_ref().is_some_and(|remark| remark.trim().is_empty()) {
            return bad("protocol", "is empty");
        }
        if self.utterances == 0 || self.bins == 0 {
            return bad("utterances", "figures of no utterances or bins");
        }
        for (field, scores) in
            [("uncalibrated", self.uncalibrated), ("calibrated", self.calibrated)]
        {
            let CalibrationScores { ece, nll, brier } = scores;
            let sane = is_share(ece) && nll.is_finite() && nll >= 0.0;
            if !(sane && (0.0..=2.0).contains(&brier)) {
                return bad(field, "ece is in 0..=1, nll 0 or more, brier in 0..=2");
            }
        }
        if !is_share(self.aurc) {
            return bad("aurc", "is not in 0..=1");
        }
        let points = self.risk_coverage.iter().chain(&self.abstention);
        if !points.flat_map(|p| [p.threshold, p.coverage, p.risk]).all(is_share) {
            return bad("risk_coverage", "thresholds, coverages and risks are fractions in 0..=1");
        }
        let falls = |pair: &[RiskPoint]| {
            pair[0].threshold < pair[1].threshold && pair[0].coverage > pair[1].coverage
        };
        if !self.risk_coverage.windows(2).all(falls) {
            return bad("risk_coverage", "the coverage does not fall as the threshold rises");
        }
        Ok(())
    }
}

fn is_share(value: f64) -> bool {
    (0.0..=1.0).contains(&value)
}
