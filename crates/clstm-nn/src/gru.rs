//! One bidirectional GRU layer (Eq. 8-11).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::{
    ParameterRole, Precision, Reset, Roles, WeightInit, WithRoles, fused, init, reference,
};

/// A [`BiGru`] and its input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BiGruConfig {
    /// Input features, F.
    pub input: usize,
    /// Units of each direction, H.
    pub hidden: usize,
    /// Where the reset gate acts.
    pub reset: Reset,
}

/// Parameters of one direction; gates in the order z, r, n. The fields name tensors of model files.
#[derive(Module, Debug)]
pub struct GruDirection {
    /// Input weights `[3H, F]`.
    pub w: Param<Tensor<2>>,
    /// Recurrent weights `[3H, H]`.
    pub u: Param<Tensor<2>>,
    /// Biases `[3H]`.
    pub b: Param<Tensor<1>>,
    /// Bias of the recurrent product of the candidate `[H]`, where the reset gate acts after it.
    pub bn: Option<Param<Tensor<1>>>,
}

/// One GRU over the steps and one against them, side by side.
#[derive(Module, Debug)]
pub struct BiGru {
    /// First step to last.
    pub fwd: GruDirection,
    /// Last step to first.
    pub bwd: GruDirection,
    #[module(skip)]
    pub(crate) config: BiGruConfig,
    #[module(skip)]
    pub(crate) precision: Precision,
}

impl BiGruConfig {
    /// Draws the initial weights.
    #[must_use]
    pub fn init(&self, initializer: &mut WeightInit, device: &Device) -> BiGru {
        let mut direction = || GruDirection {
            w: initializer.glorot([3 * self.hidden, self.input], self.input, self.hidden, device),
            u: initializer.glorot([3 * self.hidden, self.hidden], self.hidden, self.hidden, device),
            b: init::constant(0.0, [3 * self.hidden], device),
            bn: (self.reset == Reset::After).then(|| init::constant(0.0, [self.hidden], device)),
        };
        BiGru { fwd: direction(), bwd: direction(), config: *self, precision: Precision::default() }
    }
}

impl BiGru {
    /// # Shapes
    /// - `x`: `[batch, time, features]`
    /// - output: `[batch, time, 2 * hidden]`, the forward direction first
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        if fused::runs_on(&x.device()) {
            fused::bi_gru(x, self)
        } else {
            reference::bi_gru(x, self)
        }
    }
}

impl WithRoles for BiGru {
    fn add_roles(&self, roles: &mut Roles) {
        for direction in [&self.fwd, &self.bwd] {
            // One matrix for each gate.
            for weight in [&direction.w, &direction.u] {
                let [gates, features] = weight.dims();
                roles.add(weight, ParameterRole::matrices(gates / 3, features));
            }
            roles.add(&direction.b, ParameterRole::vector());
            if let Some(bias) = &direction.bn {
                roles.add(bias, ParameterRole::vector());
            }
        }
    }
}
