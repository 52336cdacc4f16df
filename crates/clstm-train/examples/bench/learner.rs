//! The trainer's step on a batch in memory: forward, loss, backward, AdamW.

use clstm::Model;
use clstm_nn::burn::tensor::{Device, Tensor, TensorData};
use clstm_nn::{
    CenterLoss, CenterLossConfig, Mode, Network, NetworkConfig, Precision, Preset, gradients,
    load_parameters, parameters_with_roles, softmax_loss, update_weights,
};
use clstm_train::{Optimizer, OptimizerConfig, OptimizerKind, Recipe};

use crate::Result;
use crate::check::targets;

/// Learning rate of the timed steps: that of the paper.
const LEARNING_RATE: f64 = 1e-4;

/// The network with the centres of its classes and its optimiser.
pub(crate) struct Learner {
    pub(crate) network: Network,
    centers: CenterLoss,
    optimizer: Optimizer,
    center_loss: f64,
    classes: usize,
    device: Device,
    /// Weights of the network, which the centres' follow.
    own: usize,
}

impl Learner {
    /// A learner that starts from the model's weights.
    pub(crate) fn new(config: &NetworkConfig, model: &Model, precision: Precision) -> Result<Self> {
        let device = Device::flex().autodiff();
        let network = config.init(0, &device)?.with_precision(precision);
        let network = load_parameters(network, model.tensors.clone())?;
        let (classes, features) = (config.classes, config.branch_features());
        let centers = CenterLossConfig { classes, features }.init(&device);
        let mut weights = parameters_with_roles(&network);
        weights.retain(|weight| weight.role.is_weight());
        let own = weights.len();
        weights.extend(parameters_with_roles(&centers));
        let recipe = Recipe::new(Preset::Clstm, classes);
        // The peers' optimiser, whatever the preset's is.
        let config = OptimizerConfig { kind: OptimizerKind::AdamW, ..recipe.optimizer };
        let optimizer = Optimizer::new(config, precision, &weights);
        let center_loss = recipe.center_loss;
        Ok(Self { network, centers, optimizer, center_loss, classes, device, own })
    }

    /// Where the network is.
    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// The loss of a batch, its mean over the utterances.
    pub(crate) fn loss(&self, segments: &TensorData, seed: u64) -> Tensor<1> {
        let segments = Tensor::<3>::from_data(segments.clone(), &self.device);
        let batch = segments.dims()[0];
        let targets = targets(batch, self.classes, &self.device);
        let output = self.network.forward(segments, Mode::training(seed));
        let loss = softmax_loss(output.logits, targets.clone())
            + self.centers.forward(output.features, targets).mul_scalar(self.center_loss);
        loss.div_scalar(batch as f64)
    }

    /// The gradient of every weight, those of the centres last.
    pub(crate) fn backward(&self, loss: &Tensor<1>) -> Vec<Vec<f32>> {
        let mut grads = loss.backward();
        let mut all = gradients(&self.network, &mut grads);
        all.extend(gradients(&self.centers, &mut grads));
        all.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// Clips the gradient and moves the weights; returns the norm of the whole gradient before.
    pub(crate) fn update(&mut self, mut gradients: Vec<Vec<f32>>) -> f64 {
        let norms = self.optimizer.clip(&mut gradients);
        self.optimizer.begin();
        let own = self.own;
        let optimizer = &mut self.optimizer;
        let mut update = |index: usize, values: &mut [f32]| {
            optimizer.update(index, values, &gradients[index], LEARNING_RATE);
        };
        self.network = update_weights(self.network.clone(), &mut update);
        self.centers =
            update_weights(self.centers.clone(), &mut |i, values| update(own + i, values));
        norms.iter().map(|norm| norm * norm).sum::<f64>().sqrt()
    }

    /// A whole step.
    pub(crate) fn step(&mut self, segments: &TensorData, seed: u64) {
        let gradients = self.backward(&self.loss(segments, seed));
        self.update(gradients);
    }
}
