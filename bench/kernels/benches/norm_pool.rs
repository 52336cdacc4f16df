//! Batch norm with pooling over about five million floats; compare with a copy of the same size.
#![allow(missing_docs, reason = "the macros of criterion define public items")]

use clstm_kernels::norm_pool::{NormPoolShape, PreparedNormPool, backward, forward_train};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const EPSILON: f32 = 1e-5;

fn norm_pool(c: &mut Criterion) {
    let (rows, positions, channels) = (768, 200, 32);
    let len = rows * positions * channels;
    let h: Vec<f32> = (0..len).map(|i| (i * 7919 % 2003) as f32 / 1001.5 - 1.0).collect();
    let (ones, zeros) = (vec![1.0; channels], vec![0.0; channels]);
    let mut dh = vec![0.0; len];

    let mut group = c.benchmark_group("norm_pool");
    group.throughput(Throughput::Bytes(4 * len as u64));
    group.bench_function("copy", |b| b.iter(|| dh.copy_from_slice(&h)));
    for pool in [1, 4, 16] {
        let s = NormPoolShape { rows, positions, channels, pool };
        let mut y = vec![0.0; rows * s.pooled() * channels];
        let dy = y.clone();
        group.bench_function(format!("pool {pool}/train"), |b| {
            b.iter(|| {
                let (saved, _) = forward_train(&s, &h, &ones, &zeros, EPSILON, &mut y);
                backward(&s, &h, &ones, &saved, &dy, &mut dh)
            });
        });
        group.bench_function(format!("pool {pool}/eval"), |b| {
            let prepared = PreparedNormPool::new(&ones, &zeros, &zeros, &ones, EPSILON);
            b.iter(|| prepared.forward(&s, &h, &mut y));
        });
    }
    group.finish();
}

criterion_group!(benches, norm_pool);
criterion_main!(benches);
