//! Bidirectional LSTM layers.

use clstm_kernels::Buffer;
use clstm_kernels::conv_lstm::PreparedConvLstm;

use super::conv_lstm::conv_lstm_tensors;
use super::layer::Layer;
use crate::tensors::Tensors;
use crate::{BiLstmConfig, NetworkError, Precision};

/// [`BiLstm`](crate::BiLstm).
#[derive(Debug)]
pub(super) struct BiLstm {
    /// First step to last, then last to first.
    directions: [PreparedConvLstm; 2],
    hidden: usize,
}

impl BiLstm {
    pub(super) fn new(
        path: &str,
        config: &BiLstmConfig,
        tensors: &mut Tensors<'_>,
        precision: Precision,
    ) -> Result<Self, NetworkError> {
        let layer = config.direction();
        let shape = layer.kernel_shape(0, 0, precision);
        let mut direction = |name| {
            let (params, norm) = conv_lstm_tensors(&format!("{path}.{name}"), &layer, tensors)?;
            Ok::<_, NetworkError>(PreparedConvLstm::new(&shape, &params, norm))
        };
        let directions = [direction("fwd")?, direction("bwd")?];
        Ok(Self { directions, hidden: config.hidden })
    }
}

impl Layer for BiLstm {
    /// From `x` `[batch, time, features]` to `[batch, time, 2 * hidden]`.
    fn forward(&self, batch: usize, time: usize, x: &[f32]) -> (Buffer, usize) {
        let (h, features) = (self.hidden, x.len() / (batch * time));
        let mut y = Buffer::recycled(batch * time * 2 * h);
        let mut states = Buffer::recycled(batch * time * h);
        let [ahead, back] = &self.directions;
        ahead.forward(batch, time, x, &mut states);
        for (y, state) in y.chunks_exact_mut(2 * h).zip(states.chunks_exact(h)) {
            y[..h].copy_from_slice(state);
        }
        let mut reversed = Buffer::recycled(x.len());
        let utterances = x.chunks_exact(time * features);
        for (from, to) in utterances.zip(reversed.chunks_exact_mut(time * features)) {
            let steps = from.chunks_exact(features).rev();
            steps
                .zip(to.chunks_exact_mut(features))
                .for_each(|(from, to)| to.copy_from_slice(from));
        }
        back.forward(batch, time, &reversed, &mut states);
        let utterances = y.chunks_exact_mut(time * 2 * h).zip(states.chunks_exact(time * h));
        for (y, states) in utterances {
            let steps = y.chunks_exact_mut(2 * h).zip(states.chunks_exact(h).rev());
            steps.for_each(|(y, state)| y[h..].copy_from_slice(state));
        }
        (y, time)
    }
}
