//! The stacked bidirectional layers over the time steps.

use clstm_kernels::gru::{self, BiGruShape, DirectionParams};
use clstm_kernels::{Buffer, conv_lstm};

use super::block::{conv_lstm_tensors, kernel_shape};
use crate::lstm::as_conv_lstm;
use crate::tensors::Tensors;
use crate::{GflbConfig, NetworkError, Precision, Reset};

/// [`Gflb`](crate::Gflb).
#[derive(Debug)]
pub(super) struct Gflb {
    layers: Vec<Layer>,
    output: usize,
}

#[derive(Debug)]
enum Layer {
    Gru(gru::PreparedBiGru),
    Lstm(BiLstm),
}

impl Gflb {
    pub(super) fn new(
        config: &GflbConfig,
        input: usize,
        tensors: &mut Tensors<'_>,
        precision: Precision,
    ) -> Result<Self, NetworkError> {
        let (hidden, count) = match *config {
            GflbConfig::None => return Ok(Self { layers: Vec::new(), output: input }),
            GflbConfig::BiGru { hidden, layers, .. } | GflbConfig::BiLstm { hidden, layers } => {
                (hidden, layers)
            }
        };
        let layer = |index: usize| {
            let input = if index == 0 { input } else { 2 * hidden };
            match *config {
                GflbConfig::BiGru { reset, .. } => {
                    let path = format!("gflb.gru.{index}");
                    bi_gru(&path, [input, hidden], reset, tensors, precision).map(Layer::Gru)
                }
                _ => {
                    let path = format!("gflb.lstm.{index}");
                    BiLstm::new(&path, [input, hidden], tensors, precision).map(Layer::Lstm)
                }
            }
        };
        let layers = (0..count).map(layer).collect::<Result<_, _>>()?;
        Ok(Self { layers, output: 2 * hidden })
    }

    /// Features of a step.
    pub(super) fn output(&self) -> usize {
        self.output
    }

    /// From `x` `[batch, time, features]` to `[batch, time, 2 * hidden]`; nothing without layers.
    pub(super) fn forward(&self, batch: usize, time: usize, x: &[f32]) -> Option<Buffer> {
        let mut steps: Option<Buffer> = None;
        for layer in &self.layers {
            let x = steps.as_deref().unwrap_or(x);
            let mut y = Buffer::recycled(batch * time * self.output);
            match layer {
                Layer::Gru(gru) => gru.forward(batch, time, x, &mut y),
                Layer::Lstm(lstm) => lstm.forward(batch, time, x, &mut y),
            }
            steps = Some(y);
        }
        steps
    }
}

fn bi_gru(
    path: &str,
    [input, hidden]: [usize; 2],
    reset: Reset,
    tensors: &mut Tensors<'_>,
    precision: Precision,
) -> Result<gru::PreparedBiGru, NetworkError> {
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
    let reset = match reset {
        Reset::Before => gru::Reset::Before,
        Reset::After => gru::Reset::After,
    };
    let precision = precision.into();
    let shape = BiGruShape { batch: 0, time: 0, input, hidden, reset, precision };
    Ok(gru::PreparedBiGru::new(&shape, directions))
}

/// [`BiLstm`](crate::BiLstm).
#[derive(Debug)]
struct BiLstm {
    /// First step to last, then last to first.
    directions: [conv_lstm::PreparedConvLstm; 2],
    hidden: usize,
}

impl BiLstm {
    fn new(
        path: &str,
        [input, hidden]: [usize; 2],
        tensors: &mut Tensors<'_>,
        precision: Precision,
    ) -> Result<Self, NetworkError> {
        let block = as_conv_lstm(hidden);
        let shape = kernel_shape(&block, (1, input), precision);
        let mut direction = |name| {
            let (params, norm) =
                conv_lstm_tensors(&format!("{path}.{name}"), &block, &shape, tensors)?;
            Ok::<_, NetworkError>(conv_lstm::PreparedConvLstm::new(&shape, &params, norm))
        };
        Ok(Self { directions: [direction("fwd")?, direction("bwd")?], hidden })
    }

    /// From `x` `[batch, time, features]` to `y` `[batch, time, 2 * hidden]`.
    fn forward(&self, batch: usize, time: usize, x: &[f32], y: &mut [f32]) {
        let (h, features) = (self.hidden, x.len() / (batch * time));
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
    }
}
