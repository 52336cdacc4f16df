//! Integration tests of the network.
#![allow(clippy::print_stderr, reason = "a skipped check is reported")]

mod allocations;
mod branches;
mod compression;
mod dimensions;
mod engine;
mod frozen;
mod fused;
mod layers;
mod network;
mod parameters;
mod precision;
#[path = "../../../clstm-kernels/tests/it/random.rs"]
mod random;
#[path = "../../../clstm-kernels/tests/it/reference.rs"]
mod reference;
mod regression;
mod roles;
#[cfg(feature = "ndarray")]
mod second_device;

use clstm_nn::burn::module::Param;
use clstm_nn::burn::tensor::{Device, Tensor, TensorData};

/// The CPU device with differentiation.
fn device() -> Device {
    Device::flex().autodiff()
}

fn tensor<const D: usize>(values: &[f32], shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), &device())
}

/// A trainable parameter with these values.
fn param<const D: usize>(values: &[f32], shape: &[usize]) -> Param<Tensor<D>> {
    let shape: [usize; D] = shape.try_into().expect("the parameter's rank");
    Param::from_tensor(tensor(values, shape))
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Largest difference relative to the largest magnitude.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let largest = a.iter().chain(b).fold(1e-3_f32, |m, v| m.max(v.abs()));
    a.iter().zip(b).fold(0.0_f32, |m, (a, b)| m.max((a - b).abs())) / largest
}
