//! `clstm evaluate`: a model on a labelled corpus.

mod overlap;
mod report;

use std::path::Path;

use clstm::audio::DecodeLimits;
use clstm::{LabelledProbabilities, Model, Recognizer};
use clstm_corpus::{Fold, folds_allowing};
use clstm_train::{Dataset, Evaluation, Protocol, Recipe, ValidationConfig, evaluate};

use crate::args::{EvaluateArgs, Format};
use crate::corpora;
use crate::devices;
use crate::failure::Failure;
use crate::models;
use crate::notes::{note, warn};
use crate::output::Output;
use crate::rows::Line;

use overlap::Overlap;
use report::Report;

/// Which utterances the model is tested on.
pub(crate) struct Part {
    /// The fold and its split; none for the whole corpus.
    fold: Option<(Fold, Protocol)>,
    /// Indices of the utterances.
    utterances: Vec<usize>,
    /// In words.
    description: String,
}

/// Tests the model and prints its figures.
pub(crate) fn run(args: &EvaluateArgs) -> Result<(), Failure> {
    let device = devices::open(args.device, args.precision)?;
    let model = models::open(args.model.as_deref())?;
    let corpus = corpora::open(&args.choice)?;
    // The model's classes must be the corpus's; their order is the model's.
    let corpus = corpus.with_labels(&model.info.labels)?;
    note(&format!("reading {} recordings of {}", corpus.utterances.len(), corpus.name));
    let dataset = Dataset::load(corpus, &model.info.frontend, &DecodeLimits::default())?;
    let part = part(args, &model, &dataset)?;
    let overlap = Overlap::of(&model.info.training, &dataset.corpus, &part);
    for warning in overlap.warnings() {
        warn(&warning);
    }

    let recognizer = Recognizer::on(model, &device)?.with_precision(args.precision)?;
    let evaluation = evaluate(&recognizer, &dataset, &part.utterances);
    if let Some(path) = &args.predictions {
        write_predictions(path, &recognizer, &dataset, &part, &evaluation)?;
    }
    let report = Report::new(&recognizer, &dataset, &part, &overlap, &evaluation);
    let mut output = Output::open(args.output.as_deref())?;
    match args.format {
        Format::Json => output.write_json(&report),
        Format::Table => output.write(&report.text(&evaluation.metrics)),
    }
}

fn part(args: &EvaluateArgs, model: &Model, dataset: &Dataset) -> Result<Part, Failure> {
    let corpus = &dataset.corpus;
    let (Some(split), Some(number)) = (args.split, args.fold) else {
        let utterances: Vec<usize> = (0..corpus.utterances.len()).collect();
        let description = format!("all {} utterances of {}", utterances.len(), corpus.subject());
        return Ok(Part { fold: None, utterances, description });
    };
    let training = &model.info.training;
    let seed = args.seed.unwrap_or(training.seed);
    let count = args.folds.unwrap_or_else(|| split.default_folds(corpus));
    let allowed = args.leakage.allowed();
    let fold_seed = args.fold_seed.unwrap_or(seed);
    let all = folds_allowing(corpus, &dataset.groups, split, count, fold_seed, allowed)?;
    // Validation may have ended the training, or chosen its model, before the epochs of its protocol.
    let recipe: Option<Recipe> = serde_json::from_value(training.recipe.clone()).ok();
    let validation = recipe.as_ref().map(|recipe| recipe.validation);
    let protocol = Protocol {
        preset: training.preset.clone(),
        epochs: recipe.map_or(training.epochs, |recipe| recipe.epochs),
        validation: validation.filter(ValidationConfig::is_on),
        precision: training.precision.clone(),
        views: model.info.frontend.tta.count(),
        started_from: training.started_from.clone(),
        taught_by: training.taught_by.clone(),
        fold_seed: args.fold_seed,
        ..Protocol::of(dataset, split, &all, seed)
    };
    let Some(fold) = all.into_iter().find(|fold| fold.number == number) else {
        let folds = protocol.folds;
        return Err(Failure::Usage(format!(
            "there is no fold {number}; the folds are 1 to {folds}"
        )));
    };
    let description = format!(
        "the {} test utterances of fold {number} of {}: {split} split ({}), {} folds, seed {}{}",
        fold.test.len(),
        corpus.subject(),
        protocol.speakers(),
        protocol.folds,
        fold_seed,
        match protocol.leakage.is_clean() {
            true => String::new(),
            false => format!("; LEAKAGE: {}", protocol.leakage),
        }
    );
    Ok(Part { utterances: fold.test.clone(), fold: Some((fold, protocol)), description })
}

/// One line an utterance: what `predict` would say of its file, with the truth.
fn write_predictions(
    path: &Path,
    recognizer: &Recognizer,
    dataset: &Dataset,
    part: &Part,
    evaluation: &Evaluation,
) -> Result<(), Failure> {
    let info = recognizer.info();
    let name = |class: usize| info.labels.get(class).map_or("", String::as_str);
    let mut output = Output::open(Some(path))?;
    for (&index, prediction) in part.utterances.iter().zip(&evaluation.predictions) {
        let utterance = &dataset.corpus.utterances[index];
        let line = Line {
            path: &utterance.path.to_string_lossy(),
            id: Some(&utterance.id),
            duration_s: dataset.durations_s[index],
            label: name(prediction.predicted),
            truth: Some(name(prediction.truth)),
            confidence: prediction.confidence(),
            abstained: None,
            probabilities: LabelledProbabilities(&info.labels, &prediction.probabilities),
            model: &info.name,
        };
        let line = serde_json::to_string(&line).map_err(|error| {
            Failure::Failed(format!("cannot write {}: {error}", path.display()))
        })?;
        output.write(&(line + "\n"))?;
    }
    Ok(())
}
