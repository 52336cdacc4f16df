//! The ConvLSTM layer (Eq. 2-7).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use clstm_kernels::conv_lstm::ConvLstmShape;

use crate::norm_pool::RunningStatistics;
use crate::{
    LflbConfig, Mode, ParameterRole, Precision, Roles, WeightInit, WithRoles, fused, init,
    reference,
};

/// A [`ConvLstm`] and its input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvLstmConfig {
    /// Input length, L.
    pub length: usize,
    /// Input channels, C.
    pub channels: usize,
    /// Filters, taps, stride, peepholes and norm.
    pub block: LflbConfig,
    /// Sample rate in Hz, for the initial Gabor filters of a layer on the waveform (`channels == 1`).
    pub sample_rate: u32,
}

/// ConvLSTM along the length axis from zero states.
///
/// Shi et al., *Convolutional LSTM Network*, NeurIPS 2015; in the paper Eq. 2-7. Gates are ordered
/// i, f, g, o; convolutions pad as "same", so that `P = ceil(L / stride)`.
#[derive(Module, Debug)]
pub struct ConvLstm {
    /// Input-to-state weights `[4H, C, kx]`.
    pub w_x: Param<Tensor<3>>,
    /// State-to-state weights `[4H, H, kh]`.
    pub w_h: Param<Tensor<3>>,
    /// Biases `[4H]`.
    pub bias: Param<Tensor<1>>,
    /// Peephole weights of i, f, o: `[3, H, P]`, or `[3, H, 1]` where positions share them.
    pub peephole: Option<Param<Tensor<3>>>,
    /// Scale of the normalised input-to-state pre-activations `[4H]`.
    pub gamma: Option<Param<Tensor<1>>>,
    /// Statistics of the input-to-state pre-activations.
    pub statistics: Option<RunningStatistics>,
    #[module(skip)]
    config: ConvLstmConfig,
    #[module(skip)]
    pub(crate) precision: Precision,
}

/// Fewest taps of filters on one channel that count as filters on the waveform: fewer span too little of it to pass
/// a band.
const MIN_WAVEFORM_TAPS: usize = 32;

/// Whether a layer's input is the waveform itself.
fn is_on_waveform(channels: usize, kernel_input: usize) -> bool {
    channels == 1 && kernel_input >= MIN_WAVEFORM_TAPS
}

/// Bias that the forget gate starts with (Jozefowicz et al., ICML 2015): remember at first.
const FORGET_BIAS: f32 = 1.0;

impl ConvLstmConfig {
    /// Draws the initial weights.
    #[must_use]
    pub fn init(&self, initializer: &mut WeightInit, device: &Device) -> ConvLstm {
        let LflbConfig { filters: h, kernel_input, kernel_state, input_norm, .. } = self.block;
        let c = self.channels;
        let w_x = if is_on_waveform(c, kernel_input) {
            initializer.gabor(h, kernel_input, self.sample_rate, device)
        } else {
            initializer.glorot([4 * h, c, kernel_input], c * kernel_input, h, device)
        };
        let w_h = initializer.glorot(
            [4 * h, h, kernel_state],
            h * kernel_state,
            h * kernel_state,
            device,
        );
        let mut bias = vec![0.0; 4 * h];
        bias[h..2 * h].fill(FORGET_BIAS);
        ConvLstm {
            w_x,
            w_h,
            bias: init::parameter(bias, [4 * h], device),
            peephole: self.peephole_shape().map(|shape| init::constant(0.0, shape, device)),
            gamma: input_norm.then(|| init::constant(1.0, [4 * h], device)),
            statistics: input_norm.then(|| RunningStatistics::new(4 * h, device)),
            config: *self,
            precision: Precision::default(),
        }
    }
}

impl ConvLstm {
    /// Hidden states of every step.
    ///
    /// # Shapes
    /// - `x`: `[batch, time, length, channels]`
    /// - output: `[batch, time, positions, filters]`
    ///
    /// # Panics
    /// If `x` has another length or number of channels than the layer was made for.
    #[must_use]
    pub fn forward(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let [batch, time, ..] = self.dims(&x);
        if fused::runs_on(&x.device()) {
            fused::conv_lstm(x, self, self.kernel_shape(batch, time), mode)
        } else {
            reference::conv_lstm(x, self, mode)
        }
    }

    /// The dimensions of an input, which must be those that the layer was made for.
    pub(crate) fn dims(&self, x: &Tensor<4>) -> [usize; 4] {
        let dims = x.dims();
        assert_eq!(
            dims[2..],
            [self.config.length, self.config.channels],
            "ConvLSTM input [batch, time, length, channels]"
        );
        dims
    }

    pub(crate) fn kernel_shape(&self, batch: usize, time: usize) -> ConvLstmShape {
        self.config.kernel_shape(batch, time, self.precision)
    }
}

impl WithRoles for ConvLstm {
    fn add_roles(&self, roles: &mut Roles) {
        let (channels, block) = (self.config.channels, self.config.block);
        let LflbConfig { filters, kernel_input, kernel_state, .. } = block;
        // One matrix `[filters, channels * taps]` for each gate. Of one channel nothing is mixed: no matrix.
        let gates = |channels: usize, taps: usize| match channels {
            1 => ParameterRole::decayed(),
            _ => ParameterRole::matrices(filters, channels * taps),
        };
        let input = match is_on_waveform(channels, kernel_input) {
            true => ParameterRole::waveform_filters(),
            false => gates(channels, kernel_input),
        };
        roles.add(&self.w_x, input);
        roles.add(&self.w_h, gates(filters, kernel_state));
        roles.add(&self.bias, ParameterRole::vector());
        if let Some(peephole) = &self.peephole {
            roles.add(peephole, ParameterRole::vector());
        }
        if let Some(gamma) = &self.gamma {
            roles.add(gamma, ParameterRole::vector());
        }
        if let Some(statistics) = &self.statistics {
            statistics.add_roles(roles);
        }
    }
}
