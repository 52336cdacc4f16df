//! Calibration over the folds of a cross-validation.

use clstm::{Calibration, CalibrationMethod, EvalProtocol, ProbabilityCalibration, RiskPoint};
use serde::{Deserialize, Deserializer, Serialize};

use super::{ECE_BINS, Reliability, RiskCoverage, fit_scaling, recommended_threshold};
use crate::Prediction;

/// A scaling fitted on a part of a fold's training utterances that was held out of its training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOutScaling {
    /// The scaling, which the fold's model has.
    #[serde(flatten)]
    pub scaling: ProbabilityCalibration,
    /// Utterances that it was fitted on.
    pub utterances: usize,
    /// Their speakers.
    pub speakers: Vec<String>,
}

/// The scaling that a fold's test utterances are judged with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldScaling {
    /// From 1.
    pub fold: usize,
    /// Fitted without the labels of the fold's test utterances.
    #[serde(flatten)]
    pub scaling: ProbabilityCalibration,
    /// Utterances that it was fitted on.
    pub utterances: usize,
}

/// How far the confidences of a cross-validation's models can be trusted.
///
/// # What the figures see
/// Figures are pooled over the test utterances of the folds, each with the logits of the model that did
/// not train on it, and each with a scaling that its label had no part in. There are two ways:
///
/// - **Cross-fit** (the default). The scaling of fold k is fitted on the test utterances of the other
///   folds, all of which are training utterances of fold k, with the logits of the other folds' models,
///   which did not train on them. No label of fold k's test utterances enters its scaling directly;
///   the other folds' *models* did train on them, so that indirectly three scalars may know of them. It is
///   the usual cross-validated calibration (`CalibratedClassifierCV(ensemble=False)` of scikit-learn fits
///   on such out-of-fold predictions).
/// - **Held out** (the recipe's `calibration_share` above 0). The
///   scaling of fold k is fitted on training utterances of fold k that its model did not train on
///   (whole speakers where folds are speaker-independent). Neither labels nor recordings of its test
///   utterances enter it in any way, at the price of fewer utterances to train on.
///
/// The abstention threshold is cross-fitted likewise: fold k's is chosen on the other folds' test
/// utterances at fold k's scaling, and its coverage and risk are counted on fold k.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunCalibration {
    /// What the calibrations of the folds were fitted on.
    #[serde(default, alias = "protocol", deserialize_with = "method_or_sentence")]
    pub method: CalibrationMethod,
    /// Fitted on the out-of-fold predictions of all folds together: for a model trained on everything.
    /// No figure here is measured with it.
    #[serde(flatten)]
    pub scaling: ProbabilityCalibration,
    /// The scalings that the figures are measured with, ascending by fold.
    pub folds: Vec<FoldScaling>,
    /// Utterances measured on.
    pub utterances: usize,
    /// Of the softmax as it is.
    pub uncalibrated: Reliability,
    /// At the folds' scalings.
    pub calibrated: Reliability,
    /// Of the confidences at the folds' scalings.
    pub risk_coverage: RiskCoverage,
    /// The threshold by the rule of [`recommended_threshold`] on all folds together, with the coverage
    /// and the risk of cross-fitted ones; none with one fold or where a fold's choice finds none.
    pub abstention: Option<RiskPoint>,
}

/// The predictions of a fold's model for its test utterances.
#[derive(Clone, Debug)]
pub struct FoldPredictions {
    /// From 1.
    pub fold: usize,
    /// Where utterances were held out of the training for the scaling.
    pub held_out: Option<HeldOutScaling>,
    /// One for each test utterance.
    pub predictions: Vec<Prediction>,
}

impl RunCalibration {
    /// Of the folds that have predictions; none for a single fold without a scaling of its own: there is nothing
    /// then that one could honestly be fitted on.
    #[must_use]
    pub fn of(folds: &[FoldPredictions]) -> Option<Self> {
        let scalings: Vec<FoldScaling> =
            (0..folds.len()).map(|fold| scaling_of(folds, fold)).collect::<Option<_>>()?;
        let calibrated = pooled(folds.iter().zip(&scalings).map(|(f, s)| (f, s.scaling)));
        if calibrated.is_empty() {
            return None;
        }
        let everything: Vec<&Prediction> = folds.iter().flat_map(|f| &f.predictions).collect();
        let method = match folds.iter().all(|fold| fold.held_out.is_some()) {
            true => CalibrationMethod::HeldOut,
            false => CalibrationMethod::CrossFit,
        };
        let abstention = recommended_threshold(&calibrated).and_then(|chosen| {
            let (coverage, risk) = cross_fitted(folds, &scalings)?;
            Some(RiskPoint { coverage, risk, ..chosen })
        });
        Some(Self {
            method,
            scaling: fit(&everything),
            folds: scalings,
            utterances: calibrated.len(),
            uncalibrated: Reliability::of(&pooled(
                folds.iter().map(|fold| (fold, ProbabilityCalibration::default())),
            )),
            risk_coverage: RiskCoverage::of(&calibrated),
            calibrated: Reliability::of(&calibrated),
            abstention,
        })
    }

    /// The summary of it in a model file; `run` is the protocol of the run.
    #[must_use]
    pub fn summary(&self, run: &EvalProtocol) -> Calibration {
        Calibration {
            protocol: run.clone(),
            folds: self.folds.len(),
            method: self.method,
            utterances: self.utterances,
            bins: ECE_BINS,
            uncalibrated: self.uncalibrated.scores(),
            calibrated: self.calibrated.scores(),
            aurc: self.risk_coverage.aurc,
            risk_coverage: self.risk_coverage.points.clone(),
            abstention: self.abstention,
        }
    }
}

/// A [`CalibrationMethod`], or the sentence of release 0.1 that ended in it.
fn method_or_sentence<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<CalibrationMethod, D::Error> {
    let text = String::deserialize(deserializer)?;
    let held_out = text == "held-out" || text.ends_with("held out of its training");
    Ok(if held_out { CalibrationMethod::HeldOut } else { CalibrationMethod::CrossFit })
}

/// The scaling of predictions.
fn fit(predictions: &[&Prediction]) -> ProbabilityCalibration {
    fit_scaling(predictions.iter().map(|p| (&p.logits[..], p.truth)))
}

/// The scaling of a fold: that of its own held-out part or else of the other folds.
fn scaling_of(folds: &[FoldPredictions], index: usize) -> Option<FoldScaling> {
    let fold = &folds[index];
    if let Some(HeldOutScaling { scaling, utterances, .. }) = fold.held_out {
        return Some(FoldScaling { fold: fold.fold, scaling, utterances });
    }
    let others = others(folds, index);
    let scaling = (!others.is_empty()).then(|| fit(&others))?;
    Some(FoldScaling { fold: fold.fold, scaling, utterances: others.len() })
}

/// Predictions of all folds but one.
fn others(folds: &[FoldPredictions], index: usize) -> Vec<&Prediction> {
    let others = folds.iter().enumerate().filter(|(i, _)| *i != index);
    others.flat_map(|(_, fold)| &fold.predictions).collect()
}

/// Predictions of folds, each at its scaling.
fn pooled<'a>(
    folds: impl Iterator<Item = (&'a FoldPredictions, ProbabilityCalibration)>,
) -> Vec<Prediction> {
    folds
        .flat_map(|(fold, scaling)| fold.predictions.iter().map(move |p| p.recalibrated(&scaling)))
        .collect()
}

/// Coverage and risk of each fold's predictions above the threshold that the other folds recommend.
fn cross_fitted(folds: &[FoldPredictions], scalings: &[FoldScaling]) -> Option<(f64, f64)> {
    let (mut total, mut accepted, mut errors) = (0, 0, 0);
    for (index, (fold, own)) in folds.iter().zip(scalings).enumerate() {
        let at = |p: &Prediction| p.recalibrated(&own.scaling);
        let others: Vec<Prediction> = others(folds, index).into_iter().map(at).collect();
        let threshold = recommended_threshold(&others)?.threshold;
        total += fold.predictions.len();
        for prediction in fold.predictions.iter().map(at).filter(|p| p.confidence() >= threshold) {
            accepted += 1;
            errors += usize::from(!prediction.is_correct());
        }
    }
    let share = |part: usize, whole: usize| part as f64 / whole as f64;
    (accepted > 0).then(|| (share(accepted, total), share(errors, accepted)))
}

#[cfg(test)]
mod tests {
    use clstm::{CalibrationMethod, EvalProtocol, PlattScaling, ProbabilityCalibration};

    use super::{FoldPredictions, HeldOutScaling, RunCalibration};
    use crate::Prediction;
    use crate::calibration::test_support::{draw, prediction};
    use crate::calibration::{Reliability, fit_scaling};

    /// Folds of models whose logits are `factor` times what they should be.
    fn folds(count: usize, each: usize, factor: f64) -> Vec<FoldPredictions> {
        let mut state = 11;
        let mut drawn = || {
            let (logits, class) = draw(&mut state, 4, 1.5);
            prediction(logits.iter().map(|z| factor * z).collect(), class)
        };
        (1..=count)
            .map(|fold| {
                let predictions = (0..each).map(|_| drawn()).collect();
                FoldPredictions { fold, held_out: None, predictions }
            })
            .collect()
    }

    fn fit<'a>(predictions: impl IntoIterator<Item = &'a Prediction>) -> ProbabilityCalibration {
        fit_scaling(predictions.into_iter().map(|p| (&p.logits[..], p.truth)))
    }

    #[test]
    fn too_sure_models_are_calibrated_on_what_they_did_not_see() {
        let folds = folds(5, 400, 3.0);
        let found = RunCalibration::of(&folds).expect("a calibration");
        assert!((found.scaling.temperature - 3.0).abs() < 0.3, "{:?}", found.scaling);
        let (before, after) = (&found.uncalibrated, &found.calibrated);
        assert!(before.ece > 0.1 && after.ece < 0.04, "{} {}", before.ece, after.ece);
        assert!(after.nll < before.nll && after.brier < before.brier);
        assert_eq!((found.utterances, found.folds.len()), (2000, 5));
        let all = folds.iter().flat_map(|fold| &fold.predictions);
        assert_eq!(found.scaling, fit(all.clone()));
        assert_eq!(*before, Reliability::of(&all.cloned().collect::<Vec<_>>()));
        assert_eq!(found.method, CalibrationMethod::CrossFit);
        // The cross-fitted threshold does what the rule promises, but for the noise of 2,000.
        let (abstention, all) = (found.abstention.expect("one"), found.risk_coverage.points[0]);
        assert!(abstention.coverage > 0.2 && abstention.coverage < 1.0, "{abstention:?}");
        assert!(abstention.risk < 0.6 * all.risk, "{abstention:?} of {all:?}");
        let run = EvalProtocol { folds: 6, ..EvalProtocol::default() };
        let summary = found.summary(&run);
        assert_eq!((summary.folds, &summary.protocol), (5, &run));
        assert_eq!(summary.calibrated, after.scores());
        assert_eq!(summary.risk_coverage, found.risk_coverage.points);
    }

    #[test]
    fn a_fold_has_no_part_in_its_own_scaling() {
        let mut folds = folds(3, 100, 2.0);
        let found = RunCalibration::of(&folds).expect("a calibration");
        let others = folds[..2].iter().flat_map(|fold| &fold.predictions);
        assert_eq!(found.folds[2].scaling, fit(others));
        assert_eq!((found.folds[2].fold, found.folds[2].utterances), (3, 200));
        // Other labels in a fold: its scaling stays, the others' move.
        for prediction in &mut folds[2].predictions {
            prediction.truth = (prediction.truth + 1) % 4;
        }
        let other = RunCalibration::of(&folds).expect("a calibration");
        assert_eq!(other.folds[2], found.folds[2]);
        assert_ne!(other.folds[0], found.folds[0]);
        assert_ne!(other.scaling, found.scaling);
    }

    #[test]
    fn a_single_fold_needs_a_scaling_of_its_own() {
        let mut folds = folds(1, 200, 2.0);
        assert_eq!(RunCalibration::of(&folds), None);
        assert_eq!(RunCalibration::of(&[]), None);
        let top_label = PlattScaling { slope: 0.8, offset: -0.1 };
        let scaling = ProbabilityCalibration { temperature: 2.0, top_label };
        folds[0].held_out = Some(HeldOutScaling { scaling, utterances: 30, speakers: Vec::new() });
        let found = RunCalibration::of(&folds).expect("a calibration");
        assert_eq!((found.folds[0].scaling, found.folds[0].utterances), (scaling, 30));
        let at: Vec<_> = folds[0].predictions.iter().map(|p| p.recalibrated(&scaling)).collect();
        assert_eq!(found.calibrated, Reliability::of(&at));
        assert_eq!(found.method, CalibrationMethod::HeldOut);
        assert_eq!(found.abstention, None);
    }

    #[test]
    fn the_sentences_of_release_0_1_are_read() {
        let found = RunCalibration::of(&folds(2, 60, 2.0)).expect("a calibration");
        let mut json = serde_json::to_value(&found).expect("JSON");
        assert_eq!(json["method"], "cross-fit");
        for (sentence, method) in [
            (
                "a run; on training utterances that were held out of its training",
                CalibrationMethod::HeldOut,
            ),
            (
                "a run; on the predictions of the other folds (cross-fit)",
                CalibrationMethod::CrossFit,
            ),
        ] {
            let fields = json.as_object_mut().expect("an object");
            fields.remove("method");
            fields.insert("protocol".to_owned(), sentence.into());
            let read: RunCalibration = serde_json::from_value(json.clone()).expect("the old form");
            assert_eq!(read, RunCalibration { method, ..found.clone() });
        }
    }
}
