//! Calibration on training utterances that are held out of the training.

use clstm::Recognizer;
use clstm_corpus::{AllowedLeakage, Fold, HoldOutUnit, ValidationSplit};
use clstm_eval::{HeldOutScaling, fit_scaling};
use clstm_nn::burn::tensor::Device;

use crate::{Dataset, Recipe, TrainError, Trained, evaluate};

/// Cuts a fold's training utterances in two by the recipe's `calibration_share`; none where it is 0.
pub(crate) fn hold_out(
    dataset: &Dataset,
    fold: &Fold,
    by: HoldOutUnit,
    allowed: AllowedLeakage,
    recipe: &Recipe,
) -> Result<Option<ValidationSplit>, TrainError> {
    if recipe.calibration_share == 0.0 {
        return Ok(None);
    }
    let share = recipe.calibration_share;
    crate::validation::hold_out(dataset, fold, by, allowed, share, recipe.seed).map(Some)
}

/// Fits the scaling of a trained model on `utterances` and sets it in the model and in
/// the predictions for its test utterances.
pub(crate) fn fit_held_out(
    trained: &mut Trained,
    dataset: &Dataset,
    utterances: &[usize],
    device: &Device,
) -> Result<HeldOutScaling, TrainError> {
    let recognizer = Recognizer::on(trained.model.clone(), &device.clone().into())?;
    let predictions = evaluate(&recognizer, dataset, utterances).predictions;
    let scaling = fit_scaling(predictions.iter().map(|p| (&p.logits[..], p.truth)));
    trained.model.info.scaling = scaling;
    if let Some(evaluation) = &mut trained.evaluation {
        *evaluation = evaluation.recalibrated(&scaling);
    }
    let speakers = dataset.corpus.speakers_of(utterances).into_iter().map(str::to_owned).collect();
    Ok(HeldOutScaling { scaling, utterances: utterances.len(), speakers })
}
