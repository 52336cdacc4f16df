//! The training of one model.

mod epoch_loop;
mod export;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use clstm::{EvalProtocol, Model, Recognizer};
use clstm_eval::{EvalError, Evaluation};
use clstm_nn::burn::tensor::Device;

use self::epoch_loop::TrainingRun;
use crate::auxiliary::AuxiliaryTargets;
use crate::batches::steps_per_epoch;
use crate::checkpoint::{self, State};
use crate::dimensions::DimensionTargets;
use crate::lineage::check_init;
use crate::{
    CustomAugmentation, Dataset, EpochRecord, Event, Observer, Recipe, Teacher, TrainError,
    evaluate,
};

/// Set to true to end a training at its next step, its state saved.
pub type StopFlag = AtomicBool;

/// What a model trains on.
#[derive(Clone, Copy, Debug)]
pub struct TrainData<'a> {
    /// The corpus in memory.
    pub dataset: &'a Dataset,
    /// Utterances to train on.
    pub train: &'a [usize],
    /// Utterances to evaluate on during the training, to end it and to choose its weights by the recipe's
    /// [`validation`](Recipe::validation); empty without one.
    pub validation: &'a [usize],
    /// Utterances to test on, for the curves and the final figures; may be empty.
    pub test: &'a [usize],
    /// Starting weights instead of drawn ones.
    pub init: Option<&'a Model>,
    /// The teacher of the recipe's [`distillation`](Recipe::distillation). It must not have been trained on the test
    /// utterances.
    pub teacher: Option<&'a Teacher>,
    /// An effect after the built-in augmentation; it is not part of the recipe.
    pub augmentation: Option<&'a dyn CustomAugmentation>,
    /// Number of the fold (from 1) and how many there are, where it is one.
    pub fold: Option<(usize, usize)>,
}

/// A trained model.
#[derive(Debug)]
pub struct Trained {
    /// The model of the last epoch, or of the best one by the validation utterances where the recipe
    /// selects it.
    pub model: Model,
    /// The epoch whose weights it has, from 1.
    pub epoch: usize,
    /// One record an epoch.
    pub history: Vec<EpochRecord>,
    /// On the test utterances, where there are some.
    pub evaluation: Option<Evaluation>,
    /// Time spent training, in seconds, that of interrupted runs included.
    pub seconds: f64,
}

/// Trains a model on `device`, with its state in `checkpoint` every few epochs; continues from there if
/// the file exists. `protocol` goes into the model file.
///
/// The same recipe and data give the same model bit for bit on the same device; on another one its
/// sums are rounded otherwise.
///
/// # Errors
/// [`TrainError::Stopped`] after `stop` was set; [`TrainError::Diverged`]; a precision that the device
/// does not have; those of files and data.
pub fn train(
    set: TrainData<'_>,
    recipe: &Recipe,
    device: &Device,
    protocol: &EvalProtocol,
    checkpoint: &Path,
    stop: &StopFlag,
    observer: &mut dyn Observer,
) -> Result<Trained, TrainError> {
    recipe.validate()?;
    let (classes, labels) = (recipe.network.classes, set.dataset.corpus.labels.len());
    if classes != labels {
        let message = format!("network.classes is {classes}, but the corpus has {labels} classes");
        return Err(TrainError::Recipe(message));
    }
    let known = &set.dataset.corpus.dimensions;
    if recipe.dimension_names() != &known[..] {
        let message = format!(
            "dimensions.targets is [{}], but the corpus was opened with the continuous targets [{}]; name them with --target",
            recipe.dimension_names().join(", "),
            known.join(", ")
        );
        return Err(TrainError::Recipe(message));
    }
    if recipe.validation.is_on() == set.validation.is_empty() {
        let message = match set.validation.len() {
            0 => "validation.share is set, but no utterances are held out for it",
            _ => "utterances are held out for validation, but validation.share is 0",
        };
        return Err(TrainError::Recipe(message.to_owned()));
    }
    recipe.check_frozen_layers(set.init.is_some())?;
    if let Some(init) = set.init {
        check_init(init, recipe, &set.dataset.corpus.name)?;
    }
    if let Some(teacher) = set.teacher {
        teacher.check(recipe, &set.dataset.corpus.labels)?;
    }
    let mut training = TrainingRun::open(set, recipe, device, checkpoint)?;
    observer.on_event(&Event::Started {
        fold: set.fold.map(|(number, _)| number),
        folds: set.fold.map_or(1, |(_, count)| count),
        train: set.train.len(),
        validation: set.validation.len(),
        test: set.test.len(),
        epochs: recipe.epochs,
        steps: steps_per_epoch(set.train.len(), recipe.batch),
        done: training.state.epoch,
        history: training.state.history.clone(),
        folder: checkpoint.parent().unwrap_or(Path::new("")).to_owned(),
    });
    if let Some(reason) = training.damage.take() {
        let path = checkpoint.to_owned();
        observer.on_event(&Event::CheckpointDamaged { path, reason });
    }
    while !training.is_over() {
        training.epoch(stop, observer)?;
    }
    checkpoint::remove_previous(checkpoint)?;
    let (model, epoch) = training.chosen(protocol)?;
    let evaluation = match (training.evaluation.take(), set.test) {
        (Some(evaluation), _) => Some(evaluation),
        (None, []) => None,
        // The last epoch was that of an earlier process, or is not the one chosen.
        (None, test) => Some(evaluate(
            &Recognizer::on(model.clone(), &device.clone().into())?,
            set.dataset,
            test,
        )),
    };
    let seconds = training.seconds();
    Ok(Trained { model, epoch, history: training.state.history, evaluation, seconds })
}

/// A resumed run must follow the same recipe on the same utterances.
fn check_same(saved: &State, fresh: &State, path: &Path) -> Result<(), TrainError> {
    let other = |what: &str| {
        let (path, what) = (path.to_owned(), what.to_owned());
        Err(EvalError::OtherRun { path, what }.into())
    };
    if !saved.recipe.same_training(&fresh.recipe) {
        return other("another recipe");
    }
    if saved.data != fresh.data {
        return other("other training or test utterances");
    }
    Ok(())
}

/// Names of the utterances and of the initial weights, and the targets of auxiliary tasks and dimensions, hashed (FNV-1a: it guards against mistakes,
/// not against malice).
fn data_digest(
    set: &TrainData<'_>,
    tasks: &AuxiliaryTargets,
    dimensions: &DimensionTargets,
) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |text: &str| {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    // Trainings from before there was validation keep their digest.
    let validation = (!set.validation.is_empty()).then_some(set.validation);
    for part in [set.train, set.test].into_iter().chain(validation) {
        for &utterance in part {
            add(&set.dataset.corpus.utterances[utterance].id);
            add(&set.dataset.clips[utterance].samples.len().to_string());
        }
        add("|");
    }
    add(&set.init.map(Model::digest).unwrap_or_default());
    set.teacher.iter().flat_map(|teacher| teacher.digests()).for_each(&mut add);
    tasks.labels(set.train).for_each(&mut add);
    dimensions.digest_parts(set.train).for_each(|part| add(&part));
    // Trainings without one keep the digest of release 0.1.
    set.augmentation.iter().for_each(|augmentation| add(augmentation.id()));
    let mut text = String::new();
    let _ = write!(text, "{hash:016x}");
    text
}
