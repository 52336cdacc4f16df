//! Products on packed weights, on every instruction set of this processor.

use clstm_kernels::gemm::{
    ConvTaps, GemmScalar, InstructionSet, MatrixView, OutputMode, PackedWeights, Precision,
    gemm_nn, gemm_tn_with, reference,
};
use half::bf16;
use proptest::prelude::*;

use crate::random::Random;

/// What stands outside the operands: it must not be read, or the sums would show it.
const OUTSIDE: f32 = f32::NAN;
/// What stands round the destination, and must stay.
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
    /// Between the rows of the destination, or of `d`, beyond their columns.
    gap: usize,
    seed: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    let sizes = (1..=40_usize, 1..=4_usize, 1..=70_usize, 1..=140_usize);
    (sizes, 0..=80_usize, 0..=90_usize, 0..=5_usize, any::<u64>()).prop_map(
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
    // One further on each side: an operand as long as its last element leaves no room to stray.
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

    /// Where `d`, or the destination, has one.
    fn d(self) -> impl Iterator<Item = usize> + Clone {
        let stride = self.columns + self.gap;
        (0..self.rows).flat_map(move |r| r * stride..r * stride + self.columns)
    }
}

/// `sums` are within rounding of the exact `sum_i x_i y_i + start`, `magnitudes` the sum of the
/// terms' magnitudes: each of `terms` additions rounds to `2^-24` of what is summed so far, each
/// product may round too, and AVX512-BF16 takes denormals for zero.
fn assert_sum(actual: f32, exact: f64, magnitude: f64, terms: usize, what: &str) {
    let bound = magnitude * (terms + 2) as f64 * 2.0_f64.powi(-24) + 1e-35;
    let off = (f64::from(actual) - exact).abs();
    assert!(off <= bound, "{what}: {actual}, exactly {exact}, off by {off:e} > {bound:e}");
}

fn check_apply<E: GemmScalar>(case: Case) {
    let Case { rows, taps, depth, columns, a_stride, tap_stride, gap, seed } = case;
    let mut random = Random::new(seed);
    let a = operand::<E>(&mut random, case.a());
    let weights = random.vec(taps * depth * columns, 1.0);
    let start = random.vec(rows * (columns + gap), 1.0);
    let a = MatrixView { data: &a, stride: a_stride };
    for into in [OutputMode::Overwrite, OutputMode::Accumulate] {
        let mut expected = start.clone();
        let (sizes, stride) = ([taps, depth, columns], columns + gap);
        reference::gemm_nn(rows, a, tap_stride, sizes, &weights, &mut expected, stride, into);
        for &set in InstructionSet::available() {
            let what = format!("{case:?} {set:?} {into:?} {:?}", E::PRECISION);
            let panels =
                PackedWeights::<E>::pack_for(set, sizes, &weights, [depth * columns, columns, 1]);
            let mut to = vec![GUARD; rows * stride];
            case.d().for_each(|at| to[at] = start[at]);
            to.truncate((rows - 1) * stride + columns);
            gemm_nn(rows, a, tap_stride, &panels, &mut to, stride, into);
            for (at, (to, expected)) in to.iter().zip(&expected).enumerate() {
                let (r, n) = (at / stride, at % stride);
                if n >= columns {
                    assert_eq!(*to, GUARD, "{what}: a guard at {at}");
                    continue;
                }
                let first = if into == OutputMode::Accumulate { f64::from(start[at]) } else { 0.0 };
                let (mut exact, mut magnitude) = (first, first.abs());
                for k in 0..taps * depth {
                    let (tap, k) = (k / depth, k % depth);
                    let x = a.data[r * a_stride + tap * tap_stride + k].to_f32();
                    let w = E::from_f32(weights[(tap * depth + k) * columns + n]).to_f32();
                    exact += f64::from(x) * f64::from(w);
                    magnitude += (f64::from(x) * f64::from(w)).abs();
                }
                assert_sum(*to, exact, magnitude, taps * depth, &what);
                assert_sum(*expected, exact, magnitude, taps * depth, "the reference");
            }
        }
    }
}

fn check_accumulate<E: GemmScalar>(case: Case) {
    let Case { rows, taps, depth, columns, a_stride, tap_stride, gap, seed } = case;
    let mut random = Random::new(seed);
    let a = operand::<E>(&mut random, case.a());
    let d = operand::<E>(&mut random, case.d());
    let start = random.vec(taps * depth * columns, 1.0);
    let a = MatrixView { data: &a, stride: a_stride };
    let d = MatrixView { data: &d, stride: columns + gap };
    let taps_of = ConvTaps { count: taps, stride: tap_stride };
    let mut expected = start.clone();
    reference::gemm_tn(rows, a, taps_of, d, [depth, columns], &mut expected);
    let mut exact: Vec<_> = start.iter().map(|x| [f64::from(*x), f64::from(x.abs())]).collect();
    for r in 0..rows {
        for (at, [exact, magnitude]) in exact.iter_mut().enumerate() {
            let (tap, k, n) = (at / (depth * columns), at / columns % depth, at % columns);
            let x = f64::from(a.data[r * a.stride + tap * tap_stride + k].to_f32());
            let y = f64::from(d.data[r * d.stride + n].to_f32());
            *exact += x * y;
            *magnitude += (x * y).abs();
        }
    }
    for &set in InstructionSet::available() {
        let what = format!("{case:?} {set:?} {:?}", E::PRECISION);
        let mut grad = start.clone();
        grad.resize(grad.len() + 40, GUARD);
        gemm_tn_with(set, rows, a, taps_of, d, [depth, columns], &mut grad);
        let guards = grad.split_off(start.len());
        assert!(guards.iter().all(|x| *x == GUARD), "{what}: guards");
        for ((grad, expected), [exact, magnitude]) in grad.iter().zip(&expected).zip(&exact) {
            assert_sum(*grad, *exact, *magnitude, rows, &what);
            assert_sum(*expected, *exact, *magnitude, rows, "the reference");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn apply_is_the_product(case in cases()) {
        check_apply::<f32>(case);
        check_apply::<bf16>(case);
    }

    #[test]
    fn accumulate_is_the_transposed_product(case in cases()) {
        check_accumulate::<f32>(case);
        check_accumulate::<bf16>(case);
    }

    /// A batch of one gives what a batch of many gives, bit for bit.
    #[test]
    fn a_row_does_not_depend_on_the_rows_beside_it(case in cases()) {
        row_by_row::<f32>(case);
        row_by_row::<bf16>(case);
    }

    #[test]
    fn strides_say_where_weights_lie(
        sizes in [1..=4_usize, 1..=40, 1..=140],
        order in Just([0, 1, 2]).prop_shuffle(),
        seed in any::<u64>(),
    ) {
        strided::<f32>(sizes, order, seed);
        strided::<bf16>(sizes, order, seed);
    }
}

fn row_by_row<E: GemmScalar>(case: Case) {
    let Case { rows, taps, depth, columns, a_stride, tap_stride, seed, .. } = case;
    let mut random = Random::new(seed);
    let a = operand::<E>(&mut random, case.a());
    let weights = random.vec(taps * depth * columns, 1.0);
    for &set in InstructionSet::available() {
        let strides = [depth * columns, columns, 1];
        let panels = PackedWeights::<E>::pack_for(set, [taps, depth, columns], &weights, strides);
        let mut together = vec![0.0; rows * columns];
        let all = MatrixView { data: &a, stride: a_stride };
        gemm_nn(rows, all, tap_stride, &panels, &mut together, columns, OutputMode::Overwrite);
        for (r, together) in together.chunks_exact(columns).enumerate() {
            let mut alone = vec![0.0; columns];
            let one = MatrixView { data: &a[r * a_stride..], stride: 0 };
            gemm_nn(1, one, tap_stride, &panels, &mut alone, columns, OutputMode::Overwrite);
            let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(together), bits(&alone), "{case:?} {set:?} row {r}");
        }
    }
}

/// Multiplies unit rows by weights whose indices lie in `order` in memory: the weights come back.
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
        let mut panels = PackedWeights::<E>::pack_for(set, sizes, &vec![9.0; len], strides);
        panels.repack(&weights, strides);
        let mut back = vec![0.0; rows * columns];
        let a = MatrixView { data: &unit, stride: rows };
        gemm_nn(rows, a, depth, &panels, &mut back, columns, OutputMode::Overwrite);
        for (at, back) in back.iter().enumerate() {
            let (tap, k, n) = (at / (depth * columns), at / columns % depth, at % columns);
            let from = weights[tap * strides[0] + k * strides[1] + n * strides[2]];
            assert_eq!(*back, E::from_f32(from).to_f32(), "{sizes:?} {order:?} {set:?} at {at}");
        }
    }
}

#[test]
fn large_products_cross_every_seam() {
    for case in large() {
        check_apply::<f32>(case);
        check_apply::<bf16>(case);
        check_accumulate::<f32>(case);
        check_accumulate::<bf16>(case);
    }
}

#[test]
fn a_sum_of_nothing_is_zero() {
    for &set in InstructionSet::available() {
        let panels = PackedWeights::<bf16>::pack_for(set, [2, 0, 9], &[], [0, 9, 1]);
        let mut to = [GUARD; 18];
        let a = MatrixView { data: &[], stride: 0 };
        gemm_nn(2, a, 0, &panels, &mut to, 9, OutputMode::Accumulate);
        assert_eq!(to, [GUARD; 18], "{set:?}");
        gemm_nn(2, a, 0, &panels, &mut to, 9, OutputMode::Overwrite);
        assert_eq!(to, [0.0; 18], "{set:?}");
        gemm_nn(0, a, 0, &panels, &mut [], 9, OutputMode::Overwrite);
        let mut to = [GUARD; 40 * 9];
        gemm_nn(
            40,
            MatrixView { data: &[], stride: 5 },
            0,
            &panels,
            &mut to,
            9,
            OutputMode::Overwrite,
        );
        assert_eq!(to, [0.0; 40 * 9], "{set:?}");
        let mut grad = [GUARD; 3];
        let d = MatrixView { data: &[], stride: 3 };
        gemm_tn_with::<f32>(
            set,
            1000,
            MatrixView { data: &[1.0; 1000], stride: 1 },
            ConvTaps::ONE,
            d,
            [1, 0],
            &mut grad,
        );
        gemm_tn_with::<f32>(
            set,
            0,
            MatrixView { data: &[], stride: 1 },
            ConvTaps::ONE,
            d,
            [1, 3],
            &mut grad,
        );
        assert_eq!(grad, [GUARD; 3], "{set:?}");
    }
}

#[test]
fn operands_that_are_too_short_are_refused() {
    let panels = PackedWeights::<f32>::pack([2, 3, 5], &[1.0; 30], [15, 5, 1]);
    let apply_to = |a: usize, to: usize, stride: usize| {
        let (a, mut to) = (vec![0.0; a], vec![0.0; to]);
        std::panic::catch_unwind(move || {
            let a = MatrixView { data: &a, stride: 3 };
            gemm_nn(4, a, 6, &panels_of(), &mut to, stride, OutputMode::Overwrite);
        })
        .is_err()
    };
    assert_eq!(panels.columns(), 5);
    assert!(!apply_to(18, 20, 5));
    assert!(apply_to(17, 20, 5), "a");
    assert!(apply_to(18, 19, 5), "the destination");
    assert!(apply_to(18, 20, 4), "overlapping rows");
    let accumulate_to = |a: usize, d: usize, grad: usize, stride: usize| {
        let (a, d, mut grad) = (vec![0.0; a], vec![0.0; d], vec![0.0; grad]);
        std::panic::catch_unwind(move || {
            let (a, d) = (MatrixView { data: &a, stride: 3 }, MatrixView { data: &d, stride });
            let taps = ConvTaps { count: 2, stride: 6 };
            gemm_tn_with(InstructionSet::best(), 4, a, taps, d, [3, 5], &mut grad);
        })
        .is_err()
    };
    assert!(!accumulate_to(18, 20, 30, 5));
    assert!(accumulate_to(17, 20, 30, 5), "a");
    assert!(accumulate_to(18, 19, 30, 5), "d");
    assert!(accumulate_to(18, 20, 29, 5), "the gradient");
    assert!(accumulate_to(18, 20, 30, usize::MAX / 2), "a stride past the end of memory");
}

fn panels_of() -> PackedWeights<f32> {
    PackedWeights::pack([2, 3, 5], &[1.0; 30], [15, 5, 1])
}

#[test]
fn the_sets_tested_here_are_those_of_the_processor() {
    let sets = InstructionSet::available();
    assert_eq!(sets[0], InstructionSet::best());
    assert!(sets.contains(&InstructionSet::Scalar));
    #[cfg(target_arch = "x86_64")]
    {
        let bf16 = is_x86_feature_detected!("avx512bf16");
        assert_eq!(sets.contains(&InstructionSet::Avx512Bf16), bf16, "{sets:?}");
        assert_eq!(
            sets.contains(&InstructionSet::Avx512),
            is_x86_feature_detected!("avx512f"),
            "{sets:?}"
        );
        assert_eq!(
            sets.contains(&InstructionSet::Avx2),
            is_x86_feature_detected!("fma"),
            "{sets:?}"
        );
        assert_eq!(
            sets.contains(&InstructionSet::Sse42),
            is_x86_feature_detected!("sse4.2"),
            "{sets:?}"
        );
    }
    let missing = InstructionSet::Neon;
    if !sets.contains(&missing) {
        let pack = || PackedWeights::<f32>::pack_for(missing, [1, 1, 1], &[1.0], [1, 1, 1]);
        assert!(std::panic::catch_unwind(pack).is_err(), "a set that the processor lacks");
    }
}

#[test]
fn precisions_are_those_of_the_elements() {
    assert_eq!([f32::PRECISION, bf16::PRECISION], [Precision::F32, Precision::Bf16]);
}
