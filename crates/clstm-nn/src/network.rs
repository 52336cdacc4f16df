//! The whole network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::{
    Dropout, Gflb, Head, HeadConfig, Initializer, Lflb, NetworkConfig, NetworkError, Output,
};

/// Whether a forward pass learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Running statistics, no dropout.
    Inference,
    /// Statistics of the batch, which also move the running ones; dropout drawn from the seed.
    Training {
        /// A different one for every step.
        seed: u64,
    },
}

/// From the segments of a waveform to class logits.
#[derive(Module, Debug)]
pub struct Network {
    /// Local feature learning blocks, first to last.
    pub lflbs: Vec<Lflb>,
    /// Global feature learning block.
    pub gflb: Gflb,
    /// Fully connected layers.
    pub head: Head,
    #[module(skip)]
    dropout: Dropout,
}

impl NetworkConfig {
    /// A network whose starting weights are a function of the seed.
    ///
    /// # Errors
    /// [`NetworkError::Config`] if the sizes make no network.
    pub fn init(&self, seed: u64, device: &Device) -> Result<Network, NetworkError> {
        self.validate()?;
        let mut initializer = Initializer::new(seed);
        let lflbs = (0..self.blocks.len())
            .map(|index| Lflb::init(self, index, &mut initializer, device))
            .collect();
        let (length, filters) = self.block_input(self.blocks.len());
        let (gflb, input) = Gflb::init(&self.gflb, length * filters, &mut initializer, device);
        let head = HeadConfig {
            input,
            features: self.features,
            classes: self.classes,
            dropout: self.dropout,
        };
        Ok(Network {
            lflbs,
            gflb,
            head: head.init(&mut initializer, device),
            dropout: Dropout { probability: self.dropout },
        })
    }
}

impl Network {
    /// # Shapes
    /// - `segments`: `[batch, time, length]`, the RMS-normalised waveform cut into segments
    #[must_use]
    pub fn forward(&self, segments: Tensor<3>, mode: Mode) -> Output {
        let [batch, time, length] = segments.dims();
        let waveform = segments.reshape([batch, time, length, 1]); // [B, T, L, 1]
        let local = self.lflbs.iter().fold(waveform, |x, lflb| lflb.forward(x, mode)); // [B, T, Q, H]
        let [_, _, positions, filters] = local.dims();
        let steps = local.reshape([batch, time, positions * filters]); // [B, T, Q * H]
        let steps = match mode {
            Mode::Training { seed } => self.dropout.forward(steps, seed),
            Mode::Inference => steps,
        };
        let global = self.gflb.forward(steps, mode); // [B, T, 2 * hidden]
        self.head.forward(global, mode)
    }
}
