//! The convolution of the waveform, block 1 of the `clstm` preset, of 16 utterances of 24 segments.
#![allow(missing_docs, reason = "the macros of criterion define public items")]

use clstm_kernels::fft_conv::FftConvPlan;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const KERNEL: usize = 400;
const STRIDE: usize = 10;
const POSITIONS: usize = 200;
const COLUMNS: usize = 4 * 32;
const UTTERANCES: usize = 16;
const TIME: usize = 24;

fn values(len: usize, scale: f32) -> Vec<f32> {
    (0..len).map(|i| ((i * 7919 % 2003) as f32 / 1001.5 - 1.0) * scale).collect()
}

fn fft_conv(c: &mut Criterion) {
    let mut group = c.benchmark_group("fft_conv");
    let plan =
        FftConvPlan::if_faster(KERNEL, STRIDE, POSITIONS, COLUMNS).expect("a size that gains");
    let w = values(KERNEL * COLUMNS, 0.05);
    for utterances in [1, UTTERANCES] {
        let segments = utterances * TIME;
        let wave = values(segments * plan.padded_length(), 0.5);
        // In the order in which a recurrent layer takes them: all utterances of a step together.
        let padded = plan.padded_length();
        let at = |i: usize| (i % utterances * TIME + i / utterances) * padded;
        let step = POSITIONS * utterances * COLUMNS;
        let mut y = values(TIME * step, 0.1);
        let [row, position] = [COLUMNS, utterances * COLUMNS];
        let to = |i: usize| i / utterances * step + i % utterances * row;

        // FLOP of the direct sum.
        let macs = segments * POSITIONS * KERNEL * COLUMNS;
        group.throughput(Throughput::Elements(2 * macs as u64));
        group.bench_function(format!("{utterances}/weights"), |b| {
            b.iter(|| plan.weight_spectra(&w))
        });
        group.bench_function(format!("{utterances}/spectra"), |b| {
            b.iter(|| plan.input_spectra(segments, &wave, at));
        });
        let weights = plan.weight_spectra(&w);
        let x = plan.input_spectra(segments, &wave, at);
        group.bench_function(format!("{utterances}/apply"), |b| {
            b.iter(|| plan.convolve(&weights, &x, 0..segments, &mut y, position, to));
        });
        group.bench_function(format!("{utterances}/accumulate"), |b| {
            b.iter(|| {
                let mut grad = plan.zero_gradient();
                plan.accumulate_gradient(&x, 0..segments, &y, position, to, &mut grad);
                plan.weight_gradient(&grad)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, fft_conv);
criterion_main!(benches);
