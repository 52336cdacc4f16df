//! The epochs of a training.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use clstm::{EvalProtocol, Model, Recognizer};
use clstm_eval::{DimensionScores, Evaluation, Metrics};
use clstm_nn::NamedTensor;
use clstm_nn::burn::tensor::Device;

use super::{StopFlag, TrainData, check_same, data_digest, export};
use crate::auxiliary::AuxiliaryTargets;
use crate::batches::{Source, assemble, steps_per_epoch};
use crate::checkpoint::{self, Loaded, State, Values};
use crate::class_priors::ClassPriors;
use crate::dimensions::DimensionTargets;
use crate::history::{EpochSums, TestRecord};
use crate::sampling::Sampler;
use crate::validation::{EarlyStopping, Select};
use crate::{
    Batch, EpochRecord, Event, Learner, NonFinite, Observer, Recipe, StepOutcome, TrainError,
    evaluate,
};

/// What the names of the best weights begin with in a checkpoint.
const BEST: &str = "best.";

/// What the batches of all epochs share.
struct BatchInputs {
    auxiliary: AuxiliaryTargets,
    dimensions: DimensionTargets,
    sampler: Sampler,
    priors: Option<ClassPriors>,
}

/// A training under way.
pub(super) struct TrainingRun<'a> {
    set: TrainData<'a>,
    recipe: &'a Recipe,
    checkpoint: &'a Path,
    device: Device,
    learner: Learner,
    inputs: Arc<BatchInputs>,
    pub(super) state: State,
    /// The best weights so far by the validation utterances, where they are to be kept.
    best: Option<Vec<NamedTensor>>,
    /// On the test utterances after the last epoch, where its weights are those chosen.
    pub(super) evaluation: Option<Evaluation>,
    /// Why the last checkpoint could not be used, where the training continues from the one before.
    pub(super) damage: Option<String>,
    /// When this process took over.
    since: Instant,
    /// What earlier processes spent.
    earlier_s: f64,
}

impl<'a> TrainingRun<'a> {
    pub(super) fn open(
        set: TrainData<'a>,
        recipe: &'a Recipe,
        device: &Device,
        checkpoint: &'a Path,
    ) -> Result<Self, TrainError> {
        if set.train.len() < 2 {
            return Err(TrainError::Empty("fewer than two utterances to train on".to_owned()));
        }
        let auxiliary = AuxiliaryTargets::of(recipe, set.dataset, set.train)?;
        let dimensions = DimensionTargets::of(recipe, set.dataset, set.train)?;
        let learner = Learner::new(recipe, set.init, &auxiliary.sizes(), device)?;
        let mut learner = learner.with_class_counts(&set.dataset.class_counts(set.train));
        let fresh = State {
            recipe: recipe.clone(),
            data: data_digest(&set, &auxiliary, &dimensions),
            epoch: 0,
            step: 0,
            step_index: 0,
            sums: EpochSums::new(recipe),
            history: Vec::new(),
            early_stopping: None,
            seconds: 0.0,
        };
        let (mut best, mut damage) = (None, None);
        let state = match checkpoint::read(checkpoint)? {
            None => fresh,
            Some(Loaded { state, mut values, damage: found }) => {
                damage = found;
                check_same(&state, &fresh, checkpoint)?;
                if state.early_stopping.is_some() && recipe.validation.select == Select::Best {
                    best = Some(take_best(&mut values, learner.network_tensors(), checkpoint)?);
                }
                learner.restore(values, state.step_index, checkpoint)?;
                state
            }
        };
        let sampler = Sampler::new(recipe.sampling, set.dataset, set.train);
        let priors = ClassPriors::of(set.dataset, set.train, recipe.logit_adjustment);
        let (since, earlier_s) = (Instant::now(), state.seconds);
        let evaluation = None;
        Ok(Self {
            set,
            recipe,
            checkpoint,
            device: device.clone(),
            learner,
            inputs: Arc::new(BatchInputs { auxiliary, dimensions, sampler, priors }),
            state,
            best,
            evaluation,
            damage,
            since,
            earlier_s,
        })
    }

    pub(super) fn seconds(&self) -> f64 {
        self.earlier_s + self.since.elapsed().as_secs_f64()
    }

    /// Runs the epoch under way to its end.
    pub(super) fn epoch(
        &mut self,
        stop: &StopFlag,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let (set, recipe) = (self.set, self.recipe);
        let epoch = self.state.epoch;
        let steps = steps_per_epoch(set.train.len(), recipe.batch);
        let mut rate = 0.0;
        let inputs = Arc::clone(&self.inputs);
        let source = Source {
            dataset: set.dataset,
            sampler: &inputs.sampler,
            priors: inputs.priors.as_ref(),
            recipe,
            teacher: set.teacher,
            auxiliary: &inputs.auxiliary,
            dimensions: &inputs.dimensions,
            augmentation: set.augmentation,
        };
        std::thread::scope(|scope| {
            let first = self.state.step;
            for batch in assemble(scope, source, epoch, first)? {
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
        let (record, looked) = self.finish_epoch(rate)?;
        observer.on_event(&looked);
        observer.on_event(&Event::Epoch(record));
        Ok(())
    }

    /// Whether no epoch is left, or the validation ends it earlier.
    pub(super) fn is_over(&self) -> bool {
        let ended = |watch: EarlyStopping| watch.is_over(&self.recipe.validation);
        self.state.epoch >= self.recipe.epochs || self.state.early_stopping.is_some_and(ended)
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
        if let StepOutcome::Skipped(cause) = seen.outcome {
            return Err(TrainError::Diverged { epoch: self.state.epoch + 1, cause });
        }
        let sums = &mut self.state.sums;
        sums.softmax += seen.softmax_loss;
        sums.center += seen.center_loss;
        sums.dimensions = sums.dimensions.map(|sum| sum + seen.dimension_loss);
        for (label, predicted) in labels.into_iter().zip(seen.predicted) {
            sums.confusion[label][predicted] += 1;
        }
        Ok(sums.confusion.iter().flatten().sum())
    }

    fn loss_sum(&self) -> f64 {
        loss(self.recipe, &self.state.sums)
    }

    /// Records the epoch, evaluates on the validation and test utterances where it is due, and saves.
    fn finish_epoch(&mut self, learning_rate: f64) -> Result<(EpochRecord, Event), TrainError> {
        let recipe = self.recipe;
        let sums = std::mem::replace(&mut self.state.sums, EpochSums::new(recipe));
        let count = sums.confusion.iter().flatten().sum::<usize>() as f64;
        let loss = loss(recipe, &sums) / count;
        let train = Metrics::from_confusion(sums.confusion);
        self.state.epoch += 1;
        self.state.step = 0;
        let epoch = self.state.epoch;
        let validation = self.validate()?;
        let last = self.is_over();
        let test = match self.set.test {
            test if !test.is_empty() && (last || epoch.is_multiple_of(recipe.eval_every)) => {
                let evaluation = self.evaluate(test)?;
                let seen = TestRecord::of(&evaluation);
                self.evaluation = (last && self.chosen_epoch() == epoch).then_some(evaluation);
                Some(seen)
            }
            _ => None,
        };
        let record = EpochRecord {
            epoch,
            learning_rate,
            loss,
            softmax_loss: sums.softmax / count,
            center_loss: sums.center / count,
            dimension_loss: sums.dimensions.map(|sum| sum / count),
            train_ua: train.ua,
            train_wa: train.wa,
            validation: validation.as_ref().map(TestRecord::of),
            test,
        };
        self.state.history.push(record);
        if last || epoch.is_multiple_of(recipe.checkpoint_every) {
            self.save()?;
        }
        let validation = validation.map(|seen| seen.metrics);
        Ok((record, Event::Classes { training: train, validation }))
    }

    /// Evaluates on the validation utterances where it is due, and keeps the weights if they are the best so far.
    fn validate(&mut self) -> Result<Option<Evaluation>, TrainError> {
        let (config, epoch) = (&self.recipe.validation, self.state.epoch);
        let due = epoch.is_multiple_of(config.eval_every) || epoch == self.recipe.epochs;
        if !config.is_on() || !due {
            return Ok(None);
        }
        let seen = self.evaluate(self.set.validation)?;
        let (watch, best) =
            EarlyStopping::observe(self.state.early_stopping, epoch, self.validation_loss(&seen));
        self.state.early_stopping = Some(watch);
        if best && config.select == Select::Best {
            self.best = Some(self.learner.network_tensors());
        }
        Ok(Some(seen))
    }

    /// The loss that chooses an epoch: with continuous targets, that of classes and dimensions by their weights.
    fn validation_loss(&self, seen: &Evaluation) -> f64 {
        let Some(config) = &self.recipe.dimensions else { return seen.loss };
        let scores = DimensionScores::of(&seen.predictions);
        let ccc = scores.iter().map(|it| it.ccc).sum::<f64>() / scores.len().max(1) as f64;
        config.label_weight * seen.loss + config.weight * (1.0 - ccc)
    }

    /// Evaluates the present weights on some utterances, through the code that recognises a user's file.
    fn evaluate(&self, utterances: &[usize]) -> Result<Evaluation, TrainError> {
        let (tensors, protocol) = (self.learner.network_tensors(), EvalProtocol::default());
        let model = self.assemble(self.state.epoch, tensors, &protocol)?;
        let recognizer = Recognizer::on(model, &self.device.clone().into())?;
        Ok(evaluate(&recognizer, self.set.dataset, utterances))
    }

    fn assemble(
        &self,
        epochs: usize,
        tensors: Vec<NamedTensor>,
        protocol: &EvalProtocol,
    ) -> Result<Model, TrainError> {
        let dimensions = self.inputs.dimensions.infos().to_vec();
        export::assemble(&self.set, self.recipe, epochs, tensors, dimensions, protocol)
    }

    /// The epoch whose weights are chosen so far.
    fn chosen_epoch(&self) -> usize {
        match (self.recipe.validation.select, self.state.early_stopping) {
            (Select::Best, Some(watch)) => watch.epoch,
            _ => self.state.epoch,
        }
    }

    /// The model that the training ends with, and its epoch.
    pub(super) fn chosen(&mut self, protocol: &EvalProtocol) -> Result<(Model, usize), TrainError> {
        let epoch = self.chosen_epoch();
        let tensors = self.best.take().unwrap_or_else(|| self.learner.network_tensors());
        let model = self.assemble(epoch, tensors, protocol)?;
        Ok((model, epoch))
    }

    fn save(&mut self) -> Result<(), TrainError> {
        self.state.step_index = self.learner.step_index();
        self.state.seconds = self.seconds();
        let mut values = self.learner.values();
        for tensor in self.best.iter().flatten() {
            values.insert(format!("{BEST}{}", tensor.name), tensor.values.clone());
        }
        if !values.values().flatten().all(|value| value.is_finite()) {
            return Err(TrainError::Diverged {
                epoch: self.state.epoch + 1,
                cause: NonFinite::Weight,
            });
        }
        checkpoint::write(self.checkpoint, &self.state, &values)
    }
}

/// The loss of Eq. 14, with that of continuous targets where there are some, summed over the utterances.
fn loss(recipe: &Recipe, sums: &EpochSums) -> f64 {
    let labels = sums.softmax + recipe.center_loss * sums.center;
    match (&recipe.dimensions, sums.dimensions) {
        (Some(config), Some(sum)) => config.label_weight * labels + config.weight * sum,
        _ => labels,
    }
}

/// The best weights of a checkpoint: `tensors` with its values.
fn take_best(
    values: &mut Values,
    mut tensors: Vec<NamedTensor>,
    path: &Path,
) -> Result<Vec<NamedTensor>, TrainError> {
    for tensor in &mut tensors {
        let name = format!("{BEST}{}", tensor.name);
        tensor.values = match values.remove(&name) {
            Some(found) if found.len() == tensor.values.len() => found,
            _ => {
                let reason = format!("{name} is missing or of another size");
                return Err(TrainError::malformed(path, reason));
            }
        };
    }
    Ok(tensors)
}
