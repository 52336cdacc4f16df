//! The optimiser on plain values: AdamW, or Muon for the weight matrices between hidden layers.

mod adamw;
mod muon;

use clstm_nn::{OptimizerGroup, Parameter, ParameterRole, Precision};
use serde::{Deserialize, Serialize};

use crate::OptimizerConfig;
use muon::Matrices;

/// What moves the weight matrices between hidden layers; AdamW moves everything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// AdamW (Loshchilov & Hutter, ICLR 2019).
    #[default]
    #[serde(alias = "adam")]
    AdamW,
    /// Muon (Jordan et al. 2024): momentum made orthogonal, at the same learning rate and weight decay.
    Muon,
}

/// An optimiser of a module's weights and its state.
#[derive(Clone, Debug)]
pub struct Optimizer {
    config: OptimizerConfig,
    /// Of the products of [`OptimizerKind::Muon`].
    precision: Precision,
    /// Steps taken.
    pub(crate) step_index: u64,
    /// First and second moments of each weight; of one that Muon moves only the first.
    pub(crate) moments: Vec<[Vec<f32>; 2]>,
    roles: Vec<ParameterRole>,
    /// Branches of the network.
    branches: usize,
    /// Scratch memory of the size of the largest weight that Muon moves.
    step: Vec<f32>,
}

impl Optimizer {
    /// An optimiser of `weights`, as [`parameters_with_roles`](clstm_nn::parameters_with_roles) gives them without the
    /// running statistics. `precision` is that of Muon's matrix products.
    #[must_use]
    pub fn new(config: OptimizerConfig, precision: Precision, weights: &[Parameter]) -> Self {
        let matrices = |weight: &&Parameter| matrices(&config, &weight.role).is_some();
        let zeros = |weight: &Parameter| {
            let second = if matrices(&weight) { 0 } else { weight.tensor.values.len() };
            [weight.tensor.values.len(), second].map(|len| vec![0.0; len])
        };
        let orthogonal = weights.iter().filter(matrices).map(|weight| weight.tensor.values.len());
        let branches = weights.iter().flat_map(|weight| {
            weight.role.branch.runs(weight.tensor.values.len()).map(|(branch, _)| branch + 1)
        });
        Self {
            config,
            precision,
            step_index: 0,
            moments: weights.iter().map(zeros).collect(),
            roles: weights.iter().map(|weight| weight.role.clone()).collect(),
            branches: branches.max().unwrap_or(1),
            step: vec![0.0; orthogonal.max().unwrap_or(0)],
        }
    }

    /// The norm of each branch's part of the gradient of all weights.
    #[must_use]
    pub fn branch_norms(&self, gradients: &[Vec<f32>]) -> Vec<f64> {
        let mut squares = vec![0.0; self.branches];
        for (gradient, role) in gradients.iter().zip(&self.roles) {
            for (branch, run) in role.branch.runs(gradient.len()) {
                squares[branch] += gradient[run].iter().map(|g| f64::from(*g).powi(2)).sum::<f64>();
            }
        }
        squares.into_iter().map(f64::sqrt).collect()
    }

    /// Scales each branch's part of the gradient so that the norm of the gradient of the branch's own loss is at most
    /// [`clip_norm`](OptimizerConfig::clip_norm), and returns the norms of the parts before. The loss of a network is the mean of its
    /// branches' losses, so that a branch's part is its own gradient divided by the number of branches.
    ///
    /// Gradients that are not finite are left as they are.
    pub fn clip(&self, gradients: &mut [Vec<f32>]) -> Vec<f64> {
        let norms = self.branch_norms(gradients);
        let most = self.config.clip_norm / self.branches as f64;
        let finite = norms.iter().all(|norm| norm.is_finite());
        if !finite || norms.iter().all(|norm| *norm <= most) {
            return norms;
        }
        let factors: Vec<f32> = norms.iter().map(|norm| (most / norm).min(1.0) as f32).collect();
        for (gradient, role) in gradients.iter_mut().zip(&self.roles) {
            for (branch, run) in role.branch.runs(gradient.len()) {
                if factors[branch] < 1.0 {
                    gradient[run].iter_mut().for_each(|g| *g *= factors[branch]);
                }
            }
        }
        norms
    }

    /// Begins a step; then [`update`](Self::update) is called for each weight.
    pub fn begin(&mut self) {
        self.step_index += 1;
    }

    /// Moves weight `index` by its gradient at the learning rate `rate`.
    ///
    /// # Panics
    /// If there is no such weight or the sizes differ.
    pub fn update(&mut self, index: usize, weight: &mut [f32], gradient: &[f32], rate: f64) {
        let role = &self.roles[index];
        let moments = &mut self.moments[index];
        let len = moments[0].len();
        assert!(weight.len() == gradient.len() && weight.len() == len, "weight {index}");
        let rate = match role.optimizer_group {
            OptimizerGroup::WaveformFilters => rate * self.config.waveform_lr_multiplier,
            _ => rate,
        };
        let rate = rate * layer_factor(self.config.layer_decay, role.layers_to_head);
        let decay = if role.weight_decay { self.config.weight_decay } else { 0.0 };
        match matrices(&self.config, role) {
            None => {
                let step = (self.step_index, rate, decay);
                adamw::update(&self.config, step, moments, weight, gradient);
            }
            Some(matrices) => {
                let step = &mut self.step[..len];
                let weight = (weight, gradient);
                muon::update(
                    matrices,
                    self.precision,
                    (rate, decay),
                    &mut moments[0],
                    step,
                    weight,
                );
            }
        }
    }
}

/// Factor of the learning rate of a layer with this many layers between it and the end of its branch.
fn layer_factor(layer_decay: f64, layers_to_head: usize) -> f64 {
    layer_decay.powi(i32::try_from(layers_to_head).unwrap_or(i32::MAX))
}

/// The matrices that a weight is made of, where Muon moves it.
fn matrices(config: &OptimizerConfig, role: &ParameterRole) -> Option<Matrices> {
    match (config.kind, role.optimizer_group) {
        (OptimizerKind::Muon, OptimizerGroup::Matrices { rows, columns }) => {
            Some(Matrices { rows, columns })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clstm_nn::{BranchSpan, NamedTensor};

    fn config() -> OptimizerConfig {
        OptimizerConfig {
            learning_rate: 0.1,
            beta_1: 0.9,
            beta_2: 0.99,
            epsilon: 1e-8,
            weight_decay: 0.5,
            clip_norm: 1.0,
            waveform_lr_multiplier: 0.5,
            layer_decay: 1.0,
            sam_rho: 0.0,
            sam_every: 1,
            sam_reuse: 0.7,
            kind: OptimizerKind::AdamW,
        }
    }

    fn weight(role: ParameterRole, shape: &[usize]) -> Parameter {
        let (values, shape) = (vec![1.0; shape.iter().product()], shape.to_vec());
        Parameter { tensor: NamedTensor { name: String::new(), shape, values }, role }
    }

    #[test]
    fn steps_follow_the_published_algorithm() {
        // In f64, straight from the algorithm's lines.
        let gradients = [0.3, -0.7, 0.2, 0.05];
        let (mut expected, mut m, mut v) = (1.0_f64, 0.0_f64, 0.0_f64);
        let weights = [weight(ParameterRole::decayed(), &[1, 1])];
        let mut adam = Optimizer::new(config(), Precision::F32, &weights);
        let mut actual = [1.0_f32];
        for (t, g) in gradients.iter().enumerate() {
            m = 0.9 * m + 0.1 * g;
            v = 0.99 * v + 0.01 * g * g;
            let time = t as i32 + 1;
            let (mh, vh) = (m / (1.0 - 0.9_f64.powi(time)), v / (1.0 - 0.99_f64.powi(time)));
            expected -= 0.1 * (mh / (vh.sqrt() + 1e-8) + 0.5 * expected);
            adam.begin();
            adam.update(0, &mut actual, &[*g as f32], 0.1);
            assert!((f64::from(actual[0]) - expected).abs() < 1e-6, "step {t}");
        }
    }

    #[test]
    fn only_weights_with_that_role_decay() {
        let weights = [
            weight(ParameterRole::decayed(), &[2, 2]),
            weight(ParameterRole::vector(), &[2]),
            weight(ParameterRole::waveform_filters(), &[3, 1, 1]),
        ];
        let mut adam = Optimizer::new(config(), Precision::F32, &weights);
        adam.begin();
        let moved: Vec<bool> = weights
            .iter()
            .enumerate()
            .map(|(i, w)| {
                let mut values = w.tensor.values.clone();
                adam.update(i, &mut values, &vec![0.0; w.tensor.values.len()], 0.1);
                values != w.tensor.values
            })
            .collect();
        assert_eq!(moved, [true, false, true]);
    }

    #[test]
    fn filters_on_the_waveform_take_smaller_steps() {
        let moved = |role: ParameterRole| {
            let weights = [weight(role, &[4, 1, 32])];
            let config = OptimizerConfig { weight_decay: 0.0, ..config() };
            let mut adam = Optimizer::new(config, Precision::F32, &weights);
            let mut values = weights[0].tensor.values.clone();
            adam.begin();
            adam.update(0, &mut values, &[0.2; 128], 0.1);
            1.0 - values[0]
        };
        let (waveform, other) = (ParameterRole::waveform_filters(), ParameterRole::decayed());
        assert!((moved(waveform) / moved(other) - 0.5).abs() < 1e-4);
    }

    #[test]
    fn layers_before_the_head_take_smaller_steps() {
        let weights = [0, 1, 3].map(|layers_to_head| {
            weight(ParameterRole { layers_to_head, ..ParameterRole::vector() }, &[1])
        });
        let config = OptimizerConfig { layer_decay: 0.5, ..config() };
        let mut adam = Optimizer::new(config, Precision::F32, &weights);
        adam.begin();
        for (index, factor) in [1.0, 0.5, 0.125].into_iter().enumerate() {
            let mut value = [1.0];
            adam.update(index, &mut value, &[0.2], 0.1);
            // The first step of Adam has the length of the learning rate.
            assert!((1.0 - value[0] - 0.1 * factor).abs() < 1e-6, "{value:?}, {factor}");
        }
    }

    #[test]
    fn clipping_keeps_the_direction() {
        let weights =
            [weight(ParameterRole::vector(), &[2]), weight(ParameterRole::vector(), &[1])];
        let adam = Optimizer::new(config(), Precision::F32, &weights);
        let mut gradients = vec![vec![3.0_f32, 0.0], vec![4.0]];
        assert!((adam.clip(&mut gradients)[0] - 5.0).abs() < 1e-9);
        assert_eq!(gradients, [vec![0.6, 0.0], vec![0.8]]);
        assert!((adam.clip(&mut gradients)[0] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn each_branch_is_clipped_by_its_own_norm() {
        let of = |branch| ParameterRole::vector().across(branch);
        let weights = [
            weight(of(BranchSpan::One(0)), &[2]),
            weight(of(BranchSpan::One(1)), &[1]),
            weight(of(BranchSpan::Runs(vec![1, 2])), &[2, 3]),
        ];
        let adam = Optimizer::new(config(), Precision::F32, &weights);
        // Norms of 10 and 0.25; each loss is a mean of two, so that the limit of 1 is one of 0.5 here.
        let mut gradients = vec![vec![6.0, 0.0], vec![0.15], vec![0.0, 0.2, 0.0, 8.0, 0.0, 0.0]];
        let norms = adam.clip(&mut gradients);
        assert!((norms[0] - 10.0).abs() < 1e-6 && (norms[1] - 0.25).abs() < 1e-6, "{norms:?}");
        let expected = [vec![0.3, 0.0], vec![0.15], vec![0.0, 0.2, 0.0, 0.4, 0.0, 0.0]];
        assert_eq!(gradients, expected);
    }

    #[test]
    fn gradients_that_are_not_finite_are_not_scaled() {
        let weights = [weight(ParameterRole::vector(), &[2])];
        let adam = Optimizer::new(config(), Precision::F32, &weights);
        for bad in [f32::NAN, f32::INFINITY] {
            let norms = adam.clip(&mut [vec![1.0, bad]]);
            assert!(!norms[0].is_finite());
        }
    }

    #[test]
    fn a_muon_step_has_the_same_length_in_every_direction() {
        let config = OptimizerConfig { kind: OptimizerKind::Muon, weight_decay: 0.0, ..config() };
        let shape = [8, 2, 3]; // four gates of [2, 6]
        let weights = [weight(ParameterRole::matrices(2, 6), &shape)];
        let mut muon = Optimizer::new(config, Precision::F32, &weights);
        assert_eq!(muon.moments[0].each_ref().map(Vec::len), [48, 0]);
        // The second row of each gate has a gradient a tenth of the first one's, at right angles to it.
        let gradient: Vec<f32> = (0..48)
            .map(|i| match (i / 6 % 2, i % 6) {
                (0, 0) => 1.0,
                (1, 1) => 0.1,
                _ => 0.0,
            })
            .collect();
        let mut values = weights[0].tensor.values.clone();
        muon.begin();
        muon.update(0, &mut values, &gradient, 0.1);
        // 0.2 * sqrt(6) * rate for a singular value of one; they end in about [0.7, 1.2].
        let unit = 0.1 * 0.2 * 6.0_f32.sqrt();
        for gate in values.chunks_exact(12) {
            for (at, value) in gate.iter().enumerate() {
                let step = (1.0 - value) / unit;
                let there = at == 0 || at == 7;
                assert!(
                    if there { (0.6..1.3).contains(&step) } else { step.abs() < 1e-3 },
                    "{at}: {step}"
                );
            }
        }
    }

    #[test]
    fn muon_moves_matrices_alone() {
        let roles = [
            (ParameterRole::matrices(2, 6), [48, 0]),
            (ParameterRole::waveform_filters(), [48, 48]),
            (ParameterRole::decayed(), [48, 48]),
            (ParameterRole::vector(), [48, 48]),
        ];
        for (role, expected) in roles {
            let config = OptimizerConfig { kind: OptimizerKind::Muon, ..config() };
            let muon = Optimizer::new(config, Precision::F32, &[weight(role.clone(), &[8, 2, 3])]);
            assert_eq!(muon.moments[0].each_ref().map(Vec::len), expected, "{role:?}");
        }
    }
}
