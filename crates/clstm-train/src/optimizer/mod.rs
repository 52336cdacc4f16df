//! The optimiser over plain vectors: AdamW, or Muon for the matrices inside the network.

mod adamw;
mod muon;

use clstm_nn::{NamedTensor, Precision};
use serde::{Deserialize, Serialize};

use crate::OptimizerConfig;
use muon::Matrices;

/// What moves the weight matrices inside the network; all else is moved by AdamW.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatrixRule {
    /// AdamW (Loshchilov & Hutter, ICLR 2019).
    #[default]
    Adam,
    /// Muon (Jordan et al. 2024): momentum made orthogonal, at the same learning rate and weight decay.
    Muon,
}

/// The state of an optimiser of a module's weights.
#[derive(Clone, Debug)]
pub struct Optimizer {
    config: OptimizerConfig,
    /// Of the products of [`MatrixRule::Muon`].
    precision: Precision,
    /// Steps taken.
    pub(crate) time: u64,
    /// First and second moments of each weight; of one that Muon moves only the first.
    pub(crate) moments: Vec<[Vec<f32>; 2]>,
    kinds: Vec<Kind>,
    /// Scratch memory of the largest weight that Muon moves.
    step: Vec<f32>,
}

/// How a weight moves.
#[derive(Clone, Copy, Debug)]
struct Kind {
    matrices: Option<Matrices>,
    decays: bool,
    /// Whether it is the filters that hear the waveform.
    waveform: bool,
}

impl Optimizer {
    /// An optimiser of these weights; matrices decay, vectors and peepholes and centres do not.
    /// `precision` is that of the products that an orthogonal step takes.
    #[must_use]
    pub fn new(config: OptimizerConfig, precision: Precision, weights: &[NamedTensor]) -> Self {
        let kind = |w: &NamedTensor| Kind {
            matrices: Matrices::of(w).filter(|_| config.matrices == MatrixRule::Muon),
            decays: w.shape.len() > 1
                && !w.name.ends_with("peephole")
                && !w.name.starts_with("centers"),
            // Only a layer of one channel has `[gates, 1, taps]`; a few taps are no filter.
            waveform: w.name.ends_with("lflbs.0.conv_lstm.w_x")
                && w.shape[1] == 1
                && w.shape[2] >= 32,
        };
        let kinds: Vec<Kind> = weights.iter().map(kind).collect();
        let zeros = |(w, kind): (&NamedTensor, &Kind)| {
            let second = if kind.matrices.is_some() { 0 } else { w.values.len() };
            [w.values.len(), second].map(|len| vec![0.0; len])
        };
        let moments = weights.iter().zip(&kinds).map(zeros).collect();
        let orthogonal = weights.iter().zip(&kinds).filter(|(_, kind)| kind.matrices.is_some());
        let step = vec![0.0; orthogonal.map(|(w, _)| w.values.len()).max().unwrap_or(0)];
        Self { config, precision, time: 0, moments, kinds, step }
    }

    /// Scales the gradients so that their common norm is at most `clip_norm`; gives the norm before.
    pub fn clip(&self, gradients: &mut [Vec<f32>]) -> f64 {
        let square = |g: &Vec<f32>| g.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>();
        let norm = gradients.iter().map(square).sum::<f64>().sqrt();
        if norm > self.config.clip_norm {
            let factor = (self.config.clip_norm / norm) as f32;
            gradients.iter_mut().flatten().for_each(|v| *v *= factor);
        }
        norm
    }

    /// Begins a step; then [`Optimizer::update`] is called for each weight.
    pub fn begin(&mut self) {
        self.time += 1;
    }

    /// Moves weight `index` at the learning rate `rate`.
    ///
    /// # Panics
    /// If there is no such weight or the sizes differ.
    pub fn update(&mut self, index: usize, weight: &mut [f32], gradient: &[f32], rate: f64) {
        let Kind { matrices, decays, waveform } = self.kinds[index];
        let moments = &mut self.moments[index];
        let len = moments[0].len();
        assert!(weight.len() == gradient.len() && weight.len() == len, "weight {index}");
        let rate = if waveform { rate * self.config.waveform_rate } else { rate };
        let decay = if decays { self.config.weight_decay } else { 0.0 };
        match matrices {
            None => {
                adamw::update(&self.config, (self.time, rate, decay), moments, weight, gradient);
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

#[cfg(test)]
mod tests {
    use super::*;
    use clstm_nn::ParameterKind;

    fn config() -> OptimizerConfig {
        OptimizerConfig {
            learning_rate: 0.1,
            beta_1: 0.9,
            beta_2: 0.99,
            epsilon: 1e-8,
            weight_decay: 0.5,
            clip_norm: 1.0,
            waveform_rate: 0.5,
            sharpness: 0.0,
            matrices: MatrixRule::Adam,
        }
    }

    fn weight(name: &str, shape: &[usize]) -> NamedTensor {
        let values = vec![1.0; shape.iter().product()];
        let (name, shape) = (name.to_owned(), shape.to_vec());
        NamedTensor { name, shape, values, kind: ParameterKind::Weight }
    }

    #[test]
    fn steps_follow_the_published_algorithm() {
        // In f64, straight from the algorithm's lines.
        let gradients = [0.3, -0.7, 0.2, 0.05];
        let (mut expected, mut m, mut v) = (1.0_f64, 0.0_f64, 0.0_f64);
        let weights = [weight("w", &[1, 1])];
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
    fn only_matrices_decay() {
        let weights =
            [weight("w", &[2, 2]), weight("bias", &[2]), weight("a.peephole", &[3, 1, 1])];
        let mut adam = Optimizer::new(config(), Precision::F32, &weights);
        adam.begin();
        let moved: Vec<bool> = weights
            .iter()
            .enumerate()
            .map(|(i, w)| {
                let mut values = w.values.clone();
                adam.update(i, &mut values, &vec![0.0; w.values.len()], 0.1);
                values != w.values
            })
            .collect();
        assert_eq!(moved, [true, false, false]);
    }

    #[test]
    fn filters_on_the_waveform_take_smaller_steps() {
        let moved = |shape: [usize; 3]| {
            let weights = [weight("network.lflbs.0.conv_lstm.w_x", &shape)];
            let mut adam = Optimizer::new(
                OptimizerConfig { weight_decay: 0.0, ..config() },
                Precision::F32,
                &weights,
            );
            let mut values = weights[0].values.clone();
            adam.begin();
            adam.update(0, &mut values, &vec![0.2; weights[0].values.len()], 0.1);
            1.0 - values[0]
        };
        assert!((moved([4, 1, 32]) / moved([4, 3, 32]) - 0.5).abs() < 1e-4);
        assert_eq!(moved([4, 1, 3]), moved([4, 3, 32]));
    }

    #[test]
    fn clipping_keeps_the_direction() {
        let adam = Optimizer::new(config(), Precision::F32, &[]);
        let mut gradients = vec![vec![3.0_f32, 0.0], vec![4.0]];
        assert!((adam.clip(&mut gradients) - 5.0).abs() < 1e-9);
        assert_eq!(gradients, [vec![0.6, 0.0], vec![0.8]]);
        assert!((adam.clip(&mut gradients) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_muon_step_has_the_same_length_in_every_direction() {
        let config = OptimizerConfig { matrices: MatrixRule::Muon, weight_decay: 0.0, ..config() };
        let shape = [8, 2, 3]; // four gates of [2, 6]
        let weights = [weight("lflbs.1.conv_lstm.w_h", &shape)];
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
        let mut values = weights[0].values.clone();
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
        let config = OptimizerConfig { matrices: MatrixRule::Muon, ..config() };
        let moved_by_muon = |name: &str, shape: &[usize]| {
            let weights = [weight(name, shape)];
            let adam = Optimizer::new(config, Precision::F32, &weights).kinds[0].matrices.is_none();
            !adam
        };
        for (name, shape) in [
            ("network.lflbs.1.conv_lstm.w_x", &[8, 3, 3][..]),
            ("network.gflb.gru.0.fwd.u", &[12, 4]),
            ("network.gflb.lstm.0.fwd.w_h", &[16, 4, 1]),
            ("network.convolutions.0.weight", &[3, 3, 2, 4]),
            ("network.lflbs.1.skip.weight", &[3, 4]),
            ("network.head.feature_weight", &[6, 4]),
        ] {
            assert!(moved_by_muon(name, shape), "{name}");
        }
        for (name, shape) in [
            ("network.lflbs.0.conv_lstm.w_x", &[8, 1, 40][..]),
            ("network.lflbs.0.conv_lstm.peephole", &[3, 2, 1]),
            ("network.lflbs.0.conv_lstm.bias", &[8]),
            ("network.head.class_weight", &[4, 8]),
            ("network.head.attention.score", &[4, 1]),
            ("centers.centers", &[8, 4]),
        ] {
            assert!(!moved_by_muon(name, shape), "{name}");
        }
    }
}
