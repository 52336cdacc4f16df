//! The fused layers against their compositions where the reference vectors do not reach: batch
//! statistics, pooling, inference.

use clstm_nn::burn::tensor::Tensor;
use clstm_nn::{
    ConvLstmConfig, Initializer, LflbConfig, Mode, NormPoolConfig, Peepholes, composed, parameters,
};

use crate::random::Random;
use crate::{device, distance, floats, param, tensor};

const TRAINING: Mode = Mode::Training { seed: 5 };

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
            let mut layer = config.init(&mut Initializer::new(3), &device());
            layer.gamma = Some(param(&Random::new(9).vec(24, 2.0), &[24]));
            layer
        });
        let x = tensor::<4>(&random.vec(3 * 4 * 14 * channels, 1.0), [3, 4, 14, channels]);
        let positions = 14_usize.div_ceil(stride);
        let weight = random.vec(3 * 4 * positions * 6, 1.0);
        let weight = tensor::<4>(&weight, [3, 4, positions, 6]);
        let fused = run(&x, &weight, &|x, mode| a.forward(x, mode));
        let composition = run(&x, &weight, &|x, mode| composed::conv_lstm(x, &b, mode));
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
            let mut layer = config.init(&mut Initializer::new(0), &device());
            layer.gamma = param(&[1.0, -0.5, 2.0, 0.3, -1.0], &[5]);
            layer.beta = param(&[0.1, 0.2, -0.3, 0.0, 1.0], &[5]);
            layer
        });
        let shape = [3, 4, positions, 5];
        let x = tensor::<4>(&random.vec(shape.iter().product(), 1.0), shape);
        let shape = [3, 4, positions.div_ceil(pool), 5];
        let weight = tensor::<4>(&random.vec(shape.iter().product(), 1.0), shape);
        let fused = run(&x, &weight, &|x, mode| a.forward(x, mode));
        let composition = run(&x, &weight, &|x, mode| composed::norm_pool(x, &b, mode));
        for (a, b) in fused.iter().zip(&composition) {
            assert!(distance(a, b) < 1e-5, "{positions} by {pool}: {}", distance(a, b));
        }
    }
}
