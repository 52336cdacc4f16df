//! The convolutional blocks of `clstm-plus`, between filterbank and ConvLSTM.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation};
use clstm_kernels::conv_2d::Conv2dShape;

use crate::{
    ConvBlockConfig, Mode, NormPool, NormPoolConfig, ParameterRole, Precision, Roles, WeightInit,
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
    stride_time: usize,
    #[module(skip)]
    pub(crate) precision: Precision,
}

impl ConvBlockConfig {
    /// Draws the starting weights (He et al., ICCV 2015) for inputs of so many channels.
    #[must_use]
    pub fn init(
        &self,
        channels: usize,
        initializer: &mut WeightInit,
        device: &Device,
    ) -> ConvBlock {
        let Self { filters, kernel_time, kernel_length, stride_time, pool } = *self;
        let shape = [kernel_time, kernel_length, channels, filters];
        let bound = (6.0 / (kernel_time * kernel_length * channels) as f64).sqrt();
        ConvBlock {
            weight: initializer.uniform(shape, bound, device),
            norm_pool: NormPoolConfig { channels: filters, pool }.init(initializer, device),
            stride_time,
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
        let [batch, time, length, channels] = x.dims();
        let [kernel_time, kernel_length, _, filters] = self.weight.dims();
        let shape = Conv2dShape {
            batch,
            time,
            length,
            channels,
            filters,
            kernel_time,
            kernel_length,
            stride_time: self.stride_time,
            precision: self.precision.into(),
        };
        let y = if fused::runs_on(&x.device()) {
            fused::conv_2d(x, self.weight.val(), shape)
        } else {
            reference::conv_2d(x, self.weight.val(), shape)
        }; // [B, T', L, H]
        // ReLU keeps the order: after the maximum it has fewer values to look at.
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
