//! Products on packed weights at the layers' sizes, beside the `gemm` crate: elements a second are
//! floating-point operations a second.
#![allow(missing_docs, reason = "the macros of criterion define public items")]

use std::hint::black_box;

use clstm_kernels::gemm::{
    ConvTaps, GemmArgs, GemmScalar, GemmTnArgs, MatrixView, OutputMode, PackedWeights, gemm_nn,
    gemm_tn,
};
use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use half::bf16;

/// Rows, taps, depth and columns of a product.
#[derive(Clone, Copy)]
struct Size(usize, usize, usize, usize);

/// Rows from one tap to the next: the utterances of a group.
const UTTERANCE_BLOCK: usize = 16;

impl Size {
    fn label(self) -> String {
        format!("{}x{}x{}x{}", self.0, self.1, self.2, self.3)
    }

    fn weights(self) -> usize {
        self.1 * self.2 * self.3
    }

    /// Elements of the rows of all taps.
    fn activations(self) -> usize {
        (self.0 + (self.1 - 1) * UTTERANCE_BLOCK) * self.2
    }

    fn operations(self) -> Throughput {
        Throughput::Elements(2 * (self.0 * self.weights()) as u64)
    }
}

/// One utterance and a group of the narrowest and the widest block; the gradients of their states;
/// an input projection of the GRU; an FFT convolution.
const PRODUCTS: [Size; 12] = [
    Size(6, 3, 128, 512),
    Size(16, 3, 64, 256),
    Size(96, 3, 32, 128),
    Size(384, 3, 64, 256),
    Size(768, 3, 128, 512),
    Size(3200, 3, 128, 512),
    Size(96, 3, 128, 32),
    Size(768, 3, 512, 128),
    Size(768, 1, 768, 384),
    Size(12, 1, 20, 64),
    Size(384, 1, 20, 64),
    Size(112, 3, 33, 12),
];

const GRADIENTS: [Size; 5] = [
    Size(96, 3, 32, 128),
    Size(384, 3, 64, 256),
    Size(768, 3, 128, 512),
    Size(3200, 3, 128, 512),
    Size(768, 1, 768, 384),
];

const LAYERS: [Size; 2] = [Size(0, 3, 32, 128), Size(0, 3, 128, 512)];

/// Small values of both signs, without a pattern that matters.
fn values<E: GemmScalar>(len: usize) -> Vec<E> {
    (0..len).map(|i| E::from_f32((i * 7919 % 2003) as f32 / 1001.5 - 1.0)).collect()
}

fn product<E: GemmScalar>(group: &mut BenchmarkGroup<'_, WallTime>, size: Size) {
    let Size(rows, taps, depth, columns) = size;
    let (a, weights) = (values::<E>(size.activations()), values::<f32>(size.weights()));
    let strides = [depth * columns, columns, 1];
    let weights = PackedWeights::<E>::pack([taps, depth, columns], &weights, strides);
    let mut out = vec![0.0; rows * columns];
    let name = format!("{:?}", E::PRECISION);
    group.bench_function(BenchmarkId::new(name, size.label()), |bench| {
        bench.iter(|| {
            gemm_nn(GemmArgs {
                a: MatrixView::contiguous(&a, rows, depth),
                tap_stride: UTTERANCE_BLOCK * depth,
                weights: &weights,
                out: &mut out,
                out_stride: columns,
                mode: OutputMode::Accumulate,
            });
        });
    });
}

fn gradient<E: GemmScalar>(group: &mut BenchmarkGroup<'_, WallTime>, size: Size) {
    let Size(rows, taps, depth, columns) = size;
    let (a, d) = (values::<E>(size.activations()), values::<E>(rows * columns));
    let mut grad = vec![0.0; size.weights()];
    let name = format!("{:?}", E::PRECISION);
    group.bench_function(BenchmarkId::new(name, size.label()), |bench| {
        bench.iter(|| {
            gemm_tn(GemmTnArgs {
                a: MatrixView::contiguous(&a, rows, depth),
                taps: ConvTaps { count: taps, stride: UTTERANCE_BLOCK * depth },
                d: MatrixView::contiguous(&d, rows, columns),
                grad: &mut grad,
            });
        });
    });
}

/// `to[m, n] += a[m, k] b[k, n]` tap by tap, as the `gemm` crate does it.
fn peer(group: &mut BenchmarkGroup<'_, WallTime>, size: Size, transposed: bool) {
    let Size(rows, taps, depth, columns) = size;
    let a = values::<f32>(size.activations());
    let b = values::<f32>(if transposed { rows * columns } else { size.weights() });
    let mut to = vec![0.0; if transposed { size.weights() } else { rows * columns }];
    let tap_of = |tap: usize| tap * depth * columns;
    group.bench_function(BenchmarkId::new("gemm", size.label()), |bench| {
        bench.iter(|| {
            for tap in 0..taps {
                let a = &a[tap * UTTERANCE_BLOCK * depth..][..rows * depth];
                if transposed {
                    let to = &mut to[tap_of(tap)..][..depth * columns];
                    multiply([depth, rows, columns], to, a, [1, depth], &b);
                } else {
                    let b = &b[tap_of(tap)..][..depth * columns];
                    multiply([rows, depth, columns], &mut to, a, [depth, 1], b);
                }
            }
        });
    });
}

/// `to[m, n] += a[m, k] b[k, n]`, the strides of `a` given.
fn multiply([m, k, n]: [usize; 3], to: &mut [f32], a: &[f32], strides: [usize; 2], b: &[f32]) {
    assert!(a.len() >= m * k && b.len() >= k * n && to.len() >= m * n);
    let [row, column] = strides.map(|stride| stride as isize);
    // SAFETY: the operands hold their elements, which lie without gaps; `to` is borrowed mutably.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            to.as_mut_ptr(),
            1,
            n as isize,
            true,
            a.as_ptr(),
            column,
            row,
            b.as_ptr(),
            1,
            n as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

fn gemm_benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("gemm/nn");
    for size in PRODUCTS {
        group.throughput(size.operations());
        product::<f32>(&mut group, size);
        product::<bf16>(&mut group, size);
        peer(&mut group, size, false);
    }
    group.finish();
    let mut group = c.benchmark_group("gemm/tn");
    for size in GRADIENTS {
        group.throughput(size.operations());
        gradient::<f32>(&mut group, size);
        gradient::<bf16>(&mut group, size);
        peer(&mut group, size, true);
    }
    group.finish();
    let mut group = c.benchmark_group("gemm/repack");
    for size in LAYERS {
        let Size(_, taps, depth, columns) = size;
        group.throughput(Throughput::Elements(size.weights() as u64));
        let weights = values::<f32>(size.weights());
        // Weights `[columns, depth, taps]` as a convolution keeps them: forward, then transposed.
        for (name, sizes, strides) in [
            ("forward", [taps, depth, columns], [1, taps, taps * depth]),
            ("transposed", [taps, columns, depth], [1, taps * depth, taps]),
        ] {
            let mut panels = PackedWeights::<bf16>::pack(sizes, &weights, strides);
            group.bench_function(BenchmarkId::new(name, size.label()), |bench| {
                bench.iter(|| panels.repack(black_box(&weights), strides));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, gemm_benches);
criterion_main!(benches);
