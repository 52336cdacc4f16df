//! The fused layers against their compositions where the reference vectors do not reach: batch
//! statistics, pooling, inference.

use clstm_kernels::{Precision, conv_2d, filterbank};
use clstm_nn::burn::tensor::{Tensor, activation};
use clstm_nn::{
    ConvBlockConfig, ConvBlockSpec, ConvLstmConfig, FilterbankConfig, FilterbankSpec, LflbConfig,
    Mode, NormPoolConfig, Peepholes, WeightInit, parameters, reference,
};

use crate::random::Random;
use crate::{device, distance, floats, param, tensor};

const TRAINING: Mode = Mode::training(5);

fn block(peepholes: Peepholes, stride: usize) -> LflbConfig {
    LflbConfig {
        filters: 6,
        kernel_input: 5,
        kernel_state: 3,
        stride,
        pool: 1,
        peepholes,
        input_norm: true,
    }
}

/// The gradient of `x` and the output, and what inference gives afterwards.
fn run(
    x: &Tensor<4>,
    weight: &Tensor<4>,
    forward: &dyn Fn(Tensor<4>, Mode) -> Tensor<4>,
) -> [Vec<f32>; 3] {
    let x = x.clone().require_grad();
    let y = forward(x.clone(), TRAINING);
    let grads = (y.clone() * weight.clone()).sum().backward();
    let dx = floats(x.grad(&grads).expect("a gradient"));
    [floats(y), dx, floats(forward(x.detach(), Mode::Inference))]
}

#[test]
fn normalised_conv_lstm_is_its_composition() {
    let mut random = Random::new(1);
    for (channels, stride, peepholes) in
        [(1, 3, Peepholes::Full), (4, 1, Peepholes::Channel), (3, 2, Peepholes::None)]
    {
        let config = ConvLstmConfig {
            length: 14,
            channels,
            block: block(peepholes, stride),
            sample_rate: 0,
        };
        // Two layers with the same weights: each has running statistics of its own.
        let [a, b] = [0, 1].map(|_| {
            let mut layer = config.init(&mut WeightInit::new(3), &device());
            layer.gamma = Some(param(&Random::new(9).vec(24, 2.0), &[24]));
            layer
        });
        let x = tensor::<4>(&random.vec(3 * 4 * 14 * channels, 1.0), [3, 4, 14, channels]);
        let positions = 14_usize.div_ceil(stride);
        let weight = random.vec(3 * 4 * positions * 6, 1.0);
        let weight = tensor::<4>(&weight, [3, 4, positions, 6]);
        let fused = run(&x, &weight, &|x, mode| a.forward(x, mode));
        let composition = run(&x, &weight, &|x, mode| reference::conv_lstm(x, &b, mode));
        for (what, (a, b)) in
            ["output", "gradient", "inference"].iter().zip(fused.iter().zip(&composition))
        {
            assert!(distance(a, b) < 1e-5, "{what}: {}", distance(a, b));
        }
        for (a, b) in parameters(&a).iter().zip(&parameters(&b)) {
            assert!(distance(&a.values, &b.values) < 1e-5, "{} after a step", a.name);
        }
    }
}

#[test]
fn norm_and_pooling_is_its_composition() {
    let mut random = Random::new(2);
    for (positions, pool) in [(13, 4), (12, 4), (7, 1), (3, 5)] {
        let [a, b] = [0, 1].map(|_| {
            let config = NormPoolConfig { channels: 5, pool };
            let mut layer = config.init(&mut WeightInit::new(0), &device());
            layer.gamma = param(&[1.0, -0.5, 2.0, 0.3, -1.0], &[5]);
            layer.beta = param(&[0.1, 0.2, -0.3, 0.0, 1.0], &[5]);
            layer
        });
        let shape = [3, 4, positions, 5];
        let x = tensor::<4>(&random.vec(shape.iter().product(), 1.0), shape);
        let shape = [3, 4, positions.div_ceil(pool), 5];
        let weight = tensor::<4>(&random.vec(shape.iter().product(), 1.0), shape);
        let fused = run(&x, &weight, &|x, mode| a.forward(x, mode));
        let composition = run(&x, &weight, &|x, mode| reference::norm_pool(x, &b, mode));
        for (a, b) in fused.iter().zip(&composition) {
            assert!(distance(a, b) < 1e-5, "{positions} by {pool}: {}", distance(a, b));
        }
    }
}

#[test]
fn a_convolutional_block_is_its_composition() {
    let mut random = Random::new(3);
    for (kernel_time, kernel_length, stride_time) in [(3, 3, 1), (3, 3, 2), (2, 4, 3), (1, 1, 2)] {
        let config =
            ConvBlockConfig { filters: 6, kernel_time, kernel_length, stride_time, pool: 2 };
        let [a, b] = [0, 1].map(|_| {
            ConvBlockSpec { config, length: 9, channels: 4 }
                .init(&mut WeightInit::new(3), &device())
        });
        let x = tensor::<4>(&random.vec(2 * 7 * 9 * 4, 1.0), [2, 7, 9, 4]);
        let steps = 7_usize.div_ceil(stride_time);
        let weight = tensor::<4>(&random.vec(2 * steps * 5 * 6, 1.0), [2, steps, 5, 6]);
        let shape = conv_2d::Conv2dShape {
            batch: 2,
            time: 7,
            length: 9,
            channels: 4,
            filters: 6,
            kernel_time,
            kernel_length,
            stride_time,
            precision: Precision::F32,
        };
        let fused = run(&x, &weight, &|x, mode| a.forward(x, mode));
        let composition = run(&x, &weight, &|x, mode| {
            let y = reference::conv_2d(x, b.weight.val(), shape);
            activation::relu(reference::norm_pool(y, &b.norm_pool, mode))
        });
        for (a, b) in fused.iter().zip(&composition) {
            assert!(distance(a, b) < 1e-5, "{shape:?}: {}", distance(a, b));
        }
    }
}

#[test]
fn a_filterbank_and_its_gradients_are_their_composition() {
    let config = FilterbankConfig {
        filters: 6,
        kernel: 50,
        stride: 8,
        pool: 3,
        freq_mask_max_width: 0,
        mean_normalize: false,
        vtlp_max: 0.0,
        mixstyle_prob: 0.0,
    };
    let bank =
        FilterbankSpec { config, sample_rate: 16_000 }.init(&mut WeightInit::new(0), &device());
    let shape = filterbank::FilterbankShape {
        batch: 2,
        samples: 500,
        filters: 6,
        kernel: 50,
        stride: 8,
        pool: 3,
    };
    let mut random = Random::new(4);
    let x = tensor::<2>(&random.vec(1_000, 0.5), [2, 500]);
    let frames = shape.frames();
    let weight = tensor::<3>(&random.vec(2 * frames * 6, 1.0), [2, frames, 6]);
    // The layer is the composition of its taps, its logarithm and its norm.
    let whole = bank.forward(x.clone(), TRAINING).reshape([2, frames, 6]);
    let energies = reference::filterbank(x, bank.taps(1.0), shape);
    let logs = (energies.clone() + bank.floor.val().exp().reshape([1, 1, 6])).log();
    let parts =
        bank.norm.forward(logs.reshape([2, frames, 1, 6]), TRAINING).reshape([2, frames, 6]);
    let gradients = |y: &Tensor<3>| {
        let grads = (y.clone() * weight.clone()).sum().backward();
        [&bank.center, &bank.width, &bank.floor].map(|p| floats(p.val().grad(&grads).expect("one")))
    };
    let (a, b) = (gradients(&whole), gradients(&parts));
    assert!(distance(&floats(whole), &floats(parts)) < 1e-5);
    for (name, (a, b)) in ["center", "width", "floor"].iter().zip(a.iter().zip(&b)) {
        // The floor's are small: it is small itself.
        assert!(a.iter().any(|g| g.abs() > 1e-5), "{name} gets a gradient: {a:?}");
        // A centre's gradient sums terms of both signs, a hundred times larger than itself.
        assert!(distance(a, b) < 1e-3, "{name}: {a:?} for {b:?}");
    }
}
