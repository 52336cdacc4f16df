//! The training of one model.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clstm::{Model, ModelInfo, Recognizer, TrainingInfo};
use clstm_nn::Preset;
use clstm_nn::burn::tensor::Device;

use crate::batches::{assemble, steps_per_epoch};
use crate::checkpoint::{self, State};
use crate::progress::{EpochSums, TestRecord};
use crate::{
    Batch, Dataset, EpochRecord, Evaluation, Event, Learner, Metrics, Observer, Recipe, TrainError,
    evaluate,
};

/// Set to true to end a training at its next step, its state saved.
pub type Stop = AtomicBool;

/// What a model trains on.
#[derive(Clone, Copy, Debug)]
pub struct TrainingSet<'a> {
    /// The corpus in memory.
    pub dataset: &'a Dataset,
    /// Utterances to train on.
    pub train: &'a [usize],
    /// Utterances to test on, for the curves and the final figures; may be empty.
    pub test: &'a [usize],
    /// Starting weights instead of drawn ones.
    pub init: Option<&'a Model>,
    /// Number of the fold (from 1) and how many there are, where it is one.
    pub fold: Option<(usize, usize)>,
}

/// A trained model.
#[derive(Debug)]
pub struct Trained {
    /// The model of the last epoch.
    pub model: Model,
    /// One record an epoch.
    pub history: Vec<EpochRecord>,
    /// On the test utterances, where there are some.
    pub evaluation: Option<Evaluation>,
    /// Time spent training, in seconds, that of interrupted runs included.
    pub seconds: f64,
}

/// Trains a model on `device`, with its state in `checkpoint` every few epochs; goes on from there if
/// the file exists. `protocol` is the sentence that the model file will carry.
///
/// The same recipe and data give the same model bit for bit on the same device; on another one its
/// sums are rounded otherwise.
///
/// # Errors
/// [`TrainError::Stopped`] after `stop` was set; [`TrainError::Diverged`]; a precision that the device
/// does not have; those of files and data.
pub fn train(
    set: TrainingSet<'_>,
    recipe: &Recipe,
    device: &Device,
    protocol: &str,
    checkpoint: &Path,
    stop: &Stop,
    observer: &mut dyn Observer,
) -> Result<Trained, TrainError> {
    recipe.validate()?;
    let (classes, labels) = (recipe.network.classes, set.dataset.corpus.labels.len());
    if classes != labels {
        let message = format!("network.classes is {classes}, but the corpus has {labels} classes");
        return Err(TrainError::Recipe(message));
    }
    let mut training = Training::open(set, recipe, device, checkpoint)?;
    observer.on_event(&Event::Started {
        fold: set.fold.map(|(number, _)| number),
        folds: set.fold.map_or(1, |(_, count)| count),
        train: set.train.len(),
        test: set.test.len(),
        epochs: recipe.epochs,
        steps: steps_per_epoch(set.train.len(), recipe.batch),
        done: training.state.epoch,
    });
    while training.state.epoch < recipe.epochs {
        training.epoch(stop, observer)?;
    }
    let model = training.model(protocol)?;
    let evaluation = match (training.evaluation.take(), set.test) {
        (Some(evaluation), _) => Some(evaluation),
        (None, []) => None,
        // The last epoch was that of an earlier process.
        (None, test) => Some(evaluate(&Recognizer::on(model.clone(), device)?, set.dataset, test)),
    };
    let seconds = training.seconds();
    Ok(Trained { model, history: training.state.history, evaluation, seconds })
}

struct Training<'a> {
    set: TrainingSet<'a>,
    recipe: &'a Recipe,
    checkpoint: &'a Path,
    device: Device,
    learner: Learner,
    state: State,
    /// Of the last epoch, once it is done.
    evaluation: Option<Evaluation>,
    /// When this process took over.
    since: Instant,
    /// What earlier processes spent.
    earlier_s: f64,
}

impl<'a> Training<'a> {
    fn open(
        set: TrainingSet<'a>,
        recipe: &'a Recipe,
        device: &Device,
        checkpoint: &'a Path,
    ) -> Result<Self, TrainError> {
        if set.train.len() < 2 {
            return Err(TrainError::Empty("fewer than two utterances to train on".to_owned()));
        }
        let mut learner = Learner::new(recipe, set.init, device)?;
        let fresh = State {
            recipe: recipe.clone(),
            data: data_digest(&set),
            epoch: 0,
            step: 0,
            time: 0,
            sums: EpochSums::new(recipe.network.classes),
            history: Vec::new(),
            seconds: 0.0,
        };
        let state = match checkpoint::read(checkpoint)? {
            None => fresh,
            Some((state, values)) => {
                check_same(&state, &fresh, checkpoint)?;
                learner.restore(values, state.time, checkpoint)?;
                state
            }
        };
        let (since, earlier_s) = (Instant::now(), state.seconds);
        let evaluation = None;
        Ok(Self {
            set,
            recipe,
            checkpoint,
            device: device.clone(),
            learner,
            state,
            evaluation,
            since,
            earlier_s,
        })
    }

    fn seconds(&self) -> f64 {
        self.earlier_s + self.since.elapsed().as_secs_f64()
    }

    /// Runs the epoch under way to its end.
    fn epoch(&mut self, stop: &Stop, observer: &mut dyn Observer) -> Result<(), TrainError> {
        let (set, recipe) = (self.set, self.recipe);
        let epoch = self.state.epoch;
        let steps = steps_per_epoch(set.train.len(), recipe.batch);
        let mut rate = 0.0;
        std::thread::scope(|scope| {
            let first = self.state.step;
            let batches = assemble(scope, set.dataset, set.train, recipe, epoch, first)?;
            for batch in batches {
                if stop.load(Ordering::Relaxed) {
                    self.save()?;
                    return Err(TrainError::Stopped { path: self.checkpoint.to_owned() });
                }
                rate = self.rate(epoch * steps + self.state.step, steps);
                let seen = self.step(batch, rate)?;
                self.state.step += 1;
                let loss = self.loss_sum() / seen as f64;
                observer.on_event(&Event::Step { epoch: epoch + 1, step: self.state.step, loss });
            }
            Ok(())
        })?;
        let record = self.finish_epoch(rate)?;
        observer.on_event(&Event::Epoch(record));
        Ok(())
    }

    /// Learning rate of a step counted over the whole training.
    fn rate(&self, step: usize, steps: usize) -> f64 {
        let recipe = self.recipe;
        let factor = recipe.schedule.factor(step, steps * recipe.epochs, recipe.epochs);
        recipe.optimizer.learning_rate * factor
    }

    /// One step; gives how many utterances the epoch has seen.
    fn step(&mut self, batch: Batch, rate: f64) -> Result<usize, TrainError> {
        let labels = batch.labels.clone();
        let seen = self.learner.step(batch, rate);
        let loss = seen.softmax_loss + seen.center_loss;
        if !loss.is_finite() {
            return Err(TrainError::Diverged { epoch: self.state.epoch + 1, loss });
        }
        let sums = &mut self.state.sums;
        sums.softmax += seen.softmax_loss;
        sums.center += seen.center_loss;
        for (label, predicted) in labels.into_iter().zip(seen.predicted) {
            sums.confusion[label][predicted] += 1;
        }
        Ok(sums.confusion.iter().flatten().sum())
    }

    fn loss_sum(&self) -> f64 {
        self.state.sums.softmax + self.recipe.center_loss * self.state.sums.center
    }

    /// Closes the epoch's books, looks at the test utterances where it is due, and saves.
    fn finish_epoch(&mut self, learning_rate: f64) -> Result<EpochRecord, TrainError> {
        let recipe = self.recipe;
        let epoch = self.state.epoch + 1;
        let sums = std::mem::replace(&mut self.state.sums, EpochSums::new(recipe.network.classes));
        let count = sums.confusion.iter().flatten().sum::<usize>() as f64;
        let train = Metrics::from_confusion(sums.confusion);
        let last = epoch == recipe.epochs;
        let test = match self.set.test {
            test if !test.is_empty() && (last || epoch.is_multiple_of(recipe.test_every)) => {
                let recognizer = Recognizer::on(self.model("")?, &self.device)?;
                let evaluation = evaluate(&recognizer, self.set.dataset, test);
                let Metrics { ua, wa, .. } = evaluation.metrics;
                let seen = TestRecord { loss: evaluation.loss, ua, wa };
                self.evaluation = last.then_some(evaluation);
                Some(seen)
            }
            _ => None,
        };
        let record = EpochRecord {
            epoch,
            learning_rate,
            loss: (sums.softmax + recipe.center_loss * sums.center) / count,
            softmax_loss: sums.softmax / count,
            center_loss: sums.center / count,
            train_ua: train.ua,
            train_wa: train.wa,
            test,
        };
        self.state.history.push(record);
        self.state.epoch = epoch;
        self.state.step = 0;
        if last || epoch.is_multiple_of(recipe.checkpoint_every) {
            self.save()?;
        }
        Ok(record)
    }

    fn save(&mut self) -> Result<(), TrainError> {
        self.state.time = self.learner.time();
        self.state.seconds = self.seconds();
        let values = self.learner.values();
        checkpoint::write(self.checkpoint, &self.state, &values)
    }

    /// The model as it stands.
    fn model(&self, protocol: &str) -> Result<Model, TrainError> {
        let (recipe, corpus) = (self.recipe, &self.set.dataset.corpus);
        let speakers = |indices: &[usize]| {
            corpus.speakers_of(indices).into_iter().map(str::to_owned).collect()
        };
        let license = match corpus.name.as_str() {
            "ravdess" => "CC BY-NC-SA 4.0 (trained on RAVDESS): non-commercial use only",
            _ => "as the corpus it was trained on allows",
        };
        let info = ModelInfo {
            name: format!("{}-{}", corpus.name, recipe.preset),
            labels: corpus.labels.clone(),
            network: recipe.network.clone(),
            frontend: recipe.frontend.clone(),
            temperature: 1.0,
            calibration: None,
            training: TrainingInfo {
                corpus: corpus.name.clone(),
                protocol: protocol.to_owned(),
                preset: recipe.preset.clone(),
                epochs: self.state.epoch,
                seed: recipe.seed,
                precision: recipe.precision.to_string(),
                utterances: self.set.train.len(),
                speakers: speakers(self.set.train),
                test_speakers: speakers(self.set.test),
                scores: Vec::new(),
                recipe: serde_json::to_value(recipe)
                    .map_err(|e| TrainError::malformed(self.checkpoint, e))?,
            },
            license: license.to_owned(),
            description: description(&recipe.preset),
        };
        Ok(Model::new(info, self.learner.network_tensors())?)
    }
}

/// What a model of this preset is.
fn description(preset: &str) -> String {
    let paper = "the hierarchical ConvLSTM network of Mustaqeem & Kwon (2020)";
    match preset.parse() {
        Ok(Preset::ClstmPlus) => format!(
            "Speech emotion recognition from the raw waveform: {preset}, after {paper}, with a \
             learnt filterbank and convolutions before the ConvLSTM block and attention over time."
        ),
        _ => format!("Speech emotion recognition from the raw waveform: {preset} of {paper}."),
    }
}

/// A resumed run must follow the same recipe on the same utterances.
fn check_same(saved: &State, fresh: &State, path: &Path) -> Result<(), TrainError> {
    let other =
        |what: &str| Err(TrainError::OtherRun { path: path.to_owned(), what: what.to_owned() });
    if !saved.recipe.same_training(&fresh.recipe) {
        return other("another recipe");
    }
    if saved.data != fresh.data {
        return other("other training or test utterances");
    }
    Ok(())
}

/// Names of the utterances and of the starting weights, hashed (FNV-1a: it guards against mistakes,
/// not against malice).
fn data_digest(set: &TrainingSet<'_>) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |text: &str| {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for part in [set.train, set.test] {
        for &utterance in part {
            add(&set.dataset.corpus.utterances[utterance].id);
            add(&set.dataset.clips[utterance].samples.len().to_string());
        }
        add("|");
    }
    add(&set.init.map(Model::digest).unwrap_or_default());
    let mut text = String::new();
    let _ = write!(text, "{hash:016x}");
    text
}
