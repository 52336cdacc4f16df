//! The layers as single operations of the CPU device, plugged into Burn.
//!
//! Each operation has a hand-written backward pass. What a forward pass saved travels in the autodiff
//! graph inside a closure that turns the output's gradient into those of the inputs.
//!
//! What a forward pass saves comes from the kernels' buffer pool. Outputs and gradients do not: they are Burn tensors,
//! which own their memory.

#[cfg(feature = "train")]
mod autodiff;
mod operation;

use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::Dispatch;
use burn::tensor::{Device, Tensor, TensorData};
use clstm_kernels::conv_lstm::{ConvLstmShape, Peepholes};
use clstm_kernels::{conv_2d, filterbank};

use crate::norm_pool::RunningStatistics;
use crate::{BiGru, ConvLstm, Mode, NormPool, NormPoolConfig};
use operation::{BatchStatistics, ConvLstmCall, FusedOps, LflbCall, NormPoolCall};

/// Whether the device has the fused layers: the CPU device, differentiating or not.
pub(crate) fn runs_on(device: &Device) -> bool {
    *device == Device::flex()
}

/// Where an operation leaves the statistics of its batch: mean and variance per channel.
type StatsCell = Arc<Mutex<Option<BatchStatistics>>>;

/// Updates the running statistics with those that an operation published, if the mode updates them.
fn update_running_stats(stats: &StatsCell, running: &RunningStatistics, count: usize, mode: Mode) {
    let published = stats.lock().unwrap_or_else(PoisonError::into_inner).take();
    // The step on such a batch is skipped; the statistics must be usable after it.
    let finite = |(mean, variance): &BatchStatistics| {
        mean.iter().chain(variance).all(|value| value.is_finite())
    };
    let published = published.filter(|stats| mode.updates_stats() && finite(stats));
    if let Some((mean, variance)) = published {
        let device = running.mean.value().device();
        let tensor = |values: Vec<f32>| {
            let channels = values.len();
            Tensor::<1>::from_data(TensorData::new(values, [channels]), &device)
        };
        running.update(tensor(mean), tensor(variance), count);
    }
}

/// A tensor for an input that this layer does not have.
fn placeholder(device: &Device) -> Tensor<1> {
    Tensor::zeros([1], device)
}

/// What a ConvLSTM call has beside its input: peepholes, the norm's scale, and the rest.
fn conv_lstm_call(
    layer: &ConvLstm,
    shape: ConvLstmShape,
    mode: Mode,
    device: &Device,
) -> (Tensor<3>, Tensor<1>, ConvLstmCall) {
    let statistics = layer.statistics.as_ref().filter(|_| mode.uses_running_stats());
    let running = statistics.map(RunningStatistics::values);
    let call = ConvLstmCall {
        shape,
        normalized: layer.gamma.is_some(),
        running,
        statistics: StatsCell::default(),
    };
    let peephole = match (&layer.peephole, shape.peepholes) {
        (Some(peephole), Peepholes::Channel | Peepholes::Full) => peephole.val(),
        _ => Tensor::zeros([1, 1, 1], device),
    };
    let gamma = layer.gamma.as_ref().map_or_else(|| placeholder(device), |gamma| gamma.val());
    (peephole, gamma, call)
}

/// Moves the ConvLSTM's running statistics by what its call left.
fn update_input_stats(layer: &ConvLstm, shape: &ConvLstmShape, stats: &StatsCell, mode: Mode) {
    if let Some(statistics) = &layer.statistics {
        let count = shape.batch * shape.time * shape.positions();
        update_running_stats(stats, statistics, count, mode);
    }
}

pub(crate) fn conv_lstm(
    x: Tensor<4>,
    layer: &ConvLstm,
    shape: ConvLstmShape,
    mode: Mode,
) -> Tensor<4> {
    let (peephole, gamma, call) = conv_lstm_call(layer, shape, mode, &x.device());
    let stats = call.statistics.clone();
    let y = <Dispatch as FusedOps>::conv_lstm(
        x.into_dispatch(),
        layer.w_x.val().into_dispatch(),
        layer.w_h.val().into_dispatch(),
        layer.bias.val().into_dispatch(),
        peephole.into_dispatch(),
        gamma.into_dispatch(),
        call,
    );
    update_input_stats(layer, &shape, &stats, mode);
    Tensor::from_dispatch(y)
}

/// ConvLSTM, batch norm and pooling, the hidden states never being a tensor.
pub(crate) fn lflb(
    x: Tensor<4>,
    layer: &ConvLstm,
    norm_pool: &NormPool,
    shape: ConvLstmShape,
    mode: Mode,
) -> Tensor<4> {
    let (peephole, gamma, conv_lstm) = conv_lstm_call(layer, shape, mode, &x.device());
    let (input_stats, stats) = (conv_lstm.statistics.clone(), StatsCell::default());
    let call = LflbCall {
        conv_lstm,
        pool: norm_pool.pool,
        running: mode.uses_running_stats().then(|| norm_pool.statistics.values()),
        statistics: stats.clone(),
    };
    let y = <Dispatch as FusedOps>::lflb(
        x.into_dispatch(),
        layer.w_x.val().into_dispatch(),
        layer.w_h.val().into_dispatch(),
        layer.bias.val().into_dispatch(),
        peephole.into_dispatch(),
        gamma.into_dispatch(),
        norm_pool.gamma.val().into_dispatch(),
        norm_pool.beta.val().into_dispatch(),
        call,
    );
    update_input_stats(layer, &shape, &input_stats, mode);
    let count = shape.batch * shape.time * shape.positions();
    update_running_stats(&stats, &norm_pool.statistics, count, mode);
    Tensor::from_dispatch(y)
}

pub(crate) fn norm_pool(h: Tensor<4>, layer: &NormPool, mode: Mode) -> Tensor<4> {
    let [batch, time, positions, channels] = h.dims();
    let shape = NormPoolConfig { channels, pool: layer.pool }.kernel_shape(batch * time, positions);
    let stats = StatsCell::default();
    let running = mode.uses_running_stats().then(|| layer.statistics.values());
    let y = <Dispatch as FusedOps>::norm_pool(
        h.into_dispatch(),
        layer.gamma.val().into_dispatch(),
        layer.beta.val().into_dispatch(),
        NormPoolCall {
            shape,
            output: [batch, time, shape.pooled(), channels],
            running,
            statistics: stats.clone(),
        },
    );
    update_running_stats(&stats, &layer.statistics, batch * time * positions, mode);
    Tensor::from_dispatch(y)
}

/// The convolution of `x` `[B, T, L, C]` with `weight` `[kT, kL, C, H]`.
pub(crate) fn conv_2d(x: Tensor<4>, weight: Tensor<4>, shape: conv_2d::Conv2dShape) -> Tensor<4> {
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(<Dispatch as FusedOps>::conv_2d(x, weight, shape))
}

/// Energies `[B, frames, F]` of a waveform `[B, N]` behind filters `[2, F, K]`.
pub(crate) fn filterbank(
    x: Tensor<2>,
    taps: Tensor<3>,
    shape: filterbank::FilterbankShape,
) -> Tensor<3> {
    let (x, taps) = (x.into_dispatch(), taps.into_dispatch());
    Tensor::from_dispatch(<Dispatch as FusedOps>::filterbank(x, taps, shape))
}

pub(crate) fn bi_gru(x: Tensor<3>, layer: &BiGru) -> Tensor<3> {
    let device = x.device();
    let [batch, time, _] = x.dims();
    let shape = layer.config.kernel_shape(batch, time, layer.precision);
    let bn = |bn: &Option<burn::module::Param<Tensor<1>>>| {
        bn.as_ref().map_or_else(|| placeholder(&device), |bn| bn.val()).into_dispatch()
    };
    let y = <Dispatch as FusedOps>::bi_gru(
        x.into_dispatch(),
        layer.fwd.w.val().into_dispatch(),
        layer.fwd.u.val().into_dispatch(),
        layer.fwd.b.val().into_dispatch(),
        bn(&layer.fwd.bn),
        layer.bwd.w.val().into_dispatch(),
        layer.bwd.u.val().into_dispatch(),
        layer.bwd.b.val().into_dispatch(),
        bn(&layer.bwd.bn),
        shape,
    );
    Tensor::from_dispatch(y)
}
