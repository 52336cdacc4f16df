//! The tensors of a ConvLSTM.

use clstm_kernels::conv_lstm::{InputNorm, Params};

use crate::norm_pool::EPSILON;
use crate::tensors::Tensors;
use crate::{ConvLstmConfig, NetworkError};

/// The parameters of the ConvLSTM at `path`, and its norm.
pub(super) fn conv_lstm_tensors<'a>(
    path: &str,
    config: &ConvLstmConfig,
    tensors: &mut Tensors<'a>,
) -> Result<(Params<'a>, InputNorm<'a>), NetworkError> {
    let (block, channels) = (config.block, config.channels);
    let (h, gates) = (block.filters, 4 * block.filters);
    let mut take = |name, sizes: &[usize]| tensors.take(&format!("{path}.{name}"), sizes);
    let params = Params {
        w_x: take("w_x", &[gates, channels, block.kernel_input])?,
        w_h: take("w_h", &[gates, h, block.kernel_state])?,
        bias: take("bias", &[gates])?,
        peephole: match config.peephole_shape() {
            None => &[],
            Some(shape) => take("peephole", &shape)?,
        },
    };
    if !block.input_norm {
        return Ok((params, InputNorm::None));
    }
    let norm = InputNorm::Fixed {
        gamma: take("gamma", &[gates])?,
        mean: take("statistics.mean", &[gates])?,
        variance: take("statistics.variance", &[gates])?,
        epsilon: EPSILON,
    };
    Ok((params, norm))
}
