//! `clstm train`: one model on a whole corpus.

use std::path::{Path, PathBuf};

use clstm::Model;
use clstm::Precision;
use clstm_corpus::{AllowedLeakage, Corpus, Fold, HoldOutUnit, Target};
use clstm_eval::files::remove_temporaries;
use clstm_eval::{EvalError, EvalProtocol, protocol_of_everything};
use clstm_train::{
    Teacher, TrainData, begin_run, check_init, draw_shots, hold_out_validation, lineage_of,
};

use crate::args::TrainArgs;
use crate::error::CliError;
use crate::messages::{note, warn};
use crate::resolve::{device, model};
use crate::text::PathText;
use crate::training::{self, Observers, RunDescription, RunLock, calibration, scores};

/// Trains and writes the model; see the help of the command for the files.
pub(crate) fn run(args: &TrainArgs) -> Result<(), CliError> {
    let out = args.training.output.as_path();
    let (corpus, recipe) = training::open(&args.training, args.start.preset)?;
    let device = device::open(args.training.device, recipe.precision)?;
    recipe.check_frozen_layers(args.init.is_some())?;
    let init = args.init.as_deref().map(|named| model::open(Some(named))).transpose()?;
    if let Some(init) = &init {
        print_new_head(init, &corpus);
        check_init(init, &recipe, &corpus.name)?;
    }
    let teacher = read_teacher(&args.teacher, recipe.precision)?;
    let lineage = lineage_of(init.as_ref(), teacher.as_ref());
    let runs = scores::read(&args.scores, &corpus, &recipe, &lineage)?;
    let mut guard = training::guard(&args.training, &corpus);
    // A built-in model is no file.
    guard.model("the model of --init", args.init.as_deref());
    args.teacher
        .iter()
        .for_each(|path| guard.model("the model of --teacher", Some(path.as_path())));
    args.scores.iter().for_each(|path| guard.input("the scores", path));
    guard.check_run("--output", out)?;
    claim(out, args.training.resume)?;
    let stop = training::stop_on_interrupt()?;
    let dataset = training::load(corpus, &recipe)?;
    let _lock = RunLock::acquire(out, None)?;
    remove_temporaries(out);
    begin_run(out, &recipe)?;

    let everything: Vec<usize> = (0..dataset.clips.len()).collect();
    let by = hold_out(&dataset.corpus);
    let train = draw_shots(&dataset, &everything, &recipe, 0);
    let whole = Fold { number: 0, train, test: Vec::new() };
    let cut = hold_out_validation(&dataset, &whole, by, AllowedLeakage::default(), &recipe)?;
    let validation = cut.as_ref().map_or(&[][..], |cut| &cut.validation);
    let set = TrainData {
        dataset: &dataset,
        train: cut.as_ref().map_or(&whole.train[..], |cut| &cut.train),
        validation,
        test: &[],
        init: init.as_ref(),
        teacher: teacher.as_ref(),
        augmentation: None,
        fold: None,
    };
    let protocol = EvalProtocol {
        preset: recipe.preset.clone(),
        lineage,
        epochs: recipe.epochs,
        validation: recipe.validation.protocol(),
        shots: recipe.sampling.protocol(),
        precision: recipe.precision.to_string(),
        tta_passes: recipe.frontend.tta.count(),
        ..protocol_of_everything(&dataset.corpus, recipe.seed)
    };
    let about = RunDescription {
        title: format!("{}, {}", dataset.corpus.name, recipe.preset),
        labels: &dataset.corpus.labels,
        trainings: 1,
        batch: recipe.batch,
    };
    let mut watchers = Observers::start(&args.training, &about, stop);
    let checkpoint = out.join("checkpoint.safetensors");
    let trained =
        clstm_train::train(set, &recipe, &device, &protocol, &checkpoint, stop, &mut watchers);
    watchers.finish();
    let mut trained = trained?;
    if recipe.validation.is_on() {
        let (epoch, epochs) = (trained.epoch, trained.history.len());
        note(&format!("{epochs} epochs trained; the model is that of epoch {epoch}"));
    }
    let info = &mut trained.model.info;
    info.training.scores = runs.iter().map(|(_, run)| scores::score(run)).collect();
    match calibration::source(&runs) {
        Some((path, run, found)) => {
            info.scaling = found.scaling;
            info.calibration = Some(found.summary(&run.protocol));
            let (path, scaling) = (path.text(), calibration::scaling(&found.scaling));
            note(&format!("calibrated by {path}: temperature {scaling}"));
        }
        None if runs.is_empty() => {}
        None => warn(
            "none of the --scores has a calibration: the confidences stay as trained; `clstm cv \
             --resume` in a finished run adds it to its metrics.json",
        ),
    }
    let path = out.join("model.safetensors");
    training::write_json(&out.join("history.json"), &trained.history)?;
    trained.model.write(&path)?;
    note(&format!("wrote {} (sha256 {})", path.text(), trained.model.digest()));
    Ok(())
}

fn read_teacher(paths: &[PathBuf], precision: Precision) -> Result<Option<Teacher>, CliError> {
    let read = |path: &PathBuf| read_model("--teacher", path);
    if paths.is_empty() {
        return Ok(None);
    }
    let models: Vec<Model> = paths.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Some(Teacher::new(&models, precision)?))
}

/// Prints that the last layer of the initial model does not fit the classes of the corpus.
fn print_new_head(init: &Model, corpus: &Corpus) {
    let (theirs, ours) = (&init.info.labels, &corpus.labels);
    if theirs.len() != ours.len() {
        note(&format!(
            "--init: the last layer starts from random weights: {} has {} classes, {} has {}",
            init.info.name,
            theirs.len(),
            corpus.name,
            ours.len()
        ));
    } else if theirs != ours {
        note(&format!(
            "--init: the last layer keeps the weights of {}, although its classes differ: {}",
            init.info.name,
            theirs.join(" ")
        ));
    }
}

fn read_model(option: &str, path: &Path) -> Result<Model, CliError> {
    Model::read(path)
        .map_err(|error| CliError::Failed(format!("{option} {}: {error}", path.text())))
}

/// Rejects a folder that holds a run, unless the run is resumed.
fn claim(out: &Path, resume: bool) -> Result<(), CliError> {
    let holds = |name: &str| out.join(name).exists();
    let folds = std::fs::read_dir(out)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.file_name().as_encoded_bytes().starts_with(b"fold-"));
    if folds || holds("metrics.json") {
        let message = format!("{} holds a cross-validation; choose another --output", out.text());
        return Err(CliError::Failed(message));
    }
    if !resume
        && ["recipe.json", "checkpoint.safetensors", "model.safetensors"].iter().any(|n| holds(n))
    {
        return Err(EvalError::RunExists { path: out.to_owned() }.into());
    }
    Ok(())
}

/// What is held out for validation: whole speakers where there are some to choose from, for the model is for
/// the voices of others.
fn hold_out(corpus: &Corpus) -> HoldOutUnit {
    let known = corpus.utterances.iter().all(|utterance| utterance.speaker().is_some());
    let voices = known && corpus.speakers().len() > 1 && corpus.target != Target::Speaker;
    if voices { HoldOutUnit::Speakers } else { HoldOutUnit::Utterances }
}
