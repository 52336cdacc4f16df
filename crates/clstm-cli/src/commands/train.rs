//! `clstm train`: one model of a whole corpus.

use std::path::Path;

use clstm::Model;
use clstm::nn::Precision;
use clstm_corpus::Corpus;
use clstm_train::{Recipe, TrainError, TrainingSet, begin_run};

use crate::args::TrainArgs;
use crate::corpora::speakers;
use crate::devices;
use crate::failure::Failure;
use crate::notes::{note, warn};
use crate::training::{self, Progress, calibration, scores};

/// Trains and writes the model; see the help of the command for the files.
pub(crate) fn run(args: &TrainArgs) -> Result<(), Failure> {
    let out = args.training.out.as_path();
    let (corpus, recipe) = training::open(&args.training)?;
    let device = devices::open(args.training.device, recipe.precision)?;
    let runs = scores::read(&args.scores, &corpus, &recipe)?;
    let init = args.init.as_deref().map(read_init).transpose()?;
    claim(out, args.training.resume)?;
    let stop = training::stop_on_interrupt()?;
    let dataset = training::load(corpus, &recipe)?;
    begin_run(out, &recipe)?;

    let everything: Vec<usize> = (0..dataset.clips.len()).collect();
    let set = TrainingSet {
        dataset: &dataset,
        train: &everything,
        test: &[],
        init: init.as_ref(),
        fold: None,
    };
    let protocol = protocol(&dataset.corpus, &recipe, runs.is_empty());
    let mut progress = Progress::new(1, recipe.batch);
    let checkpoint = out.join("checkpoint.safetensors");
    let trained =
        clstm_train::train(set, &recipe, &device, &protocol, &checkpoint, stop, &mut progress);
    progress.finish();
    let mut trained = trained?;
    let info = &mut trained.model.info;
    info.training.scores = runs.iter().map(|(_, run)| scores::score(run)).collect();
    match calibration::source(&runs) {
        Some((path, found)) => {
            info.temperature = found.temperature as f32;
            info.calibration = Some(found.summary());
            let (path, temperature) = (path.display(), found.temperature);
            note(&format!("calibrated by {path}: temperature {temperature:.3}"));
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
    note(&format!("wrote {} (sha256 {})", path.display(), trained.model.digest()));
    Ok(())
}

fn read_init(path: &Path) -> Result<Model, Failure> {
    Model::read(path)
        .map_err(|error| Failure::Failed(format!("--init {}: {error}", path.display())))
}

/// Refuses a folder that holds a run, unless it is to be gone on with.
fn claim(out: &Path, resume: bool) -> Result<(), Failure> {
    let holds = |name: &str| out.join(name).exists();
    let folds = std::fs::read_dir(out)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.file_name().as_encoded_bytes().starts_with(b"fold-"));
    if folds || holds("metrics.json") {
        let message = format!("{} holds a cross-validation; choose another --out", out.display());
        return Err(Failure::Failed(message));
    }
    if !resume
        && ["recipe.json", "checkpoint.safetensors", "model.safetensors"].iter().any(|n| holds(n))
    {
        return Err(TrainError::RunExists { path: out.to_owned() }.into());
    }
    Ok(())
}

/// The sentence that the model file carries.
fn protocol(corpus: &Corpus, recipe: &Recipe, unscored: bool) -> String {
    let scores = match unscored {
        true => "no scores",
        false => {
            "the scores are cross-validated: of models trained by the same recipe without the \
             utterances that they were tested on"
        }
    };
    let arithmetic = match recipe.precision {
        Precision::F32 => "",
        Precision::Bf16 => ", bf16",
    };
    format!(
        "trained on all {} utterances of {} ({}), {} epochs, seed {}{arithmetic}; nothing \
         held out; {scores}",
        corpus.utterances.len(),
        corpus.subject(),
        speakers(corpus.speakers().len()),
        recipe.epochs,
        recipe.seed
    )
}
