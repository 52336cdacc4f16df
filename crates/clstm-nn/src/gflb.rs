//! The global feature learning block (GFLB): recurrent layers over the time steps.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::{BiGru, BiLstm, Mode};

/// Stacked bidirectional recurrent layers over the time steps, or none.
#[derive(Module, Debug)]
pub struct Gflb {
    /// BiGRU layers, first to last.
    pub gru: Vec<BiGru>,
    /// BiLSTM layers, first to last.
    pub lstm: Vec<BiLstm>,
}

impl Gflb {
    /// # Shapes
    /// - `x`: `[batch, time, features]`
    /// - output: `[batch, time, 2 * hidden]`, or `x` where there are no layers
    #[must_use]
    pub fn forward(&self, x: Tensor<3>, mode: Mode) -> Tensor<3> {
        let x = self.gru.iter().fold(x, |x, layer| layer.forward(x));
        self.lstm.iter().fold(x, |x, layer| layer.forward(x, mode))
    }
}
