//! The training of one model.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clstm::{Model, ModelInfo, Recognizer, TrainingInfo};
use clstm_nn::burn;
use clstm_nn::burn::module::Module;
use clstm_nn::burn::tensor::{Device, Tensor, TensorData};
use clstm_nn::{
    CenterLoss, CenterLossConfig, Mode, NamedTensor, Network, ParameterKind, gradients,
    load_parameters, parameters, softmax_loss, update_weights,
};

use crate::batches::{Batch, assemble, mix, steps_per_epoch};
use crate::checkpoint::{self, State, Values};
use crate::progress::{EpochSums, TestRecord};
use crate::{
    AdamW, Dataset, EpochRecord, Evaluation, Event, Metrics, Observer, Recipe, TrainError, evaluate,
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

/// The network with the centres of its classes: all that learns.
#[derive(Module, Debug)]
struct Learner {
    network: Network,
    centers: CenterLoss,
}

/// Trains a model, with its state in `checkpoint` every few epochs; goes on from there if the file
/// exists. `protocol` is the sentence that the model file will carry.
///
/// # Errors
/// [`TrainError::Stopped`] after `stop` was set; [`TrainError::Diverged`]; those of files and data.
pub fn train(
    set: TrainingSet<'_>,
    recipe: &Recipe,
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
    let mut training = Training::open(set, recipe, checkpoint)?;
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
        (None, test) => Some(evaluate(&Recognizer::new(model.clone())?, set.dataset, test)),
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
    optimizer: AdamW,
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
        checkpoint: &'a Path,
    ) -> Result<Self, TrainError> {
        if set.train.len() < 2 {
            return Err(TrainError::Empty("fewer than two utterances to train on".to_owned()));
        }
        let device = Device::flex().autodiff();
        let mut network =
            recipe.network.init(recipe.seed, &device)?.with_precision(recipe.precision);
        if let Some(init) = set.init {
            network = start_from(network, init)?;
        }
        let config =
            CenterLossConfig { classes: recipe.network.classes, features: recipe.network.features };
        let mut learner = Learner { network, centers: config.init(&device) };
        let mut optimizer = AdamW::new(recipe.optimizer, &weights(&learner));
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
                learner = restore(learner, &mut optimizer, values, checkpoint)?;
                optimizer.time = state.time;
                state
            }
        };
        let (since, earlier_s) = (Instant::now(), state.seconds);
        let evaluation = None;
        Ok(Self {
            set,
            recipe,
            checkpoint,
            device,
            learner,
            optimizer,
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
        let recipe = self.recipe;
        let (count, classes) = (batch.labels.len(), recipe.network.classes);
        let shape = [count, recipe.crop_steps, recipe.frontend.segment_length];
        let segments = Tensor::<3>::from_data(TensorData::new(batch.segments, shape), &self.device);
        let target = |on: f32, off: f32| {
            let mut rows = vec![off; count * classes];
            for (row, label) in batch.labels.iter().enumerate() {
                rows[row * classes + label] = on;
            }
            Tensor::<2>::from_data(TensorData::new(rows, [count, classes]), &self.device)
        };
        let off = recipe.label_smoothing / classes as f64;
        let smoothed = target((1.0 - recipe.label_smoothing + off) as f32, off as f32);

        let seed = mix(recipe.seed, self.optimizer.time + 1, 0x6472_6f70);
        let output = self.learner.network.forward(segments, Mode::Training { seed });
        let softmax = softmax_loss(output.logits.clone(), smoothed); // [1]
        let center = self.learner.centers.forward(output.features, target(1.0, 0.0)); // [1]
        let loss = softmax.clone() + center.clone().mul_scalar(recipe.center_loss);
        self.count(&softmax, &center, output.logits, &batch.labels)?;

        let mut grads = loss.div_scalar(count as f64).backward();
        let mut grads: Vec<Vec<f32>> = gradients(&self.learner, &mut grads)
            .into_iter()
            .zip(&self.optimizer.moments)
            .map(|(grad, moments)| grad.unwrap_or_else(|| vec![0.0; moments[0].len()]))
            .collect();
        self.optimizer.clip(&mut grads);
        self.optimizer.begin();
        let optimizer = &mut self.optimizer;
        self.learner = update_weights(self.learner.clone(), &mut |index, values| {
            optimizer.update(index, values, &grads[index], rate);
        });
        Ok(self.state.sums.confusion.iter().flatten().sum())
    }

    /// Adds a step to the epoch's sums.
    fn count(
        &mut self,
        softmax: &Tensor<1>,
        center: &Tensor<1>,
        logits: Tensor<2>,
        labels: &[usize],
    ) -> Result<(), TrainError> {
        let value = |t: &Tensor<1>| f64::from(t.clone().into_scalar::<f32>());
        let (softmax, center) = (value(softmax), value(center));
        if !(softmax + center).is_finite() {
            let loss = softmax + center;
            return Err(TrainError::Diverged { epoch: self.state.epoch + 1, loss });
        }
        self.state.sums.softmax += softmax;
        self.state.sums.center += center;
        let logits: Vec<f32> = logits.into_data().iter::<f32>().collect();
        for (row, label) in logits.chunks_exact(self.recipe.network.classes).zip(labels) {
            let best = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            let predicted = best.map_or(0, |(class, _)| class);
            self.state.sums.confusion[*label][predicted] += 1;
        }
        Ok(())
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
                let recognizer = Recognizer::new(self.model("")?)?;
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
        self.state.time = self.optimizer.time;
        self.state.seconds = self.seconds();
        let mut values = Values::new();
        let tensors = parameters(&self.learner);
        let weights = tensors.iter().filter(|t| t.kind == ParameterKind::Weight);
        for (tensor, [first, second]) in weights.zip(&self.optimizer.moments) {
            values.insert(format!("first.{}", tensor.name), first.clone());
            values.insert(format!("second.{}", tensor.name), second.clone());
        }
        for tensor in tensors {
            values.insert(format!("value.{}", tensor.name), tensor.values);
        }
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
            description: format!(
                "Speech emotion recognition from the raw waveform: {} of the hierarchical ConvLSTM \
                 network of Mustaqeem & Kwon (2020).",
                recipe.preset
            ),
        };
        Ok(Model::new(info, parameters(&self.learner.network.valid()))?)
    }
}

fn weights(learner: &Learner) -> Vec<NamedTensor> {
    let mut tensors = parameters(learner);
    tensors.retain(|t| t.kind == ParameterKind::Weight);
    tensors
}

/// Takes the weights of another model; the last layer only where the classes are the same ones.
fn start_from(network: Network, init: &Model) -> Result<Network, TrainError> {
    let mut tensors = init.tensors.clone();
    let own = parameters(&network);
    for tensor in &mut tensors {
        if tensor.name.starts_with("head.class_")
            && let Some(own) = own.iter().find(|t| t.name == tensor.name)
            && own.shape != tensor.shape
        {
            *tensor = own.clone();
        }
    }
    Ok(load_parameters(network, tensors)?)
}

/// Puts a checkpoint's values back.
fn restore(
    learner: Learner,
    optimizer: &mut AdamW,
    mut values: Values,
    path: &Path,
) -> Result<Learner, TrainError> {
    let mut take = |name: String, len: usize| match values.remove(&name) {
        Some(found) if found.len() == len => Ok(found),
        _ => Err(TrainError::malformed(path, format!("{name} is missing or of another size"))),
    };
    let mut tensors = parameters(&learner);
    let mut index = 0;
    for tensor in &mut tensors {
        tensor.values = take(format!("value.{}", tensor.name), tensor.values.len())?;
        if tensor.kind == ParameterKind::Weight {
            let len = tensor.values.len();
            let first = take(format!("first.{}", tensor.name), len)?;
            let second = take(format!("second.{}", tensor.name), len)?;
            optimizer.moments[index] = [first, second];
            index += 1;
        }
    }
    Ok(load_parameters(learner, tensors)?)
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
