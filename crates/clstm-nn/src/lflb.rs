//! The local feature learning block (LFLB).

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::{ConvLstm, LflbSpec, Mode, NormPool, Roles, Skip, WeightInit, WithRoles, fused};

/// ConvLSTM -> batch norm -> max pooling, and the skip connection round them.
#[derive(Module, Debug)]
pub struct Lflb {
    /// The recurrent convolution.
    pub conv_lstm: ConvLstm,
    /// Batch norm and pooling.
    pub norm_pool: NormPool,
    /// From the block's input to its output.
    pub skip: Option<Skip>,
}

impl LflbSpec {
    /// Draws the initial weights.
    #[must_use]
    pub fn init(&self, initializer: &mut WeightInit, device: &Device) -> Lflb {
        Lflb {
            conv_lstm: self.conv_lstm.init(initializer, device),
            norm_pool: self.norm_pool().init(initializer, device),
            skip: self.skip.then(|| Skip::init(self, initializer, device)),
        }
    }
}

impl Lflb {
    /// # Shapes
    /// - `x`: `[batch, time, length, channels]`
    /// - output: `[batch, time, ceil(ceil(length / stride) / pool), filters]`
    #[must_use]
    pub fn forward(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let skipped = self.skip.as_ref().map(|skip| skip.forward(x.clone()));
        let y = self.without_skip(x, mode);
        match skipped {
            Some(skipped) => y + skipped,
            None => y,
        }
    }

    /// ConvLSTM, batch norm and pooling, which are one operation on the CPU.
    ///
    /// # Shapes
    /// As [`forward`](Self::forward).
    #[must_use]
    pub fn without_skip(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        if fused::runs_on(&x.device()) {
            let [batch, time, ..] = self.conv_lstm.dims(&x);
            let shape = self.conv_lstm.kernel_shape(batch, time);
            fused::lflb(x, &self.conv_lstm, &self.norm_pool, shape, mode)
        } else {
            let h = self.conv_lstm.forward(x, mode); // [B, T, P, H]
            self.norm_pool.forward(h, mode) // [B, T, Q, H]
        }
    }
}

impl WithRoles for Lflb {
    fn add_roles(&self, roles: &mut Roles) {
        self.conv_lstm.add_roles(roles);
        self.norm_pool.add_roles(roles);
        if let Some(skip) = &self.skip {
            skip.add_roles(roles);
        }
    }
}
