//! Bidirectional GRU layers.

use clstm_kernels::Buffer;
use clstm_kernels::gru::{DirectionParams, PreparedBiGru};

use super::layer::Layer;
use crate::tensors::Tensors;
use crate::{BiGruConfig, NetworkError, Precision, Reset};

/// [`BiGru`](crate::BiGru).
#[derive(Debug)]
pub(super) struct BiGru {
    packed: PreparedBiGru,
    hidden: usize,
}

impl BiGru {
    pub(super) fn new(
        path: &str,
        config: &BiGruConfig,
        tensors: &mut Tensors<'_>,
        precision: Precision,
    ) -> Result<Self, NetworkError> {
        let BiGruConfig { input, hidden, reset } = *config;
        let mut direction = |name| {
            let mut take =
                |tensor, sizes: &[usize]| tensors.take(&format!("{path}.{name}.{tensor}"), sizes);
            Ok::<_, NetworkError>(DirectionParams {
                w: take("w", &[3 * hidden, input])?,
                u: take("u", &[3 * hidden, hidden])?,
                b: take("b", &[3 * hidden])?,
                b_hn: match reset {
                    Reset::Before => None,
                    Reset::After => Some(take("bn", &[hidden])?),
                },
            })
        };
        let directions = [direction("fwd")?, direction("bwd")?];
        let shape = config.kernel_shape(0, 0, precision);
        Ok(Self { packed: PreparedBiGru::new(&shape, directions), hidden })
    }
}

impl Layer for BiGru {
    /// From `x` `[batch, time, features]` to `[batch, time, 2 * hidden]`.
    fn forward(&self, batch: usize, time: usize, x: &[f32]) -> (Buffer, usize) {
        let mut y = Buffer::recycled(batch * time * 2 * self.hidden);
        self.packed.forward(batch, time, x, &mut y);
        (y, time)
    }
}
