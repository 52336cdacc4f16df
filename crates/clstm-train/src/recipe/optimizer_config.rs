//! The settings of the optimiser.

use serde::{Deserialize, Serialize};

use crate::{OptimizerKind, TrainError};

/// The optimiser's settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerConfig {
    /// Learning rate at the top of the schedule.
    pub learning_rate: f64,
    /// Decay of the first moment.
    pub beta_1: f64,
    /// Decay of the second moment.
    pub beta_2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Decoupled weight decay of the weight matrices (not of biases, norms, peepholes, centres).
    pub weight_decay: f64,
    /// Largest norm of the gradient of a branch's loss; larger ones are scaled down.
    pub clip_norm: f64,
    /// Factor of the learning rate for filters on the waveform: their hundreds of taps are small, and a step that suits
    /// other weights is noise on them. In [0, 1].
    #[serde(default = "one", alias = "waveform_rate")]
    pub waveform_lr_multiplier: f64,
    /// Factor of the learning rate for each layer between a layer and the head of its branch (discriminative fine-tuning, Howard
    /// & Ruder, ACL 2018, <https://arxiv.org/abs/1801.06146>): the head has the learning rate itself, the layer before it
    /// `layer_decay` times as much, and so on to the first layer. In (0, 1]; 1 for one rate.
    #[serde(default = "one")]
    pub layer_decay: f64,
    /// Radius of sharpness-aware minimisation (SAM, Foret et al., ICLR 2021, <https://arxiv.org/abs/2010.01412>): a step uses
    /// the gradients at the point at this distance from the weights where the loss is about largest. The distance is
    /// measured over all weights of a branch. 0 for plain gradients, at half the cost.
    #[serde(default, alias = "sharpness")]
    pub sam_rho: f64,
    /// Steps between two second passes of SAM: the steps between reuse the direction of the last one (LookSAM, Liu et al.,
    /// CVPR 2022, <https://arxiv.org/abs/2203.02714>), at the cost of plain gradients. 1 for a second pass in every step.
    #[serde(default = "every_step")]
    pub sam_every: usize,
    /// Weight of the reused direction, relative to the gradient's norm (LookSAM's alpha).
    #[serde(default = "reuse")]
    pub sam_reuse: f64,
    /// What moves the weight matrices between hidden layers.
    #[serde(default, alias = "matrices")]
    pub kind: OptimizerKind,
}

fn one() -> f64 {
    1.0
}

fn every_step() -> usize {
    1
}

/// The value of the paper.
pub(super) fn reuse() -> f64 {
    0.7
}

/// Most steps between two second passes of SAM.
const MOST_SAM_EVERY: usize = 1_000;

impl OptimizerConfig {
    pub(super) fn validate(&self) -> Result<(), TrainError> {
        let bad = |message: &str| Err(TrainError::Recipe(message.to_owned()));
        let OptimizerConfig {
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            weight_decay,
            clip_norm,
            waveform_lr_multiplier,
            layer_decay,
            sam_rho,
            sam_every,
            sam_reuse,
            kind: _,
        } = *self;
        let positive = |value: f64, most: f64| value > 0.0 && value <= most;
        let ranges = [
            ("learning_rate", positive(learning_rate, 10.0), "(0, 10]"),
            ("epsilon", positive(epsilon, 1.0), "(0, 1]"),
            ("clip_norm", positive(clip_norm, 1e6), "(0, 1e6]"),
            ("weight_decay", (0.0..=10.0).contains(&weight_decay), "[0, 10]"),
            ("beta_1", (0.0..1.0).contains(&beta_1), "[0, 1)"),
            ("beta_2", (0.0..1.0).contains(&beta_2), "[0, 1)"),
            ("waveform_lr_multiplier", (0.0..=1.0).contains(&waveform_lr_multiplier), "[0, 1]"),
            ("layer_decay", positive(layer_decay, 1.0), "(0, 1]"),
            ("sam_rho", (0.0..=10.0).contains(&sam_rho), "[0, 10]"),
            ("sam_every", (1..=MOST_SAM_EVERY).contains(&sam_every), "[1, 1000]"),
            ("sam_reuse", (0.0..=10.0).contains(&sam_reuse), "[0, 10]"),
        ];
        if let Some((name, _, range)) = ranges.iter().find(|(_, valid, _)| !valid) {
            return bad(&format!("optimizer.{name} must be in {range}"));
        }
        // Decay multiplies a weight by 1 - rate * decay: beyond 1 weights would change sign and grow.
        if learning_rate * weight_decay > 1.0 {
            return bad("optimizer: learning_rate times weight_decay must be at most 1");
        }
        Ok(())
    }
}
