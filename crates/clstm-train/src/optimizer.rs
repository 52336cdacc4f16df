//! AdamW over plain vectors.

use clstm_nn::NamedTensor;

use crate::OptimizerConfig;

/// Adam with decoupled weight decay (Loshchilov & Hutter, ICLR 2019; with a decay of 0 it is the
/// paper's Adam, Kingma & Ba, ICLR 2015).
#[derive(Clone, Debug)]
pub struct AdamW {
    config: OptimizerConfig,
    /// Steps taken.
    pub(crate) time: u64,
    /// First and second moments of each weight.
    pub(crate) moments: Vec<[Vec<f32>; 2]>,
    decays: Vec<bool>,
    /// Whether a weight is a filter that hears the waveform.
    waveform: Vec<bool>,
}

impl AdamW {
    /// An optimiser of these weights; matrices decay, vectors and peepholes and centres do not.
    #[must_use]
    pub fn new(config: OptimizerConfig, weights: &[NamedTensor]) -> Self {
        let decays = |w: &NamedTensor| {
            w.shape.len() > 1 && !w.name.ends_with("peephole") && !w.name.starts_with("centers")
        };
        let moments = weights.iter().map(|w| [0, 1].map(|_| vec![0.0; w.values.len()])).collect();
        // Only a layer of one channel has `[gates, 1, taps]`; a few taps are no filter.
        let waveform = |w: &NamedTensor| {
            w.name.ends_with("lflbs.0.conv_lstm.w_x") && w.shape[1] == 1 && w.shape[2] >= 32
        };
        Self {
            config,
            time: 0,
            moments,
            decays: weights.iter().map(decays).collect(),
            waveform: weights.iter().map(waveform).collect(),
        }
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

    /// Begins a step; then [`AdamW::update`] is called for each weight.
    pub fn begin(&mut self) {
        self.time += 1;
    }

    /// Moves weight `index` at the learning rate `rate`.
    ///
    /// # Panics
    /// If there is no such weight or the sizes differ.
    pub fn update(&mut self, index: usize, weight: &mut [f32], gradient: &[f32], rate: f64) {
        let OptimizerConfig { beta_1, beta_2, epsilon, weight_decay, waveform_rate, .. } =
            self.config;
        let rate = if self.waveform[index] { rate * waveform_rate } else { rate };
        let [first, second] = &mut self.moments[index];
        assert!(weight.len() == gradient.len() && weight.len() == first.len(), "weight {index}");
        let time = i32::try_from(self.time).unwrap_or(i32::MAX);
        // m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + e), the constants taken out of the loop.
        let root = (1.0 - beta_2.powi(time)).sqrt();
        let step = (rate * root / (1.0 - beta_1.powi(time))) as f32;
        let epsilon = (epsilon * root) as f32;
        let keep = if self.decays[index] { (1.0 - rate * weight_decay) as f32 } else { 1.0 };
        let (b1, b2) = (beta_1 as f32, beta_2 as f32);
        let moments = first.iter_mut().zip(second);
        for ((w, g), (m, v)) in weight.iter_mut().zip(gradient).zip(moments) {
            *m = b1 * *m + (1.0 - b1) * g;
            *v = b2 * *v + (1.0 - b2) * g * g;
            *w = *w * keep - step * *m / (v.sqrt() + epsilon);
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
        let mut adam = AdamW::new(config(), &weights);
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
        let mut adam = AdamW::new(config(), &weights);
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
            let mut adam = AdamW::new(OptimizerConfig { weight_decay: 0.0, ..config() }, &weights);
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
        let adam = AdamW::new(config(), &[]);
        let mut gradients = vec![vec![3.0_f32, 0.0], vec![4.0]];
        assert!((adam.clip(&mut gradients) - 5.0).abs() < 1e-9);
        assert_eq!(gradients, [vec![0.6, 0.0], vec![0.8]]);
        assert!((adam.clip(&mut gradients) - 1.0).abs() < 1e-6);
    }
}
