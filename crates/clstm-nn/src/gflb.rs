//! The global feature learning block: what the steps of an utterance have to do with each other.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::{
    BiGru, BiGruConfig, BiLstm, BiLstmConfig, GflbConfig, Mode, Roles, WeightInit, WithRoles,
};

/// Stacked bidirectional recurrent layers over the time steps, or nothing.
#[derive(Module, Debug)]
pub struct Gflb {
    /// BiGRU layers, first to last.
    pub gru: Vec<BiGru>,
    /// BiLSTM layers, first to last.
    pub lstm: Vec<BiLstm>,
}

impl Gflb {
    /// The block over `input` features, and how many features it gives.
    #[must_use]
    pub fn init(
        config: &GflbConfig,
        input: usize,
        initializer: &mut WeightInit,
        device: &Device,
    ) -> (Self, usize) {
        let mut block = Self { gru: Vec::new(), lstm: Vec::new() };
        match *config {
            GflbConfig::None => (block, input),
            GflbConfig::BiGru { hidden, layers, reset } => {
                for layer in 0..layers {
                    let input = if layer == 0 { input } else { 2 * hidden };
                    let config = BiGruConfig { input, hidden, reset };
                    block.gru.push(config.init(initializer, device));
                }
                (block, 2 * hidden)
            }
            GflbConfig::BiLstm { hidden, layers } => {
                for layer in 0..layers {
                    let input = if layer == 0 { input } else { 2 * hidden };
                    block.lstm.push(BiLstmConfig { input, hidden }.init(initializer, device));
                }
                (block, 2 * hidden)
            }
        }
    }

    /// # Shapes
    /// - `x`: `[batch, time, features]`
    /// - output: `[batch, time, 2 * hidden]`, or `x` where there are no layers
    #[must_use]
    pub fn forward(&self, x: Tensor<3>, mode: Mode) -> Tensor<3> {
        let x = self.gru.iter().fold(x, |x, layer| layer.forward(x));
        self.lstm.iter().fold(x, |x, layer| layer.forward(x, mode))
    }
}

impl WithRoles for Gflb {
    fn add_roles(&self, roles: &mut Roles) {
        self.gru.iter().for_each(|layer| layer.add_roles(roles));
        self.lstm.iter().for_each(|layer| layer.add_roles(roles));
    }
}
