//! Learning rates over a training.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// How the learning rate moves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// Always the same.
    Constant,
    /// Up along a half cosine for the first part of the training, then down along one to nothing
    /// (Smith & Topin, *Super-Convergence*, 2018).
    OneCycle {
        /// Part of the training, or of each cycle, spent going up, in `[0, 1)`.
        warmup: f64,
        /// Times that this is done, each in an equal part of the training: warm restarts (Loshchilov &
        /// Hutter, *SGDR*, ICLR 2017), which can also lengthen a training that has ended.
        #[serde(default = "one")]
        cycles: usize,
    },
    /// Constant for some epochs, then multiplied by a factor each epoch. The paper: "decay rate as
    /// one after 10 epochs", which we read as the start of the decay.
    Decay {
        /// Epochs before the decay.
        after: usize,
        /// Factor of each later epoch.
        factor: f64,
    },
}

fn one() -> usize {
    1
}

impl Schedule {
    /// The factor on the learning rate at `step` of `steps` (each epoch has `steps / epochs`).
    #[must_use]
    pub fn factor(&self, step: usize, steps: usize, epochs: usize) -> f64 {
        let position = step as f64 / steps.max(1) as f64;
        match *self {
            Self::Constant => 1.0,
            Self::OneCycle { warmup, cycles } => one_cycle(position * cycles as f64 % 1.0, warmup),
            Self::Decay { after, factor } => {
                let epoch = (position * epochs as f64).floor() as usize;
                factor.powi(epoch.saturating_sub(after) as i32)
            }
        }
    }
}

/// The factor at a position in `[0, 1)` of a cycle.
fn one_cycle(position: f64, warmup: f64) -> f64 {
    if position < warmup {
        0.04 + 0.96 * 0.5 * (1.0 - (PI * position / warmup).cos())
    } else {
        0.5 * (1.0 + (PI * (position - warmup) / (1.0 - warmup)).cos())
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;

    #[test]
    fn one_cycle_rises_to_one_and_falls_to_nothing() {
        let schedule = Schedule::OneCycle { warmup: 0.2, cycles: 1 };
        let rates: Vec<f64> = (0..100).map(|step| schedule.factor(step, 100, 10)).collect();
        assert!((rates[0] - 0.04).abs() < 1e-12 && (rates[20] - 1.0).abs() < 1e-12);
        assert!(rates[..20].is_sorted() && rates[20..].is_sorted_by(|a, b| a >= b));
        assert!(rates[99] < 1e-3 && rates.iter().all(|r| *r > 0.0));
    }

    #[test]
    fn each_cycle_is_a_training_of_its_own() {
        let once = Schedule::OneCycle { warmup: 0.15, cycles: 1 };
        let thrice = Schedule::OneCycle { warmup: 0.15, cycles: 3 };
        for step in 0..300 {
            let (cycle, whole) = (once.factor(step % 100, 100, 4), thrice.factor(step, 300, 12));
            assert!((cycle - whole).abs() < 1e-9, "step {step}: {cycle} and {whole}");
        }
    }

    #[test]
    fn decay_starts_after_its_epochs() {
        let schedule = Schedule::Decay { after: 2, factor: 0.5 };
        let rates: Vec<f64> = (0..5).map(|epoch| schedule.factor(epoch * 10, 50, 5)).collect();
        assert_eq!(rates, [1.0, 1.0, 1.0, 0.5, 0.25]);
    }
}
