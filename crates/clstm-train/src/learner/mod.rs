//! A network in training: single steps.

mod batch;
mod init_from;
mod loss;
mod sam;
mod state;
mod weight_average;

#[cfg(test)]
mod tests;

use std::fmt;

use clstm::Model;
use clstm_nn::burn;
use clstm_nn::burn::module::Module;
use clstm_nn::burn::tensor::{Device, Tensor, TensorData};
use clstm_nn::{
    AuxiliaryHead, AuxiliaryHeadConfig, CenterLoss, CenterLossConfig, NamedTensor, Network,
    ParameterRole, Roles, WithRoles, parameters, parameters_with_roles, require_precision,
    update_weights,
};

pub use batch::Batch;

use crate::{Optimizer, Recipe, TrainError};
use batch::Inputs;
use init_from::init_from;
use loss::Losses;
use sam::{Gradients, SamDirection};
use weight_average::WeightAverage;

/// Why a step did not move the weights: something that it computed is infinite or not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NonFinite {
    /// A sample of the batch.
    Input,
    /// A loss of the batch: softmax, centre, auxiliary or of continuous targets.
    Loss,
    /// The gradient of the loss.
    Gradient,
    /// A loss in the second pass of SAM.
    SamLoss,
    /// A value of the weights or the optimiser.
    Weight,
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "a sample of the batch is not a finite number",
            Self::Loss => "the loss is not a finite number",
            Self::Gradient => "the gradient is not finite",
            Self::SamLoss => "the loss in the second pass of SAM is not a finite number",
            Self::Weight => "a weight is not finite",
        })
    }
}

/// Whether a step moved the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// It did.
    Updated,
    /// Weights and optimiser are as before the step.
    Skipped(NonFinite),
}

/// What a step measured of its batch before it moved the weights.
#[derive(Clone, Debug, PartialEq)]
pub struct StepMetrics {
    /// Softmax loss (Eq. 12), summed over the batch; the mean of the network's branches.
    pub softmax_loss: f64,
    /// Centre loss (Eq. 13), summed over the batch, before lambda; likewise.
    pub center_loss: f64,
    /// CCC loss of the continuous targets times the utterances of the batch, before its weight; 0 without them.
    pub dimension_loss: f64,
    /// The class with the largest logit, for each utterance; empty for a batch with samples that are not finite.
    pub predicted: Vec<usize>,
    /// Whether the weights were moved.
    pub outcome: StepOutcome,
}

/// A network in training, with its loss and optimiser.
#[derive(Debug)]
pub struct Learner {
    recipe: Recipe,
    device: Device,
    /// None only during a step, which takes it apart.
    modules: Option<Modules>,
    optimizer: Optimizer,
    /// What the last second pass of SAM added to the gradient; none before the first, and where no step reuses it.
    sam_direction: Option<SamDirection>,
    /// The average of the weights, where the recipe has one.
    average: Option<WeightAverage>,
    /// The role of each weight.
    roles: Vec<ParameterRole>,
    /// Added to the logits in the softmax loss `[1, classes]`, where the recipe adjusts them.
    adjustment: Option<Tensor<2>>,
}

/// All that has weights; checkpoints name them by these fields.
#[derive(Module, Debug)]
struct Modules {
    network: Network,
    centers: CenterLoss,
    /// One for each of the recipe's auxiliary tasks.
    auxiliary_heads: Vec<AuxiliaryHead>,
}

impl WithRoles for Modules {
    fn add_roles(&self, roles: &mut Roles) {
        self.network.add_roles(roles);
        self.centers.add_roles(roles);
        self.auxiliary_heads.iter().for_each(|head| head.add_roles(roles));
    }
}

impl Learner {
    /// A network of the recipe on a device, its weights drawn by the recipe's seed or taken from the model `init`;
    /// `task_classes` is the number of classes of each of the recipe's [auxiliary tasks](Recipe::auxiliary_tasks).
    ///
    /// # Errors
    /// Sizes that make no network; a precision that the device does not have; weights of another
    /// network.
    ///
    /// # Panics
    /// If `task_classes` has not one number for each task.
    pub fn new(
        recipe: &Recipe,
        init: Option<&Model>,
        task_classes: &[usize],
        device: &Device,
    ) -> Result<Self, TrainError> {
        assert_eq!(task_classes.len(), recipe.auxiliary_tasks.len(), "classes of each task");
        require_precision(recipe.precision, device)?;
        let device = device.clone().autodiff();
        let network = recipe.network.init(recipe.seed, &device)?.with_precision(recipe.precision);
        let network = match init {
            Some(init) => init_from(network, init, &device)?,
            None => network,
        };
        let network = network.with_frozen_layers(recipe.frozen_layers);
        let (classes, features) = (recipe.network.classes, recipe.network.branch_features());
        let heads = recipe.auxiliary_tasks.iter().zip(task_classes).map(|(task, &classes)| {
            let (features, gradient_reversal) = (features.clone(), task.gradient_reversal);
            AuxiliaryHeadConfig { features, classes, gradient_reversal }.init(&device)
        });
        let auxiliary_heads = heads.collect();
        let centers = CenterLossConfig { classes, features }.init(&device);
        let modules = Modules { network, centers, auxiliary_heads };
        let mut weights = parameters_with_roles(&modules);
        weights.retain(|weight| weight.role.is_weight());
        let optimizer = Optimizer::new(recipe.optimizer, recipe.precision, &weights);
        let average = (recipe.weight_average.decay > 0.0)
            .then(|| WeightAverage::new(recipe.weight_average.decay, &modules.network));
        Ok(Self {
            recipe: recipe.clone(),
            device,
            sam_direction: None,
            average,
            modules: Some(modules),
            optimizer,
            roles: weights.into_iter().map(|weight| weight.role).collect(),
            adjustment: None,
        })
    }

    /// Sets how many training utterances each class has, for the recipe's
    /// [`logit_adjustment`](Recipe::logit_adjustment); without it all classes count as equally common.
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

    /// Moves the weights by a batch at the learning rate `rate`.
    ///
    /// Where a sample of the batch, a loss or the gradient, at the weights or in the second pass of SAM, is infinite or not a number, weights and
    /// optimiser are unchanged and the [outcome](StepMetrics::outcome) contains the reason.
    ///
    /// # Panics
    /// If the batch is empty, or its sizes are not those of the recipe.
    pub fn step(&mut self, batch: Batch, rate: f64) -> StepMetrics {
        // Not left to the loss: minimum and maximum of some instruction sets drop a NaN operand, and a later layer
        // would give finite values.
        if !batch.segments.iter().all(|sample| sample.is_finite()) {
            return StepMetrics {
                softmax_loss: f64::NAN,
                center_loss: f64::NAN,
                dimension_loss: f64::NAN,
                predicted: Vec::new(),
                outcome: StepOutcome::Skipped(NonFinite::Input),
            };
        }
        let modules = self.modules.take().expect("a step puts it back");
        let inputs = Inputs::new(&self.recipe, batch, &self.device);
        let (losses, grads) = self.pass(&modules, &inputs, true);
        let (modules, grads) = self.update_gradients(modules, &losses, grads, &inputs);
        let (modules, outcome) = match grads {
            Ok(grads) => self.optimizer.step(modules, grads, rate),
            Err(cause) => (modules, StepOutcome::Skipped(cause)),
        };
        if let (Some(average), StepOutcome::Updated) = (&mut self.average, outcome) {
            average.update(&modules.network, self.optimizer.step_index);
        }
        self.modules = Some(modules);
        let Losses { softmax, center, dimensions, predicted, .. } = losses;
        StepMetrics {
            softmax_loss: softmax,
            center_loss: center,
            dimension_loss: dimensions,
            predicted,
            outcome,
        }
    }

    /// The gradients to move the weights by: those of SAM where the recipe has a radius, by a second pass or by the
    /// direction of an earlier one, or else those given.
    fn update_gradients(
        &mut self,
        modules: Modules,
        losses: &Losses,
        grads: Gradients,
        inputs: &Inputs,
    ) -> (Modules, Result<Gradients, NonFinite>) {
        if !losses.is_finite() {
            return (modules, Err(NonFinite::Loss));
        }
        let config = &self.recipe.optimizer;
        if config.sam_rho == 0.0 {
            return (modules, Ok(grads));
        }
        let second_pass = self.optimizer.step_index.is_multiple_of(config.sam_every as u64);
        if let (Some(direction), false) = (&self.sam_direction, second_pass) {
            let grads = direction.add_to(grads, config.sam_reuse, &self.roles, self.branches());
            return (modules, Ok(grads));
        }
        let reused = config.sam_every > 1;
        let (modules, ascent) = self.sam_gradients(modules, &grads, inputs);
        if let (Ok(ascent), true) = (&ascent, reused) {
            self.sam_direction =
                Some(SamDirection::new(&grads, ascent, &self.roles, self.branches()));
        }
        (modules, ascent)
    }

    /// The network's tensors as a model file has them: their average over the steps where the recipe asks for it.
    #[must_use]
    pub fn network_tensors(&self) -> Vec<NamedTensor> {
        let tensors = parameters(&self.modules().network);
        match &self.average {
            Some(average) => average.replace(tensors),
            None => tensors,
        }
    }

    fn branches(&self) -> usize {
        1 + self.recipe.network.branches.len()
    }

    fn modules(&self) -> &Modules {
        self.modules.as_ref().expect("a step puts it back")
    }
}

impl Optimizer {
    /// Moves the weights of modules by their gradients, those that the loss does not reach by zeros. Nothing moves
    /// where the gradient is not finite.
    fn step(&mut self, modules: Modules, grads: Gradients, rate: f64) -> (Modules, StepOutcome) {
        let zeros = |len: usize| vec![0.0; len];
        let grads = grads.into_iter().zip(&self.moments);
        let mut grads: Vec<Vec<f32>> =
            grads.map(|(grad, [first, _])| grad.unwrap_or_else(|| zeros(first.len()))).collect();
        if !self.clip(&mut grads).iter().all(|norm| norm.is_finite()) {
            return (modules, StepOutcome::Skipped(NonFinite::Gradient));
        }
        self.begin();
        let modules =
            update_weights(modules, &mut |i, values| self.update(i, values, &grads[i], rate));
        (modules, StepOutcome::Updated)
    }
}

/// The logarithm of each class's count relative to the largest. A class without utterances counts as the most common
/// one does: nothing but the other classes' losses trains its logit.
fn log_shares(counts: &[usize]) -> Vec<f64> {
    let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    counts.iter().map(|&count| if count == 0 { 0.0 } else { (count as f64 / most).ln() }).collect()
}
