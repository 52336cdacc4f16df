//! What learns: the network with the centres of its classes, and their optimiser.

use std::path::Path;

use clstm::Model;
use clstm_nn::burn;
use clstm_nn::burn::module::Module;
use clstm_nn::burn::tensor::{Device, Tensor, TensorData};
use clstm_nn::{
    CenterLoss, CenterLossConfig, Mode, NamedTensor, Network, Output, ParameterKind, TaskHead,
    TaskHeadConfig, gradients, load_parameters, parameters, softmax_loss, update_weights,
};

use crate::batches::mix;
use crate::checkpoint::Values;
use crate::{DistillationConfig, Optimizer, Recipe, TrainError};

/// One step's input.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Segments `[batch, crop_steps, segment_length]`, row-major.
    pub segments: Vec<f32>,
    /// Class of each utterance.
    pub labels: Vec<usize>,
    /// Class and share, below one half, of the utterance mixed into each; empty where none is.
    pub mixed: Vec<(usize, f32)>,
    /// What a teacher thinks of each, `[batch, classes]`; empty where there is none.
    pub taught: Vec<f32>,
    /// Targets of each of the recipe's tasks, `[batch, answers]`.
    pub tasks: Vec<Vec<f32>>,
}

/// What a step saw of its batch before it moved the weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Softmax loss (Eq. 12), summed over the batch; the mean of the network's branches.
    pub softmax_loss: f64,
    /// Centre loss (Eq. 13), summed over the batch, before lambda; likewise.
    pub center_loss: f64,
    /// The class with the largest logit, for each utterance.
    pub predicted: Vec<usize>,
}

/// A network in training.
#[derive(Debug)]
pub struct Learner {
    recipe: Recipe,
    device: Device,
    /// Away only within a step, which takes it apart.
    modules: Option<Modules>,
    optimizer: Optimizer,
    /// Which of the network's branches each weight is of; the centres count with the first.
    branches: Vec<usize>,
    /// What the softmax loss adds to the logits `[1, classes]`, where the recipe adjusts them.
    adjustment: Option<Tensor<2>>,
}

/// All that has weights; checkpoints name them by these fields.
#[derive(Module, Debug)]
struct Modules {
    network: Network,
    centers: CenterLoss,
    /// One for each of the recipe's tasks.
    tasks: Vec<TaskHead>,
}

/// A batch on the device.
struct Inputs {
    /// `[batch, crop_steps, segment_length]`
    segments: Tensor<3>,
    /// Smoothed targets `[batch, classes]`.
    smoothed: Tensor<2>,
    /// Targets that are not smoothed `[batch, classes]`.
    hard: Tensor<2>,
    /// What a teacher thinks `[batch, classes]`.
    taught: Option<Tensor<2>>,
    /// Targets of each task `[batch, answers]`.
    tasks: Vec<Tensor<2>>,
}

impl Learner {
    /// A network of the recipe on a device, its weights drawn by the recipe's seed or taken from
    /// another model; `answers` are how many each of the recipe's [`tasks`](Recipe::tasks) has.
    ///
    /// # Errors
    /// Sizes that make no network; a precision that the device does not have; weights of another
    /// network.
    ///
    /// # Panics
    /// If there are not as many `answers` as tasks.
    pub fn new(
        recipe: &Recipe,
        init: Option<&Model>,
        answers: &[usize],
        device: &Device,
    ) -> Result<Self, TrainError> {
        assert_eq!(answers.len(), recipe.tasks.len(), "answers of each task");
        recipe.precision.require(device)?;
        let device = device.clone().autodiff();
        let network = recipe.network.init(recipe.seed, &device)?.with_precision(recipe.precision);
        let network = match init {
            Some(init) => start_from(network, init)?,
            None => network,
        };
        let (classes, features) = (recipe.network.classes, recipe.network.deep_feature());
        let config = CenterLossConfig { classes, features };
        let tasks = recipe.tasks.iter().zip(answers);
        let tasks = tasks.map(|(task, &answers)| {
            let (features, adversarial) = (config.features, task.adversarial);
            TaskHeadConfig { features, answers, adversarial }.init(&device)
        });
        let tasks = tasks.collect();
        let modules = Modules { network, centers: config.init(&device), tasks };
        let mut weights = parameters(&modules);
        weights.retain(|t| t.kind == ParameterKind::Weight);
        let optimizer = Optimizer::new(recipe.optimizer, recipe.precision, &weights);
        let branches = weights.iter().map(|weight| branch(&weight.name)).collect();
        Ok(Self {
            recipe: recipe.clone(),
            device,
            modules: Some(modules),
            optimizer,
            branches,
            adjustment: None,
        })
    }

    /// Tells how many training utterances each class has, which the recipe's
    /// [`logit_adjustment`](Recipe::logit_adjustment) needs; untold, all classes count as equally common.
    ///
    /// # Panics
    /// If there are not as many counts as classes.
    #[must_use]
    pub fn with_class_counts(self, counts: &[usize]) -> Self {
        let classes = self.recipe.network.classes;
        assert_eq!(counts.len(), classes, "counts of each class");
        let strength = self.recipe.logit_adjustment;
        let adjustment = (strength > 0.0).then(|| {
            let shares = log_shares(counts).into_iter().map(|share| (strength * share) as f32);
            Tensor::from_data(TensorData::new(shares.collect(), [1, classes]), &self.device)
        });
        Self { adjustment, ..self }
    }

    /// Moves the weights by a batch at the learning rate `rate`; where the loss is not a number, they
    /// stay. The device is waited for once, when all is computed that the step needs of it.
    ///
    /// # Panics
    /// If the batch is empty, or its sizes are not those of the recipe.
    pub fn step(&mut self, batch: Batch, rate: f64) -> Step {
        let modules = self.modules.take().expect("a step puts it back");
        let inputs = self.inputs(batch);
        let (seen, grads) = self.pass(&modules, &inputs);
        self.modules = Some(match (seen.softmax_loss + seen.center_loss).is_finite() {
            true => {
                let (modules, grads) = self.look_around(modules, grads, &inputs);
                self.optimizer.step(modules, grads, rate)
            }
            false => modules,
        });
        seen
    }

    /// A batch on the device.
    fn inputs(&self, batch: Batch) -> Inputs {
        let recipe = &self.recipe;
        let (count, classes) = (batch.labels.len(), recipe.network.classes);
        let tensor = |values: Vec<f32>, columns: usize| {
            Tensor::<2>::from_data(TensorData::new(values, [count, columns]), &self.device)
        };
        let off = recipe.label_smoothing / classes as f64;
        let on = 1.0 - recipe.label_smoothing + off;
        let shape = [count, recipe.crop_steps, recipe.frontend.segment_length];
        Inputs {
            segments: Tensor::from_data(TensorData::new(batch.segments, shape), &self.device),
            smoothed: self.targets(&batch.labels, &batch.mixed, on as f32, off as f32),
            hard: self.targets(&batch.labels, &batch.mixed, 1.0, 0.0),
            taught: (!batch.taught.is_empty()).then(|| tensor(batch.taught, classes)),
            tasks: batch
                .tasks
                .into_iter()
                .map(|rows| {
                    let answers = rows.len() / count;
                    tensor(rows, answers)
                })
                .collect(),
        }
    }

    /// The losses of a batch and the gradients of their mean.
    fn pass(&self, modules: &Modules, inputs: &Inputs) -> (Step, Vec<Option<Vec<f32>>>) {
        let recipe = &self.recipe;
        let seed = mix(recipe.seed, self.optimizer.time + 1, 0x6472_6f70);
        let Inputs { segments, smoothed, hard, taught, tasks } = inputs;
        let branches = modules.network.forward_branches(segments.clone(), Mode::Training { seed });
        let softmax = branches.iter().map(|Output { logits, .. }| {
            let adjusted = match &self.adjustment {
                None => logits.clone(),
                Some(adjustment) => logits.clone() + adjustment.clone(), // [B, classes]
            };
            let softmax = softmax_loss(adjusted, smoothed.clone()); // [1]
            match taught {
                None => softmax,
                Some(taught) => self.taught(softmax, logits.clone(), taught.clone()),
            }
        });
        let softmax = mean(softmax, branches.len());
        let (count, output) = (branches.len(), Output::of_branches(branches));
        let center = modules.centers.forward(output.features.clone(), hard.clone()); // [1]
        let center = mean([center], count);
        let mut loss = softmax.clone() + center.clone().mul_scalar(recipe.center_loss);
        for ((head, task), targets) in modules.tasks.iter().zip(&recipe.tasks).zip(tasks) {
            let logits = head.forward(output.features.clone()); // [B, answers]
            loss = loss + softmax_loss(logits, targets.clone()).mul_scalar(task.weight);
        }
        let count = segments.dims()[0];
        let mut grads = loss.div_scalar(count as f64).backward();
        let grads = gradients(modules, &mut grads);
        (read(softmax, center, output.logits), grads)
    }

    /// Gradients from where the loss is worst within the recipe's [`sharpness`](crate::OptimizerConfig::sharpness)
    /// of the weights; the weights stay, running statistics see both places. Each branch looks for its own worst
    /// loss, as it would alone. Nothing is done where it is 0.
    fn look_around(
        &self,
        modules: Modules,
        grads: Vec<Option<Vec<f32>>>,
        inputs: &Inputs,
    ) -> (Modules, Vec<Option<Vec<f32>>>) {
        let radius = self.recipe.optimizer.sharpness;
        if radius == 0.0 {
            return (modules, grads);
        }
        let mut squares = vec![0.0; 1 + self.recipe.network.branches.len()];
        for (grad, branch) in grads.iter().zip(&self.branches) {
            grad.iter().flatten().for_each(|g| squares[*branch] += f64::from(*g).powi(2));
        }
        let scale = |square: &f64| (radius / square.sqrt().max(1e-12)) as f32;
        let scales: Vec<f32> = squares.iter().map(scale).collect();
        let mut here = Vec::with_capacity(grads.len());
        let uphill = update_weights(modules, &mut |i, values| {
            here.push(values.to_vec());
            if let Some(grad) = &grads[i] {
                let scale = scales[self.branches[i]];
                values.iter_mut().zip(grad).for_each(|(w, g)| *w += scale * g);
            }
        });
        let (_, grads) = self.pass(&uphill, inputs);
        let back = update_weights(uphill, &mut |i, values| values.copy_from_slice(&here[i]));
        (back, grads)
    }

    /// The softmax loss against labels, shared with the one against a teacher's probabilities `[batch,
    /// classes]`.
    fn taught(&self, softmax: Tensor<1>, logits: Tensor<2>, taught: Tensor<2>) -> Tensor<1> {
        let DistillationConfig { share, temperature } = self.recipe.distillation;
        let against = softmax_loss(logits.div_scalar(temperature), taught);
        softmax.mul_scalar(1.0 - share) + against.mul_scalar(share * temperature * temperature)
    }

    /// A row for each label, `on` at its class and `off` at the others; of two classes mixed, the mean
    /// of their rows by their shares.
    fn targets(&self, labels: &[usize], mixed: &[(usize, f32)], on: f32, off: f32) -> Tensor<2> {
        let shape = [labels.len(), self.recipe.network.classes];
        let mut rows = vec![off; shape[0] * shape[1]];
        for (row, label) in rows.chunks_exact_mut(shape[1]).zip(labels) {
            row[*label] = on;
        }
        for ((row, label), (other, share)) in rows.chunks_exact_mut(shape[1]).zip(labels).zip(mixed)
        {
            let moved = (on - off) * share;
            row[*label] -= moved;
            row[*other] += moved;
        }
        Tensor::from_data(TensorData::new(rows, shape), &self.device)
    }

    /// The network's tensors as a model file has them.
    #[must_use]
    pub fn network_tensors(&self) -> Vec<NamedTensor> {
        parameters(&self.modules().network)
    }

    /// Steps that moved the weights.
    pub(crate) fn time(&self) -> u64 {
        self.optimizer.time
    }

    /// Everything that a step changes, by name.
    pub(crate) fn values(&self) -> Values {
        let mut values = Values::new();
        let tensors = parameters(self.modules());
        let weights = tensors.iter().filter(|t| t.kind == ParameterKind::Weight);
        for (tensor, [first, second]) in weights.zip(&self.optimizer.moments) {
            values.insert(format!("first.{}", tensor.name), first.clone());
            values.insert(format!("second.{}", tensor.name), second.clone());
        }
        for tensor in tensors {
            values.insert(format!("value.{}", tensor.name), tensor.values);
        }
        values
    }

    /// Puts values back that were taken after `time` steps; `path` is where they come from.
    pub(crate) fn restore(
        &mut self,
        mut values: Values,
        time: u64,
        path: &Path,
    ) -> Result<(), TrainError> {
        let mut take = |name: String, len: usize| match values.remove(&name) {
            Some(found) if found.len() == len => Ok(found),
            _ => Err(TrainError::malformed(path, format!("{name} is missing or of another size"))),
        };
        let mut tensors = parameters(self.modules());
        let mut moments = Vec::new();
        let mut kept = self.optimizer.moments.iter();
        for tensor in &mut tensors {
            let len = tensor.values.len();
            tensor.values = take(format!("value.{}", tensor.name), len)?;
            if tensor.kind == ParameterKind::Weight {
                let len = kept.next().map_or([len; 2], |kept| kept.each_ref().map(Vec::len));
                let first = take(format!("first.{}", tensor.name), len[0])?;
                moments.push([first, take(format!("second.{}", tensor.name), len[1])?]);
            }
        }
        self.modules = Some(load_parameters(self.modules().clone(), tensors)?);
        (self.optimizer.moments, self.optimizer.time) = (moments, time);
        Ok(())
    }

    fn modules(&self) -> &Modules {
        self.modules.as_ref().expect("a step puts it back")
    }
}

impl Optimizer {
    /// Moves the weights of modules by their gradients, those that the loss does not reach by zeros.
    fn step(&mut self, modules: Modules, grads: Vec<Option<Vec<f32>>>, rate: f64) -> Modules {
        let zeros = |len: usize| vec![0.0; len];
        let grads = grads.into_iter().zip(&self.moments);
        let mut grads: Vec<Vec<f32>> =
            grads.map(|(grad, [first, _])| grad.unwrap_or_else(|| zeros(first.len()))).collect();
        self.clip(&mut grads);
        self.begin();
        update_weights(modules, &mut |i, values| self.update(i, values, &grads[i], rate))
    }
}

/// The logarithm of how common each class is, relative to the most common one. What has no utterance counts as that
/// one does: nothing but the others' losses says how rarely it is to be answered.
fn log_shares(counts: &[usize]) -> Vec<f64> {
    let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    counts.iter().map(|&count| if count == 0 { 0.0 } else { (count as f64 / most).ln() }).collect()
}

/// Which branch of the network a weight of this name is of.
fn branch(name: &str) -> usize {
    let further = name.strip_prefix("network.branches.");
    let index = further.and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
    index.map_or(0, |index| index + 1)
}

/// The sum of losses `[1]`, shared by so many branches.
fn mean(losses: impl IntoIterator<Item = Tensor<1>>, branches: usize) -> Tensor<1> {
    let sum = losses.into_iter().reduce(|sum, loss| sum + loss).expect("a network has a branch");
    if branches == 1 { sum } else { sum.div_scalar(branches as f64) }
}

/// Losses and logits, off the device at once.
fn read(softmax: Tensor<1>, center: Tensor<1>, logits: Tensor<2>) -> Step {
    let [count, classes] = logits.dims();
    let all = Tensor::cat(vec![softmax, center, logits.reshape([count * classes])], 0);
    let all: Vec<f32> = all.into_data().iter::<f32>().collect();
    let best = |row: &[f32]| {
        let best = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map_or(0, |(class, _)| class)
    };
    Step {
        softmax_loss: f64::from(all[0]),
        center_loss: f64::from(all[1]),
        predicted: all[2..].chunks_exact(classes).map(best).collect(),
    }
}

/// Takes the weights of another model; each branch's last layer only where the classes are the same ones.
fn start_from(network: Network, init: &Model) -> Result<Network, TrainError> {
    let mut tensors = init.tensors.clone();
    let own = parameters(&network);
    for tensor in &mut tensors {
        if tensor.name.contains("head.class_")
            && let Some(own) = own.iter().find(|t| t.name == tensor.name)
            && own.shape != tensor.shape
        {
            *tensor = own.clone();
        }
    }
    Ok(load_parameters(network, tensors)?)
}

#[cfg(test)]
mod tests {
    use clstm_nn::{GflbConfig, Peepholes, Preset, Reset};

    use super::*;

    fn recipe() -> Recipe {
        let mut recipe = Recipe::new(Preset::ConvLstmFcn, 2);
        (recipe.crop_steps, recipe.batch) = (3, 4);
        recipe.optimizer.sharpness = 0.0;
        recipe.frontend.segment_length = 200;
        recipe.network.segment_length = 200;
        recipe.network.features = 5;
        recipe.network.dropout = 0.0;
        recipe.network.blocks.iter_mut().for_each(|block| block.filters = 3);
        recipe.network.blocks[0].kernel_input = 40;
        if let GflbConfig::BiGru { .. } = recipe.network.gflb {
            recipe.network.gflb = GflbConfig::BiGru { hidden: 3, layers: 1, reset: Reset::Before };
        }
        recipe
    }

    fn batch(recipe: &Recipe) -> Batch {
        let wave = |t: usize| (t as f32 * 0.05 * (1 + t / recipe.span() % 2) as f32).sin();
        Batch {
            segments: (0..4 * recipe.span()).map(wave).collect(),
            labels: vec![0, 1, 0, 1],
            mixed: Vec::new(),
            taught: Vec::new(),
            tasks: Vec::new(),
        }
    }

    #[test]
    fn gradients_are_those_of_the_radius_uphill_and_the_weights_stay() {
        let mut recipe = recipe();
        recipe.optimizer.sharpness = 0.3;
        let learner = Learner::new(&recipe, None, &[], &Device::flex()).expect("a learner");
        let inputs = learner.inputs(batch(&recipe));
        let modules = learner.modules().clone();
        let before = parameters(&modules);
        let (_, here) = learner.pass(&modules, &inputs);
        let (modules, found) = learner.look_around(modules, here.clone(), &inputs);
        let weights = |tensors: Vec<NamedTensor>| -> Vec<NamedTensor> {
            tensors.into_iter().filter(|t| t.kind == ParameterKind::Weight).collect()
        };
        assert_eq!(weights(parameters(&modules)), weights(before.clone()));

        // The same place, walked to by hand.
        let squares = here.iter().flatten().flatten().map(|g| f64::from(*g).powi(2));
        let scale = (0.3 / squares.sum::<f64>().sqrt()) as f32;
        let mut uphill = before;
        let mut grads = here.iter();
        for tensor in uphill.iter_mut().filter(|t| t.kind == ParameterKind::Weight) {
            if let Some(grad) = grads.next().expect("one for each weight") {
                tensor.values.iter_mut().zip(grad).for_each(|(w, g)| *w += scale * g);
            }
        }
        let uphill = load_parameters(learner.modules().clone(), uphill).expect("the same shapes");
        let (_, expected) = learner.pass(&uphill, &inputs);
        assert_eq!(found, expected);
        assert_ne!(found, here);
    }

    #[test]
    fn without_a_radius_the_gradients_stay() {
        let recipe = recipe();
        let learner = Learner::new(&recipe, None, &[], &Device::flex()).expect("a learner");
        let inputs = learner.inputs(batch(&recipe));
        let (_, here) = learner.pass(learner.modules(), &inputs);
        let (_, found) = learner.look_around(learner.modules().clone(), here.clone(), &inputs);
        assert_eq!(found, here);
    }

    /// The recipe for both branches, then for each alone.
    fn of_two_branches() -> [Recipe; 3] {
        let mut alone = recipe();
        alone.optimizer.sharpness = 0.1;
        let mut other = alone.clone();
        other.network.features = 4;
        other.network.blocks[0].peepholes = Peepholes::Full;
        let mut both = alone.clone();
        both.network.branches = vec![other.network.clone()];
        [both, alone, other]
    }

    /// What a step would move the weights by, by name, and what it saw.
    fn gradients_uphill(learner: &Learner, recipe: &Recipe) -> (Step, Vec<(String, Vec<f32>)>) {
        let inputs = learner.inputs(batch(recipe));
        let (seen, here) = learner.pass(learner.modules(), &inputs);
        let (_, grads) = learner.look_around(learner.modules().clone(), here, &inputs);
        let mut weights = parameters(learner.modules());
        weights.retain(|t| t.kind == ParameterKind::Weight);
        let named = weights.into_iter().zip(grads);
        (seen, named.map(|(weight, grad)| (weight.name, grad.expect("a gradient"))).collect())
    }

    #[test]
    fn branches_learn_as_they_would_alone() {
        let device = Device::flex();
        let [both, alone, other] = of_two_branches();
        let pair = Learner::new(&both, None, &[], &device).expect("a learner");
        let (together, of_pair) = gradients_uphill(&pair, &both);
        let mut apart = Vec::new();
        for (recipe, further) in [(alone, false), (other, true)] {
            let mut single = Learner::new(&recipe, None, &[], &device).expect("a learner");
            let own = |name: &str| name.starts_with("branches.0.") == further;
            let tensors = pair.network_tensors().into_iter().filter(|t| own(&t.name));
            let tensors = tensors
                .map(|t| NamedTensor { name: t.name.replace("branches.0.", ""), ..t })
                .collect();
            let mut modules = single.modules.take().expect("modules");
            modules.network = load_parameters(modules.network, tensors).expect("the branch's");
            single.modules = Some(modules);
            let (seen, grads) = gradients_uphill(&single, &recipe);
            apart.push(seen);
            let largest =
                grads.iter().flat_map(|(_, grad)| grad).fold(0.0_f32, |m, g| m.max(g.abs()));
            assert!(largest > 1e-3, "nothing to learn");
            for (name, grad) in grads.iter().filter(|(name, _)| name.starts_with("network.")) {
                let path = if further { "network.branches.0." } else { "network." };
                let name = name.replacen("network.", path, 1);
                let (_, found) = of_pair.iter().find(|(n, _)| *n == name).expect("the same names");
                // A mean over two branches has half their gradients.
                let off = found.iter().zip(grad).map(|(f, g)| (2.0 * f - g).abs());
                let most = off.fold(0.0, f32::max);
                assert!(most < 1e-5 * largest, "{name}: off by {most} of {largest}");
            }
        }
        for value in [|step: &Step| step.softmax_loss, |step: &Step| step.center_loss] {
            let mean = apart.iter().map(value).sum::<f64>() / 2.0;
            assert!((value(&together) - mean).abs() < 1e-5 * mean, "{together:?}, {apart:?}");
        }
    }

    #[test]
    fn an_adjustment_is_what_the_loss_adds_to_the_logits() {
        let mut recipe = recipe();
        recipe.network.classes = 3;
        recipe.logit_adjustment = 0.5;
        let device = Device::flex();
        let learner = Learner::new(&recipe, None, &[], &device).expect("a learner");
        let inputs = learner.inputs(batch(&recipe));
        let plain = learner.pass(learner.modules(), &inputs).0;

        // A constant added to the bias of a class does to the loss what adding it to the logits does.
        let mut tensors = parameters(learner.modules());
        let bias = tensors.iter_mut().find(|t| t.name == "network.head.class_bias");
        let offsets = [0.5 * (0.25_f32).ln(), 0.0, 0.0];
        let bias = &mut bias.expect("a bias").values;
        bias.iter_mut().zip(offsets).for_each(|(b, offset)| *b += offset);
        let moved = load_parameters(learner.modules().clone(), tensors).expect("the same shapes");
        let (by_hand, expected) = learner.pass(&moved, &inputs);

        let learner = learner.with_class_counts(&[2, 8, 0]);
        let (adjusted, found) = learner.pass(learner.modules(), &inputs);
        assert_ne!(adjusted.softmax_loss, plain.softmax_loss);
        assert!((adjusted.softmax_loss - by_hand.softmax_loss).abs() < 1e-5, "{adjusted:?}");
        assert_eq!(adjusted.predicted, plain.predicted, "answers are not adjusted");
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 1e-5, "off by {off}");
        }
    }

    #[test]
    fn equally_common_classes_are_not_adjusted() {
        assert_eq!(log_shares(&[7, 7, 0]), [0.0, 0.0, 0.0]);
        assert_eq!(log_shares(&[0, 0]), [0.0, 0.0]);
        let shares = log_shares(&[10, 5]);
        assert!(shares[0] == 0.0 && (shares[1] + 2.0_f64.ln()).abs() < 1e-12, "{shares:?}");
    }

    #[test]
    fn names_tell_the_branch() {
        assert_eq!(branch("network.lflbs.0.conv_lstm.w_x"), 0);
        assert_eq!(branch("centers.centers"), 0);
        assert_eq!(branch("network.branches.0.lflbs.0.conv_lstm.w_x"), 1);
        assert_eq!(branch("network.branches.11.head.class_bias"), 12);
    }
}
