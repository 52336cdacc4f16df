//! One training step and one inference of a bidirectional GRU layer at the size of the network.
#![allow(missing_docs, reason = "the macros of criterion define public items")]

use clstm_kernels::Precision;
use clstm_kernels::gru::{BiGruShape, DirectionParams, Reset, backward, forward};
use criterion::{Criterion, criterion_group, criterion_main};

/// Small values of both signs, without a pattern that matters.
fn values(len: usize, scale: f32) -> Vec<f32> {
    (0..len).map(|i| ((i * 7919 % 2003) as f32 / 1001.5 - 1.0) * scale).collect()
}

fn gru(c: &mut Criterion) {
    let (batch, time, input, hidden) = (32, 24, 672, 128);
    let [w, u] = [input, hidden].map(|inputs| values(3 * hidden * inputs, 0.08));
    let [b, b_hn] = [3, 1].map(|gates| values(gates * hidden, 0.1));
    let x = values(batch * time * input, 1.0);
    let dy = values(batch * time * 2 * hidden, 1.0);
    let (mut y, mut dx) = (dy.clone(), x.clone());
    for reset in [Reset::Before, Reset::After] {
        let shape = BiGruShape { batch, time, input, hidden, reset, precision: Precision::F32 };
        let b_hn = (reset == Reset::After).then_some(&b_hn[..]);
        let params = [DirectionParams { w: &w, u: &u, b: &b, b_hn }; 2];
        c.bench_function(&format!("gru/reset {reset:?}/train"), |bench| {
            bench.iter(|| {
                forward(&shape, &x, params, &mut y, true)
                    .map(|saved| backward(&shape, &x, params, saved, &dy, Some(&mut dx)))
            });
        });
        c.bench_function(&format!("gru/reset {reset:?}/infer"), |bench| {
            bench.iter(|| forward(&shape, &x, params, &mut y, false));
        });
    }
}

criterion_group!(benches, gru);
criterion_main!(benches);
