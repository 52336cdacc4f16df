//! Products on packed weights, on every instruction set of this processor.

use clstm_kernels::Precision;
use clstm_kernels::gemm::reference::{self, ReferenceArgs};
use clstm_kernels::gemm::{
    ConvTaps, GemmArgs, GemmScalar, GemmTnArgs, InstructionSet, MatrixView, OutputMode,
    PackedWeights, gemm_nn, gemm_tn_with,
};
use half::bf16;
use proptest::prelude::*;

use crate::random::Random;

/// Value outside of the operands: reading it would show in the sums.
const OUTSIDE: f32 = f32::NAN;
/// Value around the output, which must not change.
const GUARD: f32 = 1234.5;

/// Sizes of a product, and strides that may overlap.
#[derive(Clone, Copy, Debug)]
struct Case {
    rows: usize,
    taps: usize,
    depth: usize,
    columns: usize,
    a_stride: usize,
    tap_stride: usize,
    /// Between the rows of the output, or of `d`, beyond their columns.
    gap: usize,
    seed: u64,
}

/// Divides the sizes for Miri, which interprets some ten thousand operations per second.
const SMALLER: usize = if cfg!(miri) { 8 } else { 1 };

/// Sizes from 0 on, even and odd, below and above those of a tile.
fn cases() -> impl Strategy<Value = Case> {
    let sizes = (0..=40 / SMALLER, 0..=4_usize, 0..=70 / SMALLER, 0..=140 / SMALLER);
    (sizes, 0..=80 / SMALLER, 0..=90 / SMALLER, 0..=5_usize, any::<u64>()).prop_map(
        |((rows, taps, depth, columns), a_stride, tap_stride, gap, seed)| Case {
            rows,
            taps,
            depth,
            columns,
            a_stride,
            tap_stride,
            gap,
            seed,
        },
    )
}

/// All sizes from {0, 1, 3}: nothing, one element, an odd number. Miri runs every fifth, each size in each place.
fn degenerate() -> impl Iterator<Item = Case> {
    const SIZES: [usize; 3] = [0, 1, 3];
    (0..81).step_by(if cfg!(miri) { 5 } else { 1 }).map(|i| {
        let size = |place: usize| SIZES[i / 3_usize.pow(place as u32) % 3];
        Case {
            rows: size(0),
            taps: size(1),
            depth: size(2),
            columns: size(3),
            // Large strides: with nothing to read, an address computed from them must not matter.
            a_stride: 1 << 40,
            tap_stride: 1 << 50,
            gap: 2,
            seed: i as u64,
        }
    })
}

/// Sizes that take several passes, panels and tiles of every height.
fn large() -> impl Iterator<Item = Case> {
    [(700, 3, 30, 200), (1100, 1, 13, 70), (59, 2, 101, 333), (12, 1, 20, 64)].into_iter().map(
        |(rows, taps, depth, columns)| Case {
            rows,
            taps,
            depth,
            columns,
            a_stride: depth,
            tap_stride: 16 * depth,
            gap: 0,
            seed: 7,
        },
    )
}

/// The elements at `at` random, all others NaN.
fn operand<E: GemmScalar>(random: &mut Random, at: impl Iterator<Item = usize> + Clone) -> Vec<E> {
    // As long as its last element: reading further is out of bounds, which Miri and valgrind detect.
    let len = at.clone().max().map_or(0, |last| last + 1);
    let mut data = vec![E::from_f32(OUTSIDE); len];
    at.for_each(|at| data[at] = E::from_f32(random.next()));
    data
}

impl Case {
    /// Where `a` has an element.
    fn a(self) -> impl Iterator<Item = usize> + Clone {
        (0..self.rows).flat_map(move |r| {
            (0..self.taps).flat_map(move |tap| {
                let at = r * self.a_stride + tap * self.tap_stride;
                at..at + self.depth
            })
        })
    }

    /// Where `d`, or the output, has one.
    fn d(self) -> impl Iterator<Item = usize> + Clone {
        let stride = self.columns + self.gap;
        (0..self.rows).flat_map(move |r| r * stride..r * stride + self.columns)
    }

    /// The activations.
    fn a_view<E>(self, data: &[E]) -> MatrixView<'_, E> {
        MatrixView { data, rows: self.rows, columns: self.depth, stride: self.a_stride }
    }

    /// Weights packed from `[taps, depth, columns]`.
    fn pack<E: GemmScalar>(self, set: InstructionSet, weights: &[f32]) -> PackedWeights<E> {
        let Self { taps, depth, columns, .. } = self;
        let strides = [depth * columns, columns, 1];
        PackedWeights::pack_for(set, [taps, depth, columns], weights, strides)
    }
}

/// `sums` are within rounding of the exact `sum_i x_i y_i + start`, `magnitudes` being the sum of the
/// terms' magnitudes: each of `terms` additions rounds to `2^-24` of the sum so far, each product may
/// round too, and AVX512-BF16 flushes denormals to zero.
fn assert_sum(actual: f32, exact: f64, magnitude: f64, terms: usize, what: &str) {
    let bound = magnitude * (terms + 2) as f64 * 2.0_f64.powi(-24) + 1e-35;
    let off = (f64::from(actual) - exact).abs();
    assert!(off <= bound, "{what}: {actual}, exactly {exact}, off by {off:e} > {bound:e}");
}

fn check_nn<E: GemmScalar>(case: Case) {
    let Case { rows, taps, depth, columns, a_stride, tap_stride, gap, seed } = case;
    let mut random = Random::new(seed);
    let data = operand::<E>(&mut random, case.a());
    let weights = random.vec(taps * depth * columns, 1.0);
    let out_stride = columns + gap;
    let start = random.vec(rows * out_stride, 1.0);
    let a = case.a_view(&data);
    for mode in [OutputMode::Overwrite, OutputMode::Accumulate] {
        let mut expected = start.clone();
        reference::gemm_nn(ReferenceArgs {
            a,
            tap_stride,
            taps,
            weights: &weights,
            columns,
            out: &mut expected,
            out_stride,
            mode,
        });
        for &set in InstructionSet::available() {
            let what = format!("{case:?} {set:?} {mode:?} {:?}", E::PRECISION);
            let packed = case.pack::<E>(set, &weights);
            let mut out = vec![GUARD; rows * out_stride];
            case.d().for_each(|at| out[at] = start[at]);
            out.truncate(rows.saturating_sub(1) * out_stride + if rows > 0 { columns } else { 0 });
            gemm_nn(GemmArgs { a, tap_stride, weights: &packed, out: &mut out, out_stride, mode });
            for (at, (out, expected)) in out.iter().zip(&expected).enumerate() {
                let (r, n) = (at / out_stride, at % out_stride);
                if n >= columns {
                    assert_eq!(*out, GUARD, "{what}: a guard at {at}");
                    continue;
                }
                let first = if mode == OutputMode::Accumulate { f64::from(start[at]) } else { 0.0 };
                let (mut exact, mut magnitude) = (first, first.abs());
                for k in 0..taps * depth {
                    let (tap, k) = (k / depth, k % depth);
                    let x = data[r * a_stride + tap * tap_stride + k].to_f32();
                    let w = E::from_f32(weights[(tap * depth + k) * columns + n]).to_f32();
                    exact += f64::from(x) * f64::from(w);
                    magnitude += (f64::from(x) * f64::from(w)).abs();
                }
                assert_sum(*out, exact, magnitude, taps * depth, &what);
                assert_sum(*expected, exact, magnitude, taps * depth, "the reference");
            }
        }
    }
}

fn check_tn<E: GemmScalar>(case: Case) {
    let Case { rows, taps, depth, columns, a_stride, tap_stride, gap, seed } = case;
    let mut random = Random::new(seed);
    let a_data = operand::<E>(&mut random, case.a());
    let d_data = operand::<E>(&mut random, case.d());
    let start = random.vec(taps * depth * columns, 1.0);
    let a = case.a_view(&a_data);
    let d = MatrixView { data: &d_data[..], rows, columns, stride: columns + gap };
    let conv_taps = ConvTaps { count: taps, stride: tap_stride };
    let mut expected = start.clone();
    reference::gemm_tn(GemmTnArgs { a, taps: conv_taps, d, grad: &mut expected });
    let mut exact: Vec<_> = start.iter().map(|x| [f64::from(*x), f64::from(x.abs())]).collect();
    for r in 0..rows {
        for (at, [exact, magnitude]) in exact.iter_mut().enumerate() {
            let (tap, k, n) = (at / (depth * columns), at / columns % depth, at % columns);
            let x = f64::from(a_data[r * a_stride + tap * tap_stride + k].to_f32());
            let y = f64::from(d_data[r * (columns + gap) + n].to_f32());
            *exact += x * y;
            *magnitude += (x * y).abs();
        }
    }
    for &set in InstructionSet::available() {
        let what = format!("{case:?} {set:?} {:?}", E::PRECISION);
        let mut grad = start.clone();
        grad.resize(grad.len() + 40, GUARD);
        gemm_tn_with(set, GemmTnArgs { a, taps: conv_taps, d, grad: &mut grad });
        let guards = grad.split_off(start.len());
        assert!(guards.iter().all(|x| *x == GUARD), "{what}: guards");
        for ((grad, expected), [exact, magnitude]) in grad.iter().zip(&expected).zip(&exact) {
            assert_sum(*grad, *exact, *magnitude, rows, &what);
            assert_sum(*expected, *exact, *magnitude, rows, "the reference");
        }
    }
}

proptest! {
    #![proptest_config(crate::cases(48))]

    #[test]
    fn gemm_nn_is_the_product(case in cases()) {
        check_nn::<f32>(case);
        check_nn::<bf16>(case);
    }

    #[test]
    fn gemm_tn_is_the_transposed_product(case in cases()) {
        check_tn::<f32>(case);
        check_tn::<bf16>(case);
    }

    /// A batch of one gives what a batch of many gives, bit for bit.
    #[test]
    fn a_row_does_not_depend_on_the_rows_beside_it(case in cases()) {
        row_by_row::<f32>(case);
        row_by_row::<bf16>(case);
    }

    #[test]
    fn strides_select_the_weights(
        sizes in [1..=4_usize, 1..=40 / SMALLER, 1..=140 / SMALLER],
        order in Just([0, 1, 2]).prop_shuffle(),
        seed in any::<u64>(),
    ) {
        strided::<f32>(sizes, order, seed);
        strided::<bf16>(sizes, order, seed);
    }
}

fn row_by_row<E: GemmScalar>(case: Case) {
    let Case { taps, depth, columns, a_stride, tap_stride, seed, .. } = case;
    let mut random = Random::new(seed);
    let data = operand::<E>(&mut random, case.a());
    let weights = random.vec(taps * depth * columns, 1.0);
    for &set in InstructionSet::available() {
        let packed = case.pack::<E>(set, &weights);
        let product = |a: MatrixView<'_, E>| {
            let mut out = vec![0.0; a.rows * columns];
            gemm_nn(GemmArgs {
                a,
                tap_stride,
                weights: &packed,
                out: &mut out,
                out_stride: columns,
                mode: OutputMode::Overwrite,
            });
            out.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        };
        let together = product(case.a_view(&data));
        for r in 0..case.rows {
            let data = data.get(r * a_stride..).unwrap_or_default();
            let alone = product(MatrixView { data, rows: 1, columns: depth, stride: 0 });
            assert_eq!(together[r * columns..][..columns], alone, "{case:?} {set:?} row {r}");
        }
    }
}

/// Multiplies unit rows by weights whose indices lie in `order` in memory: the result is the weights.
fn strided<E: GemmScalar>(sizes: [usize; 3], order: [usize; 3], seed: u64) {
    let [taps, depth, columns] = sizes;
    let mut strides = [0; 3];
    let mut len = 1;
    for index in order {
        strides[index] = len;
        len *= sizes[index];
    }
    let weights = Random::new(seed).vec(len, 1.0);
    let rows = taps * depth;
    let one = |r: usize| (0..rows).map(move |k| E::from_f32(if k == r { 1.0 } else { 0.0 }));
    let unit: Vec<E> = (0..rows).flat_map(one).collect();
    for &set in InstructionSet::available() {
        let mut packed = PackedWeights::<E>::pack_for(set, sizes, &vec![9.0; len], strides);
        packed.repack(&weights, strides);
        let mut out = vec![0.0; rows * columns];
        gemm_nn(GemmArgs {
            a: MatrixView { data: &unit, rows, columns: depth, stride: rows },
            tap_stride: depth,
            weights: &packed,
            out: &mut out,
            out_stride: columns,
            mode: OutputMode::Overwrite,
        });
        for (at, out) in out.iter().enumerate() {
            let (tap, k, n) = (at / (depth * columns), at / columns % depth, at % columns);
            let from = weights[tap * strides[0] + k * strides[1] + n * strides[2]];
            assert_eq!(*out, E::from_f32(from).to_f32(), "{sizes:?} {order:?} {set:?} at {at}");
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too large to interpret")]
fn large_products_cross_every_boundary() {
    for case in large() {
        check_nn::<f32>(case);
        check_nn::<bf16>(case);
        check_tn::<f32>(case);
        check_tn::<bf16>(case);
    }
}

/// Empty operands with several taps and strides far beyond them were undefined behaviour once: the
/// micro-kernel computed addresses from a dangling pointer.
#[test]
fn empty_and_single_sizes_equal_the_reference() {
    for case in degenerate() {
        // Strides as they are where nothing is read, small ones elsewhere.
        let empty = case.rows * case.taps * case.depth == 0;
        let case = if empty { case } else { Case { a_stride: 4, tap_stride: 5, ..case } };
        check_nn::<f32>(case);
        check_nn::<bf16>(case);
        check_tn::<f32>(case);
        check_tn::<bf16>(case);
    }
}

#[test]
fn operands_that_are_too_short_are_refused() {
    let pack = || PackedWeights::<f32>::pack([2, 3, 5], &[1.0; 30], [15, 5, 1]);
    assert_eq!(pack().columns(), 5);
    let nn_fails = |a: usize, depth: usize, out: usize, out_stride: usize| {
        let (a, mut out) = (vec![0.0; a], vec![0.0; out]);
        std::panic::catch_unwind(move || {
            gemm_nn(GemmArgs {
                a: MatrixView { data: &a, rows: 4, columns: depth, stride: 3 },
                tap_stride: 6,
                weights: &pack(),
                out: &mut out,
                out_stride,
                mode: OutputMode::Overwrite,
            });
        })
        .is_err()
    };
    assert!(!nn_fails(18, 3, 20, 5));
    assert!(nn_fails(17, 3, 20, 5), "a");
    assert!(nn_fails(18, 2, 20, 5), "the depth");
    assert!(nn_fails(18, 3, 19, 5), "the output");
    assert!(nn_fails(18, 3, 20, 4), "overlapping rows");
    let tn_fails = |a: usize, d: usize, d_rows: usize, grad: usize, stride: usize| {
        let (a, d, mut grad) = (vec![0.0; a], vec![0.0; d], vec![0.0; grad]);
        std::panic::catch_unwind(move || {
            let args = GemmTnArgs {
                a: MatrixView { data: &a, rows: 4, columns: 3, stride: 3 },
                taps: ConvTaps { count: 2, stride: 6 },
                d: MatrixView { data: &d, rows: d_rows, columns: 5, stride },
                grad: &mut grad,
            };
            gemm_tn_with(InstructionSet::best(), args);
        })
        .is_err()
    };
    assert!(!tn_fails(18, 20, 4, 30, 5));
    assert!(tn_fails(17, 20, 4, 30, 5), "a");
    assert!(tn_fails(18, 19, 4, 30, 5), "d");
    assert!(tn_fails(18, 20, 3, 30, 5), "rows of d");
    assert!(tn_fails(18, 20, 4, 29, 5), "the gradient");
    assert!(tn_fails(18, 20, 4, 30, usize::MAX / 2), "a stride past the end of memory");
}

#[test]
fn the_instruction_sets_tested_here_are_those_of_the_processor() {
    let sets = InstructionSet::available();
    assert_eq!(sets[0], InstructionSet::best());
    assert!(sets.contains(&InstructionSet::Scalar));
    #[cfg(target_arch = "x86_64")]
    {
        let detected = [
            (InstructionSet::Avx512Bf16, is_x86_feature_detected!("avx512bf16")),
            (InstructionSet::Avx512, is_x86_feature_detected!("avx512f")),
            (InstructionSet::Avx2, is_x86_feature_detected!("fma")),
            (InstructionSet::Sse42, is_x86_feature_detected!("sse4.2")),
        ];
        for (set, detected) in detected {
            assert_eq!(sets.contains(&set), detected, "{set:?} in {sets:?}");
        }
    }
    let missing = InstructionSet::Neon;
    if !sets.contains(&missing) {
        let pack = || PackedWeights::<f32>::pack_for(missing, [1, 1, 1], &[1.0], [1, 1, 1]);
        assert!(std::panic::catch_unwind(pack).is_err(), "a set that the processor lacks");
    }
}

#[test]
fn precisions_are_those_of_the_scalars() {
    assert_eq!([f32::PRECISION, bf16::PRECISION], [Precision::F32, Precision::Bf16]);
}
