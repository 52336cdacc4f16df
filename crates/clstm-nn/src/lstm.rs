//! One bidirectional LSTM layer: a ConvLSTM of one position and one tap is exactly an LSTM.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::{ConvLstm, LflbConfig, Mode, Peepholes, Roles, WeightInit, WithRoles};

/// A [`BiLstm`] and its input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BiLstmConfig {
    /// Input features, F.
    pub input: usize,
    /// Units of each direction, H.
    pub hidden: usize,
}

/// One LSTM over the steps and one against them, side by side.
#[derive(Module, Debug)]
pub struct BiLstm {
    /// First step to last.
    pub fwd: ConvLstm,
    /// Last step to first.
    pub bwd: ConvLstm,
}

/// An LSTM of `hidden` units as a ConvLSTM.
pub(crate) fn as_conv_lstm(hidden: usize) -> LflbConfig {
    LflbConfig {
        filters: hidden,
        kernel_input: 1,
        kernel_state: 1,
        stride: 1,
        pool: 1,
        peepholes: Peepholes::None,
        input_norm: false,
    }
}

impl BiLstmConfig {
    /// Draws the initial weights.
    #[must_use]
    pub fn init(&self, initializer: &mut WeightInit, device: &Device) -> BiLstm {
        let config = self.direction();
        BiLstm { fwd: config.init(initializer, device), bwd: config.init(initializer, device) }
    }
}

impl BiLstm {
    /// # Shapes
    /// - `x`: `[batch, time, features]`
    /// - output: `[batch, time, 2 * hidden]`, the forward direction first
    #[must_use]
    pub fn forward(&self, x: Tensor<3>, mode: Mode) -> Tensor<3> {
        let [batch, time, features] = x.dims();
        let x = x.reshape([batch, time, 1, features]);
        let fwd = self.fwd.forward(x.clone(), mode);
        let bwd = self.bwd.forward(x.flip([1]), mode).flip([1]);
        let hidden = fwd.dims()[3];
        Tensor::cat(vec![fwd, bwd], 3).reshape([batch, time, 2 * hidden])
    }
}

impl WithRoles for BiLstm {
    fn add_roles(&self, roles: &mut Roles) {
        self.fwd.add_roles(roles);
        self.bwd.add_roles(roles);
    }
}
