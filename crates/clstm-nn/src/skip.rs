//! Skip connections between blocks.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::{LflbSpec, ParameterRole, Roles, WeightInit, WithRoles, reference};

/// An earlier block's output, max-pooled to the later block's length and projected to its filters.
#[derive(Module, Debug)]
pub struct Skip {
    /// The 1x1 convolution `[channels, filters]`.
    pub weight: Param<Tensor<2>>,
    #[module(skip)]
    pool: usize,
}

impl Skip {
    /// The skip connection of a block.
    pub(crate) fn init(block: &LflbSpec, initializer: &mut WeightInit, device: &Device) -> Self {
        let (channels, filters) = (block.conv_lstm.channels, block.conv_lstm.block.filters);
        let weight = initializer.glorot([channels, filters], channels, filters, device);
        Self { weight, pool: block.skip_pool() }
    }

    /// # Shapes
    /// - `x`: `[batch, time, length, channels]`
    /// - output: `[batch, time, ceil(length / pool), filters]`
    #[must_use]
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, time, _, channels] = x.dims();
        let pooled = reference::max_pool(x, self.pool);
        let length = pooled.dims()[2];
        let rows = pooled.reshape([batch * time * length, channels]);
        let filters = self.weight.dims()[1];
        rows.matmul(self.weight.val()).reshape([batch, time, length, filters])
    }
}

impl WithRoles for Skip {
    fn add_roles(&self, roles: &mut Roles) {
        let [channels, filters] = self.weight.dims();
        roles.add(&self.weight, ParameterRole::matrices(channels, filters));
    }
}
