//! The convolutional blocks of `clstm-plus`, between filterbank and ConvLSTM.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation};

use crate::{
    ConvBlockConfig, ConvBlockSpec, Mode, NormPool, ParameterRole, Precision, Roles, WeightInit,
    WithRoles, fused, reference,
};

/// Convolution over time and length -> batch norm -> max pooling along the length -> ReLU.
#[derive(Module, Debug)]
pub struct ConvBlock {
    /// `[kernel_time, kernel_length, channels, filters]`
    pub weight: Param<Tensor<4>>,
    /// Batch norm and pooling.
    pub norm_pool: NormPool,
    #[module(skip)]
    spec: ConvBlockSpec,
    #[module(skip)]
    pub(crate) precision: Precision,
}

impl ConvBlockSpec {
    /// Draws the initial weights (He et al., ICCV 2015).
    #[must_use]
    pub fn init(&self, initializer: &mut WeightInit, device: &Device) -> ConvBlock {
        let ConvBlockConfig { filters, kernel_time, kernel_length, .. } = self.config;
        let shape = [kernel_time, kernel_length, self.channels, filters];
        let bound = (6.0 / (kernel_time * kernel_length * self.channels) as f64).sqrt();
        ConvBlock {
            weight: initializer.uniform(shape, bound, device),
            norm_pool: self.norm_pool().init(initializer, device),
            spec: *self,
            precision: Precision::default(),
        }
    }
}

impl ConvBlock {
    /// # Shapes
    /// - `x`: `[batch, time, length, channels]`
    /// - output: `[batch, ceil(time / stride_time), ceil(length / pool), filters]`
    #[must_use]
    pub fn forward(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        self.normalize(self.convolution(x), mode)
    }

    /// The convolution alone.
    ///
    /// # Shapes
    /// - `x`: `[batch, time, length, channels]`
    /// - output: `[batch, ceil(time / stride_time), length, filters]`
    #[must_use]
    pub fn convolution(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, time, ..] = x.dims();
        let shape = self.spec.kernel_shape(batch, time, self.precision);
        if fused::runs_on(&x.device()) {
            fused::conv_2d(x, self.weight.val(), shape)
        } else {
            reference::conv_2d(x, self.weight.val(), shape)
        }
    }

    /// Batch norm, max pooling and ReLU of the convolution's output.
    ///
    /// # Shapes
    /// - `y`: `[batch, time, length, filters]`
    /// - output: `[batch, time, ceil(length / pool), filters]`
    #[must_use]
    pub fn normalize(&self, y: Tensor<4>, mode: Mode) -> Tensor<4> {
        // ReLU keeps the order: after the maximum it has fewer values to process.
        activation::relu(self.norm_pool.forward(y, mode))
    }
}

impl WithRoles for ConvBlock {
    fn add_roles(&self, roles: &mut Roles) {
        let [kernel_time, kernel_length, channels, filters] = self.weight.dims();
        let rows = kernel_time * kernel_length * channels;
        roles.add(&self.weight, ParameterRole::matrices(rows, filters));
        self.norm_pool.add_roles(roles);
    }
}
