//! The trainer's step on a batch in memory: forward, loss, backward, optimiser.

use clstm::Model;
use clstm_nn::burn::tensor::{Device, Gradients, Tensor, TensorData};
use clstm_nn::{
    CenterLoss, CenterLossConfig, Mode, Network, NetworkConfig, Output, Precision, Preset,
    gradients, load_parameters, parameters_with_roles, softmax_loss, update_weights,
};
use clstm_train::{Optimizer, OptimizerConfig, OptimizerKind, Recipe};

use crate::Result;
use crate::check::targets;

/// Learning rate of the timed steps: that of the paper.
const LEARNING_RATE: f64 = 1e-4;

/// The network with the centres of its classes and its optimiser.
pub(crate) struct Learner {
    /// None only while the optimiser moves the weights: a clone would make it copy them.
    modules: Option<(Network, CenterLoss)>,
    optimizer: Optimizer,
    center_loss: f64,
    classes: usize,
    device: Device,
    /// Weights of the network, which the centres' follow.
    own: usize,
}

impl Learner {
    /// A learner that starts from the model's weights, with the peers' optimiser whatever the preset's is.
    pub(crate) fn new(config: &NetworkConfig, model: &Model, precision: Precision) -> Result<Self> {
        let recipe = Recipe::new(Preset::Clstm, config.classes);
        let optimizer = OptimizerConfig { kind: OptimizerKind::AdamW, ..recipe.optimizer };
        Self::of_recipe(&Recipe { network: config.clone(), precision, optimizer, ..recipe }, model)
    }

    /// A learner of the recipe's network that starts from the model's weights.
    pub(crate) fn of_recipe(recipe: &Recipe, model: &Model) -> Result<Self> {
        let (config, precision, device) =
            (&recipe.network, recipe.precision, Device::flex().autodiff());
        let network = config.init(0, &device)?.with_precision(precision);
        let network = load_parameters(network, model.tensors.clone())?;
        let (classes, features) = (config.classes, config.branch_features());
        let centers = CenterLossConfig { classes, features }.init(&device);
        let mut weights = parameters_with_roles(&network);
        weights.retain(|weight| weight.role.is_weight());
        let own = weights.len();
        weights.extend(parameters_with_roles(&centers));
        let optimizer = Optimizer::new(recipe.optimizer, precision, &weights);
        let (center_loss, modules) = (recipe.center_loss, Some((network, centers)));
        Ok(Self { modules, optimizer, center_loss, classes, device, own })
    }

    /// Where the network is.
    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    pub(crate) fn network(&self) -> &Network {
        &self.modules().0
    }

    fn modules(&self) -> &(Network, CenterLoss) {
        self.modules.as_ref().expect("an update puts them back")
    }

    /// The loss of a batch, its mean over the utterances.
    pub(crate) fn loss(&self, segments: &TensorData, seed: u64) -> Tensor<1> {
        let segments = Tensor::<3>::from_data(segments.clone(), &self.device);
        let batch = segments.dims()[0];
        let targets = targets(batch, self.classes, &self.device);
        let (network, centers) = self.modules();
        let output = network.forward(segments, Mode::training(seed));
        let loss = softmax_loss(output.logits, targets.clone())
            + centers.forward(output.features, targets).mul_scalar(self.center_loss);
        loss.div_scalar(batch as f64)
    }

    /// The loss of branches of which each has a softmax loss of its own, as in training.
    pub(crate) fn branch_loss(&self, branches: Vec<Output>, targets: Tensor<2>) -> Tensor<1> {
        let (count, batch) = (branches.len() as f64, targets.dims()[0]);
        let softmax = branches.iter().map(|it| softmax_loss(it.logits.clone(), targets.clone()));
        let softmax = softmax.reduce(|sum, loss| sum + loss).expect("a network has a branch");
        let features = Output::combine(branches).features;
        let center = self.modules().1.forward(features, targets).mul_scalar(self.center_loss);
        (softmax + center).div_scalar(count * batch as f64)
    }

    /// The gradient of every weight, those of the centres last.
    pub(crate) fn gradients(&self, found: &mut Gradients) -> Vec<Vec<f32>> {
        let (network, centers) = self.modules();
        let mut all = gradients(network, found);
        all.extend(gradients(centers, found));
        all.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// Clips the gradient; returns the norm of the whole gradient before.
    pub(crate) fn clip(&self, gradients: &mut [Vec<f32>]) -> f64 {
        let norms = self.optimizer.clip(gradients);
        norms.iter().map(|norm| norm * norm).sum::<f64>().sqrt()
    }

    /// Moves the weights.
    pub(crate) fn update(&mut self, gradients: &[Vec<f32>]) {
        self.optimizer.begin();
        let (network, centers) = self.modules.take().expect("an update puts them back");
        let (own, optimizer) = (self.own, &mut self.optimizer);
        let mut update = |index: usize, values: &mut [f32]| {
            optimizer.update(index, values, &gradients[index], LEARNING_RATE);
        };
        let network = update_weights(network, &mut update);
        let centers = update_weights(centers, &mut |i, values| update(own + i, values));
        self.modules = Some((network, centers));
    }

    /// A whole step.
    pub(crate) fn step(&mut self, segments: &TensorData, seed: u64) {
        let mut found = self.loss(segments, seed).backward();
        let mut gradients = self.gradients(&mut found);
        self.clip(&mut gradients);
        self.update(&gradients);
    }
}
