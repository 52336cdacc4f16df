//! The folds of a protocol, one training each.

use std::path::PathBuf;

use clstm::{Model, Recognizer};
use clstm_corpus::{AllowedLeakage, Fold, Split, check_leakage, folds_allowing};
use clstm_eval::files::{create_folder, read_json, remove_temporaries, write_json};
use clstm_eval::{
    Environment, EvalError, EvalProtocol, FoldRecord, FoldValidation, RunInputs, RunMetrics,
    aggregate_folds, protocol_of_folds,
};
use clstm_nn::burn::tensor::Device;

use crate::deep_features::extract;
use crate::fold_run::FoldRun;
use crate::held_out_calibration::{fit_held_out, hold_out};
use crate::lineage::{check_start, lineage_of_run, model_of_fold, start_of_fold};
use crate::{
    Dataset, Event, InitialModel, Observer, Recipe, StopFlag, Teacher, TrainData, TrainError,
    begin_run, draw_shots, hold_out_validation, train,
};

/// A cross-validation.
#[derive(Clone, Debug)]
pub struct CrossValidation {
    /// How the utterances are split.
    pub split: Split,
    /// Number of folds.
    pub folds: usize,
    /// What may be on both sides of a fold; the protocol records what is.
    pub allowed: AllowedLeakage,
    /// Only this fold (from 1), as a job of its own.
    pub only: Option<usize>,
    /// Followed by every fold.
    pub recipe: Recipe,
    /// Seed of the split; that of the recipe where there is none.
    pub fold_seed: Option<u64>,
    /// What the trainings start from instead of drawn weights.
    pub init: Option<InitialModel>,
    /// Runs of the same folds whose models give part of the targets, see [`Teacher`](crate::Teacher); a
    /// fold's training uses those of the same fold.
    pub teachers: Vec<PathBuf>,
    /// The arguments that the run is recorded with.
    pub inputs: Option<RunInputs>,
    /// The commit that the program was built from, for the records.
    pub commit: Option<String>,
    /// What computes.
    pub device: Device,
    /// The run's folder.
    pub out: PathBuf,
}

impl CrossValidation {
    /// All folds of a split, from drawn weights and with labels alone; nothing may be on both sides of a fold.
    #[must_use]
    pub fn new(split: Split, folds: usize, recipe: Recipe, device: Device, out: PathBuf) -> Self {
        Self {
            split,
            folds,
            allowed: AllowedLeakage::default(),
            only: None,
            recipe,
            fold_seed: None,
            init: None,
            teachers: Vec::new(),
            inputs: None,
            commit: None,
            device,
            out,
        }
    }

    pub(crate) fn protocol(&self, dataset: &Dataset, folds: &[Fold]) -> EvalProtocol {
        let (corpus, groups) = (&dataset.corpus, &dataset.groups);
        EvalProtocol {
            fold_seed: self.fold_seed,
            preset: self.recipe.preset.clone(),
            epochs: self.recipe.epochs,
            validation: self.recipe.validation.protocol(),
            shots: self.recipe.sampling.protocol(),
            precision: self.recipe.precision.to_string(),
            tta_passes: self.recipe.frontend.tta.count(),
            ..protocol_of_folds(corpus, groups, self.split, folds, self.recipe.seed)
        }
    }

    /// Whether a fold is done or begun.
    pub(crate) fn holds(&self, number: usize) -> bool {
        let folder = self.fold_folder(number);
        ["metrics.json", "checkpoint.safetensors"].iter().any(|name| folder.join(name).exists())
    }

    fn fold_folder(&self, number: usize) -> PathBuf {
        self.out.join(format!("fold-{number}"))
    }
}

/// Trains and tests every fold that is not done yet, and joins those that are. With `resume`, a run
/// that was interrupted is continued.
///
/// # Errors
/// [`EvalError::RunExists`] without `resume` where the folder holds a run; those of [`train`].
pub fn cross_validate(
    run: &CrossValidation,
    dataset: &Dataset,
    resume: bool,
    stop: &StopFlag,
    observer: &mut dyn Observer,
) -> Result<RunMetrics, TrainError> {
    run.recipe.validate()?;
    run.recipe.check_frozen_layers(run.init.is_some())?;
    let seed = run.fold_seed.unwrap_or(run.recipe.seed);
    let (corpus, groups) = (&dataset.corpus, &dataset.groups);
    let all = folds_allowing(corpus, groups, run.split, run.folds, seed, run.allowed)?;
    if let Some(init) = &run.init {
        check_start(init, &run.recipe)?;
    }
    let lineage = lineage_of_run(run.init.as_ref(), &run.teachers)?;
    let protocol = EvalProtocol { lineage, ..run.protocol(dataset, &all) };
    let chosen: Vec<&Fold> =
        all.iter().filter(|f| run.only.is_none_or(|only| only == f.number)).collect();
    if chosen.is_empty() {
        let only = run.only.unwrap_or_default();
        let message = format!("there is no fold {only}; the folds are 1 to {}", run.folds);
        return Err(TrainError::Recipe(message));
    }
    if !resume && chosen.iter().any(|fold| run.holds(fold.number)) {
        return Err(EvalError::RunExists { path: run.out.clone() }.into());
    }
    begin_run(&run.out, &run.recipe)?;
    if let Some(inputs) = &run.inputs {
        inputs.write(&run.out)?;
    }
    for fold in chosen {
        let leakage = check_leakage(corpus, groups, fold, run.split);
        run.allowed.excluding(leakage).into_result()?;
        run_fold(run, dataset, fold, protocol.clone(), stop, observer)?;
    }
    Ok(aggregate_folds(&run.out)?)
}

/// What a fold starts from, and who teaches it.
fn earlier_models(
    run: &CrossValidation,
    dataset: &Dataset,
    fold: &Fold,
    protocol: &EvalProtocol,
) -> Result<(Option<Model>, Option<Teacher>), TrainError> {
    let ids: Vec<&str> =
        fold.test.iter().map(|&i| dataset.corpus.utterances[i].id.as_str()).collect();
    let start = |init: &InitialModel| start_of_fold(init, protocol, fold.number, &ids);
    let teacher = |path: &PathBuf| model_of_fold(path, protocol, fold.number, &ids);
    let init = run.init.as_ref().map(start).transpose()?;
    let teachers = run.teachers.iter().map(teacher).collect::<Result<Vec<_>, _>>()?;
    let teacher = match teachers.is_empty() {
        true => None,
        false => Some(Teacher::new(&teachers, run.recipe.precision)?),
    };
    Ok((init, teacher))
}

fn run_fold(
    run: &CrossValidation,
    dataset: &Dataset,
    fold: &Fold,
    protocol: EvalProtocol,
    stop: &StopFlag,
    observer: &mut dyn Observer,
) -> Result<(), TrainError> {
    let folder = run.fold_folder(fold.number);
    let (record, checkpoint) = (folder.join("metrics.json"), folder.join("checkpoint.safetensors"));
    if record.exists() {
        let outcome: FoldRecord = read_json(&record)?;
        if !outcome.protocol.is_of_run(&protocol) {
            let what = "another protocol".to_owned();
            return Err(EvalError::OtherRun { path: folder, what }.into());
        }
        let (fold, metrics) = (fold.number, outcome.metrics.metrics());
        observer.on_event(&Event::FoldDone { fold, metrics, resumed: true });
        return Ok(());
    }
    create_folder(&folder)?;
    remove_temporaries(&folder);
    let recipe = &run.recipe;
    let (init, teacher) = earlier_models(run, dataset, fold, &protocol)?;
    let fold =
        &Fold { train: draw_shots(dataset, &fold.train, recipe, fold.number), ..fold.clone() };
    // The inner split of a nested validation: the test part takes no part in it.
    let by = run.split.hold_out(&dataset.corpus.name);
    let inner = hold_out_validation(dataset, fold, by, run.allowed, recipe)?;
    let outer = Fold {
        train: inner.as_ref().map_or_else(|| fold.train.clone(), |cut| cut.train.clone()),
        ..fold.clone()
    };
    let held_out = hold_out(dataset, &outer, by, run.allowed, recipe)?;
    let train_set = held_out.as_ref().map_or(&outer.train[..], |cut| &cut.train);
    let validation = inner.as_ref().map_or(&[][..], |cut| &cut.validation);
    let test = &fold.test[..];
    let number = Some((fold.number, run.folds));
    let set = TrainData {
        dataset,
        train: train_set,
        validation,
        test,
        init: init.as_ref(),
        teacher: teacher.as_ref(),
        augmentation: None,
        fold: number,
    };
    let mut trained = train(set, recipe, &run.device, &protocol, &checkpoint, stop, observer)?;
    let scaling = match &held_out {
        Some(cut) => Some(fit_held_out(&mut trained, dataset, &cut.validation, &run.device)?),
        None => None,
    };
    let Some(evaluation) = trained.evaluation else {
        return Err(TrainError::Empty(format!("fold {} has no test utterances", fold.number)));
    };
    let speakers = dataset.corpus.speakers_of(validation);
    let validation = inner.as_ref().map(|cut| FoldValidation {
        utterances: cut.validation.len(),
        speakers: speakers.into_iter().map(str::to_owned).collect(),
        epochs: trained.history.len(),
        epoch: trained.epoch,
    });
    let environment = Environment::capture(&device_name(&run.device), run.commit.clone());
    write_json(&folder.join("environment.json"), &environment)?;
    let tested = FoldRun {
        number: fold.number,
        train_utterances: train_set.len(),
        model: trained.model,
        evaluation,
        protocol,
        seconds: trained.seconds,
        held_out: scaling,
        validation,
        environment: Some(environment),
    };
    write_json(&folder.join("history.json"), &trained.history)?;
    let recognizer = Recognizer::on(tested.model.clone(), &run.device.clone().into())?;
    extract(&recognizer, dataset, [train_set, test], &checkpoint)?
        .write(&folder.join("features.safetensors"))?;
    let metrics = tested.write(dataset, &folder)?;
    observer.on_event(&Event::FoldDone { fold: fold.number, metrics, resumed: false });
    Ok(())
}

/// The device as `environment.json` names it.
fn device_name(device: &Device) -> String {
    if *device == Device::flex() { "cpu".to_owned() } else { format!("{device:?}") }
}
