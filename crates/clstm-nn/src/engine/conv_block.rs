//! Convolutional blocks.

use clstm_kernels::Buffer;
use clstm_kernels::conv_2d::PreparedConv2d;
use clstm_kernels::norm_pool::PreparedNormPool;

use super::layer::{Layer, norm_pool, relu};
use crate::tensors::Tensors;
use crate::{ConvBlockConfig, ConvBlockSpec, NetworkError, Precision};

/// [`ConvBlock`](crate::ConvBlock).
#[derive(Debug)]
pub(super) struct ConvBlock {
    spec: ConvBlockSpec,
    precision: Precision,
    packed: PreparedConv2d,
    norm: PreparedNormPool,
}

impl ConvBlock {
    pub(super) fn new(
        path: &str,
        spec: &ConvBlockSpec,
        tensors: &mut Tensors<'_>,
        precision: Precision,
    ) -> Result<Self, NetworkError> {
        let ConvBlockConfig { filters, kernel_time, kernel_length, .. } = spec.config;
        let sizes = [kernel_time, kernel_length, spec.channels, filters];
        let weight = tensors.take(&format!("{path}.weight"), &sizes)?;
        let packed = PreparedConv2d::new(&spec.kernel_shape(0, 0, precision), weight);
        let norm = norm_pool(&format!("{path}.norm_pool"), spec.norm_pool(), tensors)?;
        Ok(Self { spec: *spec, precision, packed, norm })
    }
}

impl Layer for ConvBlock {
    /// From `x` `[batch, time, length, channels]` to `[batch, steps, pooled, filters]`.
    fn forward(&self, batch: usize, time: usize, x: &[f32]) -> (Buffer, usize) {
        let shape = self.spec.kernel_shape(batch, time, self.precision);
        let (steps, channels) = (shape.steps(), shape.filters);
        let mut h = Buffer::recycled(batch * steps * shape.length * channels);
        self.packed.forward(&shape, x, &mut h);
        let norm = self.spec.norm_pool().kernel_shape(batch * steps, shape.length);
        let mut y = Buffer::recycled(batch * steps * norm.pooled() * channels);
        self.norm.forward(&norm, &h, &mut y);
        relu(&mut y);
        (y, steps)
    }
}
