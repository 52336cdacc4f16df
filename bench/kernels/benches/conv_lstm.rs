//! The four ConvLSTM layers of the `clstm` preset: a training step and inference, 16 utterances.
#![allow(missing_docs, reason = "the macros of criterion define public items")]

use clstm_kernels::Precision;
use clstm_kernels::conv_lstm::{ConvLstmShape, InputNorm, Params, Peepholes, backward, forward};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn values(len: usize, scale: f32) -> Vec<f32> {
    (0..len).map(|i| ((i * 7919 % 2003) as f32 / 1001.5 - 1.0) * scale).collect()
}

fn conv_lstm(c: &mut Criterion) {
    let layers =
        [(1, 2000, 32, 400, 10), (32, 13, 64, 3, 1), (64, 7, 96, 3, 1), (96, 7, 128, 3, 1)];
    let mut group = c.benchmark_group("conv_lstm");
    for (index, (channels, length, filters, kernel_input, stride)) in layers.into_iter().enumerate()
    {
        let shape = ConvLstmShape {
            batch: 16,
            time: 16,
            channels,
            length,
            filters,
            kernel_input,
            kernel_state: 3,
            stride,
            peepholes: Peepholes::Channel,
            precision: Precision::F32,
        };
        let steps = shape.batch * shape.time;
        let macs = shape.positions() * 4 * filters * (channels * kernel_input + filters * 3);
        group.throughput(Throughput::Elements(2 * (macs * steps) as u64)); // FLOP of the forward pass
        let x = values(steps * length * channels, 0.5);
        let w_x = values(4 * filters * channels * kernel_input, 0.05);
        let w_h = values(4 * filters * filters * 3, 0.05);
        let (bias, peephole) = (values(4 * filters, 0.1), values(3 * filters, 0.1));
        let gamma = vec![1.0; 4 * filters];
        let params = Params { w_x: &w_x, w_h: &w_h, bias: &bias, peephole: &peephole };
        let norm = InputNorm::Batch { gamma: &gamma, epsilon: 1e-5 };
        let mut y = vec![0.0; steps * shape.positions() * filters];
        let dy = values(y.len(), 0.1);
        let mut dx = vec![0.0; x.len()];
        group.bench_function(format!("block {}/train", index + 1), |b| {
            b.iter(|| {
                let (saved, _) = forward(&shape, &x, &params, norm, &mut y, true);
                let dx = (index > 0).then_some(&mut dx[..]);
                backward(&shape, saved.expect("kept"), &dy, dx)
            });
        });
        group.bench_function(format!("block {}/infer", index + 1), |b| {
            b.iter(|| forward(&shape, &x, &params, InputNorm::None, &mut y, false));
        });
    }
    group.finish();
}

criterion_group!(benches, conv_lstm);
criterion_main!(benches);
