//! Calibration of a finished model on utterances that it was not trained on.

use std::path::Path;

use clstm::{Model, ModelInfo};
use clstm_corpus::{Fold, Split, folds};
use clstm_eval::{EvalProtocol, Evaluation, FoldPredictions, RunCalibration, protocol_of_folds};
use clstm_train::Dataset;

use crate::error::CliError;
use crate::messages::note;
use crate::output::Output;
use crate::text::PathText;
use crate::training::calibration;

const TOO_FEW: &str =
    "--calibrate needs utterances of at least two corpora, or of two named speakers";

/// Calibrates the model on the predictions for all utterances of the dataset and writes it; prints figures that are
/// cross-fitted over the corpora of a join, or over groups of speakers.
pub(super) fn run(
    mut model: Model,
    dataset: &Dataset,
    evaluation: &Evaluation,
    name: Option<&str>,
    path: &Path,
) -> Result<(), CliError> {
    let (folds, protocol) = parts(&model.info, dataset)?;
    let of_fold = |fold: &Fold| FoldPredictions {
        fold: fold.number,
        held_out: None,
        predictions: fold.test.iter().map(|&i| evaluation.predictions[i].clone()).collect(),
    };
    let predictions: Vec<FoldPredictions> = folds.iter().map(of_fold).collect();
    let Some(found) = RunCalibration::of(&predictions) else {
        return Err(CliError::Failed(TOO_FEW.to_owned()));
    };
    if let Some(name) = name {
        name.clone_into(&mut model.info.name);
    }
    model.info.scaling = found.scaling;
    model.info.calibration = Some(found.summary(&protocol));
    model.write(path)?;
    note(&format!("wrote {} (sha256 {})", path.text(), model.digest()));
    let calibration = model.info.calibration.as_ref().map(calibration::describe);
    Output::stdout().print(&format!(
        "confidence {}\n{}",
        calibration::scaling(&found.scaling),
        calibration.unwrap_or_default()
    ))
}

/// The corpora of a join, or groups of speakers, as folds, with a protocol that names the model's training.
fn parts(info: &ModelInfo, dataset: &Dataset) -> Result<(Vec<Fold>, EvalProtocol), CliError> {
    let training = &info.training;
    let corpus = &dataset.corpus;
    let joined = corpus.utterances.iter().any(|u| u.corpus != corpus.utterances[0].corpus);
    let split = if joined { Split::LeaveOneCorpusOut } else { Split::Speaker };
    let count = match joined {
        true => split.default_folds(corpus),
        false => split.default_folds(corpus).min(corpus.speakers().len()),
    };
    if count < 2 {
        return Err(CliError::Failed(TOO_FEW.to_owned()));
    }
    let all = folds(corpus, &dataset.groups, split, count, training.seed)?;
    let protocol = EvalProtocol {
        preset: training.preset.clone(),
        epochs: training.epochs,
        precision: training.precision.clone(),
        lineage: training.lineage.clone(),
        shots: training.protocol.shots,
        tta_passes: info.frontend.tta.count(),
        ..protocol_of_folds(corpus, &dataset.groups, split, &all, training.seed)
    };
    Ok((all, protocol))
}
