//! Evaluates a run's models on their test utterances again, with test-time augmentation (TTA).

use std::collections::HashMap;
use std::path::Path;

use clstm::{Model, ProbabilityCalibration, Recognizer, TtaConfig};
use clstm_eval::files::{create_folder, read_json};
use clstm_eval::{
    DeepFeatures, EvalError, EvalProtocol, FoldRecord, RunInputs, RunMetrics, aggregate_folds,
    finished_folds, predictions_of,
};
use clstm_nn::burn::tensor::Device;

use crate::deep_features::reextract;
use crate::fold_run::FoldRun;
use crate::{Dataset, Event, Observer, Recipe, TrainError, begin_run, evaluate};

/// Evaluates the models of a cross-validation on their own test utterances with other test-time augmentation (see [`TtaConfig`]),
/// without training anything, and writes models, predictions and figures as a new run at `out`.
///
/// # Errors
/// [`TrainError::Earlier`] where the run is of another corpus, or its confidences were scaled by held-out
/// utterances with the augmentation that it had; [`EvalError::RunExists`] where `out` holds a run; those of files.
pub fn reevaluate(
    run: &Path,
    tta: TtaConfig,
    dataset: &Dataset,
    device: &Device,
    out: &Path,
    observer: &mut dyn Observer,
) -> Result<RunMetrics, TrainError> {
    if out.join("metrics.json").exists() {
        return Err(EvalError::RunExists { path: out.to_owned() }.into());
    }
    let mut recipe: Recipe = read_json(&run.join("recipe.json"))?;
    recipe.frontend.tta = tta;
    recipe.validate()?;
    let folds = finished_folds(run)?;
    begin_run(out, &recipe)?;
    if let Some(inputs) = RunInputs::read(run)? {
        inputs.write(out)?;
    }
    for (outcome, folder) in folds {
        reevaluate_fold(outcome, &folder, &recipe, dataset, device, out, observer)?;
    }
    Ok(aggregate_folds(out)?)
}

fn reevaluate_fold(
    outcome: FoldRecord,
    folder: &Path,
    recipe: &Recipe,
    dataset: &Dataset,
    device: &Device,
    out: &Path,
    observer: &mut dyn Observer,
) -> Result<(), TrainError> {
    let fold = outcome.metrics.fold;
    let bad = |what: &str| TrainError::Earlier {
        path: folder.to_owned(),
        what: format!("this fold {what}"),
    };
    if outcome.metrics.held_out_scaling.is_some() {
        return Err(bad(
            "has confidences scaled by held-out utterances: train it with this test-time augmentation",
        ));
    }
    if outcome.labels != dataset.corpus.labels {
        return Err(bad("has other classes than the corpus"));
    }
    let record =
        predictions_of(&outcome, folder)?.ok_or_else(|| bad("has no predictions.jsonl"))?;
    let all: HashMap<&str, usize> =
        dataset.corpus.utterances.iter().zip(0..).map(|(u, i)| (u.id.as_str(), i)).collect();
    let here = |id: &str, truth: usize| {
        all.get(id).copied().filter(|&index| dataset.label(index) == truth)
    };
    let test: Option<Vec<usize>> =
        record.predictions.iter().map(|p| here(&p.id, p.truth)).collect();
    let test = test.ok_or_else(|| bad("was tested on utterances that the corpus does not have"))?;

    let mut model = Model::read(&folder.join("model.safetensors"))?;
    let info = &mut model.info;
    info.frontend.tta = recipe.frontend.tta;
    info.scaling = ProbabilityCalibration::default();
    info.training.recipe =
        serde_json::to_value(recipe).map_err(|e| TrainError::Recipe(e.to_string()))?;
    let protocol =
        EvalProtocol { tta_passes: recipe.frontend.tta.count(), ..outcome.protocol.clone() };
    let recognizer = Recognizer::on(model.clone(), &device.clone().into())?;
    let evaluation = evaluate(&recognizer, dataset, &test);
    let to = out.join(format!("fold-{fold}"));
    create_folder(&to)?;
    for name in ["history.json", "environment.json"] {
        let from = folder.join(name);
        if from.exists() {
            std::fs::copy(&from, to.join(name)).map_err(|e| TrainError::io(&from, e))?;
        }
    }
    let features = folder.join("features.safetensors");
    if features.exists() {
        let was = DeepFeatures::read(&features, outcome.labels.len())?;
        reextract(&was, &recognizer, dataset, &test).write(&to.join("features.safetensors"))?;
    }
    let tested = FoldRun {
        number: fold,
        train_utterances: outcome.metrics.train_utterances,
        model,
        evaluation,
        protocol,
        seconds: outcome.metrics.seconds,
        held_out: None,
        validation: outcome.metrics.validation,
        environment: outcome.metrics.environment,
    };
    let metrics = tested.write(dataset, &to)?;
    observer.on_event(&Event::FoldDone { fold, metrics, resumed: false });
    Ok(())
}
