//! The operations on the CPU device's own tensors.

use std::sync::PoisonError;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex, backend_extension};
use burn::tensor::TensorData;
use burn_flex::FlexTensor;
use clstm_kernels::conv_lstm::{self, ConvLstmShape, InputNorm, Params, Peepholes};
use clstm_kernels::gru::{self, BiGruShape, DirectionParams, Reset};
use clstm_kernels::lflb::{self, OutputNorm};
use clstm_kernels::norm_pool::{self, NormPoolShape};
use clstm_kernels::{conv_2d, filterbank};

use super::StatsCell;
use crate::norm_pool::EPSILON;

/// Mean and variance per channel.
pub(super) type BatchStatistics = (Vec<f32>, Vec<f32>);

/// What a ConvLSTM call has beside its tensors.
#[derive(Clone, Debug)]
pub(crate) struct ConvLstmCall {
    pub(super) shape: ConvLstmShape,
    pub(super) normalized: bool,
    /// Statistics to normalise by; those of the batch where there are none.
    pub(super) running: Option<BatchStatistics>,
    pub(super) statistics: StatsCell,
}

impl ConvLstmCall {
    fn norm<'a>(&'a self, gamma: &'a [f32]) -> InputNorm<'a> {
        match &self.running {
            _ if !self.normalized => InputNorm::None,
            Some((mean, variance)) => InputNorm::Fixed { gamma, mean, variance, epsilon: EPSILON },
            None => InputNorm::Batch { gamma, epsilon: EPSILON },
        }
    }
}

/// What a norm and pooling call has beside its tensors.
#[derive(Clone, Debug)]
pub(crate) struct NormPoolCall {
    pub(super) shape: NormPoolShape,
    /// `[batch, time, pooled, channels]`
    pub(super) output: [usize; 4],
    /// Statistics to normalise by; those of the batch where there are none.
    pub(super) running: Option<BatchStatistics>,
    pub(super) statistics: StatsCell,
}

/// What a call of a whole block has beside its tensors.
#[derive(Clone, Debug)]
pub(crate) struct LflbCall {
    pub(super) conv_lstm: ConvLstmCall,
    /// Positions pooled into one.
    pub(super) pool: usize,
    /// Statistics to normalise the states by; those of the batch where there are none.
    pub(super) running: Option<BatchStatistics>,
    pub(super) statistics: StatsCell,
}

impl LflbCall {
    pub(super) fn shape(&self) -> lflb::LflbShape {
        lflb::LflbShape { conv_lstm: self.conv_lstm.shape, pool: self.pool }
    }
}

#[cfg_attr(feature = "train", backend_extension(Flex, Autodiff))]
#[cfg_attr(not(feature = "train"), backend_extension(Flex))]
#[expect(clippy::too_many_arguments, reason = "one argument a tensor of the layer")]
pub(crate) trait FusedOps: Backend {
    fn conv_lstm(
        x: FloatTensor<Self>,
        w_x: FloatTensor<Self>,
        w_h: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        peephole: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        call: ConvLstmCall,
    ) -> FloatTensor<Self>;

    fn lflb(
        x: FloatTensor<Self>,
        w_x: FloatTensor<Self>,
        w_h: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        peephole: FloatTensor<Self>,
        input_gamma: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        call: LflbCall,
    ) -> FloatTensor<Self>;

    fn norm_pool(
        h: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        call: NormPoolCall,
    ) -> FloatTensor<Self>;

    fn conv_2d(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        shape: conv_2d::Conv2dShape,
    ) -> FloatTensor<Self>;

    fn filterbank(
        x: FloatTensor<Self>,
        taps: FloatTensor<Self>,
        shape: filterbank::FilterbankShape,
    ) -> FloatTensor<Self>;

    fn bi_gru(
        x: FloatTensor<Self>,
        fwd_w: FloatTensor<Self>,
        fwd_u: FloatTensor<Self>,
        fwd_b: FloatTensor<Self>,
        fwd_bn: FloatTensor<Self>,
        bwd_w: FloatTensor<Self>,
        bwd_u: FloatTensor<Self>,
        bwd_b: FloatTensor<Self>,
        bwd_bn: FloatTensor<Self>,
        shape: BiGruShape,
    ) -> FloatTensor<Self>;
}

impl FusedOps for Flex {
    fn conv_lstm(
        x: FlexTensor,
        w_x: FlexTensor,
        w_h: FlexTensor,
        bias: FlexTensor,
        peephole: FlexTensor,
        gamma: FlexTensor,
        call: ConvLstmCall,
    ) -> FlexTensor {
        let inputs = [x, w_x, w_h, bias, peephole, gamma].map(|t| t.to_contiguous());
        conv_lstm_forward(&inputs, &call, false).0
    }

    fn lflb(
        x: FlexTensor,
        w_x: FlexTensor,
        w_h: FlexTensor,
        bias: FlexTensor,
        peephole: FlexTensor,
        input_gamma: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        call: LflbCall,
    ) -> FlexTensor {
        let inputs = [x, w_x, w_h, bias, peephole, input_gamma, gamma, beta];
        lflb_forward(&inputs.map(|t| t.to_contiguous()), &call, false).0
    }

    fn norm_pool(
        h: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        call: NormPoolCall,
    ) -> FlexTensor {
        let inputs = [h, gamma, beta].map(|t| t.to_contiguous());
        norm_pool_forward(&inputs, &call).0
    }

    fn conv_2d(x: FlexTensor, weight: FlexTensor, shape: conv_2d::Conv2dShape) -> FlexTensor {
        conv_2d_forward(&[x, weight].map(|t| t.to_contiguous()), &shape)
    }

    fn filterbank(
        x: FlexTensor,
        taps: FlexTensor,
        shape: filterbank::FilterbankShape,
    ) -> FlexTensor {
        filterbank_forward(&[x, taps].map(|t| t.to_contiguous()), &shape, false).0
    }

    fn bi_gru(
        x: FlexTensor,
        fwd_w: FlexTensor,
        fwd_u: FlexTensor,
        fwd_b: FlexTensor,
        fwd_bn: FlexTensor,
        bwd_w: FlexTensor,
        bwd_u: FlexTensor,
        bwd_b: FlexTensor,
        bwd_bn: FlexTensor,
        shape: BiGruShape,
    ) -> FlexTensor {
        let inputs = [x, fwd_w, fwd_u, fwd_b, fwd_bn, bwd_w, bwd_u, bwd_b, bwd_bn];
        bi_gru_forward(&inputs.map(|t| t.to_contiguous()), &shape, false).0
    }
}

/// The values of a contiguous tensor.
///
/// # Panics
/// If it is not one of `f32`: the network has no others.
pub(super) fn slice(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice::<f32>().expect("a contiguous f32 tensor")
}

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

fn publish_stats(stats: &StatsCell, mean: Vec<f32>, variance: Vec<f32>) {
    *stats.lock().unwrap_or_else(PoisonError::into_inner) = Some((mean, variance));
}

/// The parameters among the inputs `x, w_x, w_h, bias, peephole, ..` of an operation.
fn conv_lstm_params<'a>(inputs: &'a [FlexTensor], shape: &ConvLstmShape) -> Params<'a> {
    let [_, w_x, w_h, bias, peephole, ..] = inputs else {
        unreachable!("an operation has all its inputs")
    };
    let peephole = match shape.peepholes {
        Peepholes::None => &[],
        _ => slice(peephole),
    };
    Params { w_x: slice(w_x), w_h: slice(w_h), bias: slice(bias), peephole }
}

pub(super) fn conv_lstm_forward(
    inputs: &[FlexTensor; 6],
    call: &ConvLstmCall,
    keep: bool,
) -> (FlexTensor, Option<conv_lstm::Saved>) {
    let shape = &call.shape;
    let norm = call.norm(slice(&inputs[5]));
    let dims = [shape.batch, shape.time, shape.positions(), shape.filters];
    let mut y = vec![0.0; dims.iter().product()];
    let params = conv_lstm_params(inputs, shape);
    let (saved, statistics) =
        conv_lstm::forward(shape, slice(&inputs[0]), &params, norm, &mut y, keep);
    if let Some(statistics) = statistics {
        publish_stats(&call.statistics, statistics.mean, statistics.variance);
    }
    (tensor(y, dims), saved)
}

pub(super) fn lflb_forward(
    inputs: &[FlexTensor; 8],
    call: &LflbCall,
    keep: bool,
) -> (FlexTensor, Option<lflb::Saved>) {
    let shape = call.shape();
    let layer = &shape.conv_lstm;
    let [x, .., input_gamma, gamma, beta] = inputs;
    let output_norm = OutputNorm {
        gamma: slice(gamma),
        beta: slice(beta),
        running: call.running.as_ref().map(|(mean, variance)| (&mean[..], &variance[..])),
        epsilon: EPSILON,
    };
    let input_norm = call.conv_lstm.norm(slice(input_gamma));
    let params = conv_lstm_params(inputs, layer);
    let dims = [layer.batch, layer.time, shape.pooled(), layer.filters];
    let mut y = vec![0.0; dims.iter().product()];
    let (saved, statistics) =
        lflb::forward(&shape, slice(x), &params, input_norm, output_norm, &mut y, keep);
    if let Some(statistics) = statistics.input {
        publish_stats(&call.conv_lstm.statistics, statistics.mean, statistics.variance);
    }
    if let Some(statistics) = statistics.output {
        publish_stats(&call.statistics, statistics.mean, statistics.variance);
    }
    (tensor(y, dims), saved)
}

pub(super) fn norm_pool_forward(
    [h, gamma, beta]: &[FlexTensor; 3],
    call: &NormPoolCall,
) -> (FlexTensor, Option<norm_pool::Saved>) {
    let (h, gamma, beta) = (slice(h), slice(gamma), slice(beta));
    let mut y = vec![0.0; call.output.iter().product()];
    let saved = match &call.running {
        Some((mean, variance)) => {
            norm_pool::PreparedNormPool::new(gamma, beta, mean, variance, EPSILON).forward(
                &call.shape,
                h,
                &mut y,
            );
            None
        }
        None => {
            let (saved, statistics) =
                norm_pool::forward_train(&call.shape, h, gamma, beta, EPSILON, &mut y);
            publish_stats(&call.statistics, statistics.mean, statistics.variance);
            Some(saved)
        }
    };
    (tensor(y, call.output), saved)
}

pub(super) fn conv_2d_forward(
    [x, weight]: &[FlexTensor; 2],
    shape: &conv_2d::Conv2dShape,
) -> FlexTensor {
    let dims = [shape.batch, shape.steps(), shape.length, shape.filters];
    let mut y = vec![0.0; dims.iter().product()];
    conv_2d::forward(shape, slice(x), slice(weight), &mut y);
    tensor(y, dims)
}

pub(super) fn filterbank_forward(
    [x, taps]: &[FlexTensor; 2],
    shape: &filterbank::FilterbankShape,
    keep: bool,
) -> (FlexTensor, Option<filterbank::Saved>) {
    let dims = [shape.batch, shape.frames(), shape.filters];
    let mut energies = vec![0.0; dims.iter().product()];
    let saved = filterbank::forward(shape, slice(x), slice(taps), &mut energies, keep);
    (tensor(energies, dims), saved)
}

pub(super) fn bi_gru_directions<'a>(
    [_, fwd_w, fwd_u, fwd_b, fwd_bn, bwd_w, bwd_u, bwd_b, bwd_bn]: &'a [FlexTensor; 9],
    shape: &BiGruShape,
) -> [DirectionParams<'a>; 2] {
    [[fwd_w, fwd_u, fwd_b, fwd_bn], [bwd_w, bwd_u, bwd_b, bwd_bn]].map(|[w, u, b, bn]| {
        DirectionParams {
            w: slice(w),
            u: slice(u),
            b: slice(b),
            b_hn: (shape.reset == Reset::After).then(|| slice(bn)),
        }
    })
}

pub(super) fn bi_gru_forward(
    inputs: &[FlexTensor; 9],
    shape: &BiGruShape,
    keep: bool,
) -> (FlexTensor, Option<gru::Saved>) {
    let dims = [shape.batch, shape.time, 2 * shape.hidden];
    let mut y = vec![0.0; dims.iter().product()];
    let directions = bi_gru_directions(inputs, shape);
    let saved = gru::forward(shape, slice(&inputs[0]), directions, &mut y, keep);
    (tensor(y, dims), saved)
}
