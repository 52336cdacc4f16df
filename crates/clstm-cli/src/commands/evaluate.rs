//! `clstm evaluate`: a model on a labelled corpus.

mod calibrate;
mod overlap;
mod report;
mod run;

use clstm::audio::DecodeLimits;
use clstm::{
    ComputeDevice, LabelledDimensions, LabelledProbabilities, ProbabilityCalibration, Recognizer,
    TrainingInfo, TtaConfig,
};
use clstm_corpus::{Fold, folds_allowing};
use clstm_eval::{EvalProtocol, Evaluation, protocol_of_folds};
use clstm_train::{Dataset, evaluate};

use crate::args::{EvaluateArgs, Format, RescoreArgs};
use crate::error::CliError;
use crate::messages::{note, warn};
use crate::output::{Output, OutputGuard};
use crate::resolve::classes;
use crate::resolve::corpus;
use crate::resolve::device;
use crate::resolve::model;
use crate::rows::Line;

use crate::text::PathText;
use overlap::Overlap;
use report::Report;
use run::evaluate_run;

/// Which utterances the model is tested on.
pub(crate) struct Part {
    /// The fold and its split; none for the whole corpus.
    fold: Option<(Fold, EvalProtocol)>,
    /// Indices of the utterances.
    utterances: Vec<usize>,
    /// In words.
    description: String,
}

/// The command of release 0.1 that is now `clstm evaluate RUN`.
pub(crate) fn rescore(args: &RescoreArgs) -> Result<(), CliError> {
    let tta = TtaConfig { shifts: args.tta_shifts, polarity: args.tta_polarity };
    evaluate_run(&args.run, &args.choice, tta, &args.output)
}

/// Tests the model, or the models of a run, and prints the figures.
pub(crate) fn run(args: &EvaluateArgs) -> Result<(), CliError> {
    if let (Some(run), Some(output)) = (&args.run, &args.output) {
        let tta = TtaConfig { shifts: args.tta_shifts.unwrap_or(1), polarity: args.tta_polarity };
        return evaluate_run(run, &args.choice, tta, output);
    }
    let device = device::open(args.device, args.precision)?;
    let mut model = model::open(args.model.as_deref())?;
    if let Some(offsets) = args.tta_shifts {
        model.info.frontend.tta.shifts = offsets;
    }
    model.info.frontend.tta.polarity |= args.tta_polarity;
    let classes = classes::open(args.classes.as_deref())?;
    let device: ComputeDevice = device.into();
    let frontend = model.info.frontend.clone();
    let original = args.calibrate.is_some().then(|| model.clone());
    let mut recognizer = Recognizer::on(model, &device)?.with_precision(args.precision)?;
    let corpus = match &classes {
        Some(classes) => {
            recognizer = recognizer.with_classes(classes)?;
            let map = args.choice.classes.label_map.as_deref().or(args.classes.as_deref());
            corpus::open_mapped(&args.choice, map)?.restricted_to(recognizer.labels())
        }
        None => corpus::open(&args.choice)?,
    };
    if classes.is_some() {
        corpus::print_remarks(&corpus);
    }
    // The model's classes must be the corpus's; their order is the model's.
    let corpus = corpus.with_labels(recognizer.labels())?;
    // Those of its continuous targets of which the corpus has values.
    let dimensions = recognizer.info().dimensions.iter().map(|it| it.name.clone());
    let dimensions: Vec<String> = dimensions.filter(|name| corpus.has_dimension(name)).collect();
    let corpus = corpus.with_dimensions(&dimensions)?;
    note(&format!("reading {} recordings of {}", corpus.utterances.len(), corpus.name));
    let mut guard = OutputGuard::new(args.force);
    guard.model("the model", args.model.as_deref());
    guard.optional_input("the class map", args.classes.as_deref());
    corpus::guard(&mut guard, &args.choice, &corpus);
    let mut output = guard.create("--output", args.output.as_deref())?;
    let predictions = match args.predictions.as_deref() {
        Some(path) => Some(guard.create("--predictions", Some(path))?),
        None => None,
    };
    if let Some(path) = &args.calibrate {
        guard.check_replaced("--calibrate", path)?;
    }
    let dataset = Dataset::load(corpus, &frontend, &DecodeLimits::default())?;
    let training = &recognizer.info().training;
    let part = part(args, training, &dataset)?;
    let overlap = Overlap::of(training, &dataset.corpus, &part);
    for warning in overlap.warnings() {
        warn(&warning);
    }

    let mut evaluation = evaluate(&recognizer, &dataset, &part.utterances);
    if let (Some(path), Some(original)) = (&args.calibrate, original) {
        overlap.check_unseen()?;
        let name = args.name.as_deref();
        return calibrate::run(original, &dataset, &evaluation, name, path);
    }
    if args.closed_set {
        // The probabilities of merged classes are calibrated already.
        let scaling = match recognizer.merges_classes() {
            true => ProbabilityCalibration::default(),
            false => recognizer.info().scaling,
        };
        evaluation = evaluation.closed_set(&scaling);
    }
    if let Some(output) = predictions {
        write_predictions(output, &recognizer, &dataset, &part, &evaluation)?;
    }
    let report = Report::new(&recognizer, &dataset, &part, &overlap, &evaluation);
    match args.format {
        Format::Json => output.write_json(&report),
        Format::Table => output.print(&report.text(&evaluation.metrics)),
    }
}

fn part(args: &EvaluateArgs, training: &TrainingInfo, dataset: &Dataset) -> Result<Part, CliError> {
    let corpus = &dataset.corpus;
    let (Some(split), Some(number)) = (args.split, args.fold) else {
        let utterances: Vec<usize> = (0..corpus.utterances.len()).collect();
        let description =
            format!("all {} utterances of {}", utterances.len(), corpus.description());
        return Ok(Part { fold: None, utterances, description });
    };
    let seed = args.seed.unwrap_or(training.seed);
    let count = args.folds.unwrap_or_else(|| split.default_folds(corpus));
    let allowed = args.leakage.allowed();
    let fold_seed = args.fold_seed.or(training.protocol.fold_seed).unwrap_or(seed);
    let all = folds_allowing(corpus, &dataset.groups, split, count, fold_seed, allowed)?;
    let protocol = EvalProtocol {
        fold_seed: Some(fold_seed),
        ..protocol_of_folds(corpus, &dataset.groups, split, &all, seed)
    };
    let Some(fold) = all.into_iter().find(|fold| fold.number == number) else {
        let folds = protocol.folds;
        return Err(CliError::Usage(format!(
            "there is no fold {number}; the folds are 1 to {folds}"
        )));
    };
    let description = format!(
        "the {} test utterances of fold {number} of {}: {split} split ({}), {} folds, seed {}{}",
        fold.test.len(),
        corpus.description(),
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

/// One line an utterance: the line of `predict` for its file, with the true label.
fn write_predictions(
    mut output: Output,
    recognizer: &Recognizer,
    dataset: &Dataset,
    part: &Part,
    evaluation: &Evaluation,
) -> Result<(), CliError> {
    let (info, labels) = (recognizer.info(), recognizer.labels());
    let name = |class: usize| labels.get(class).map_or("", String::as_str);
    for (&index, prediction) in part.utterances.iter().zip(&evaluation.predictions) {
        let utterance = &dataset.corpus.utterances[index];
        let dimensions: Vec<f64> = prediction.dimensions.iter().map(|it| it.predicted).collect();
        let line = Line {
            path: &utterance.recording().text(),
            channel: None,
            id: Some(&utterance.id),
            duration_s: dataset.durations_s[index],
            speech: None,
            label: Some(name(prediction.predicted)),
            reason: None,
            truth: Some(name(prediction.truth)),
            confidence: Some(prediction.confidence()),
            abstained: None,
            top: None,
            probabilities: Some(LabelledProbabilities(labels, &prediction.probabilities)),
            dimensions: LabelledDimensions::of(&info.dimensions, &dimensions),
            damaged: None,
            model: &info.name,
        };
        output.write_line(&line)?;
    }
    Ok(())
}
