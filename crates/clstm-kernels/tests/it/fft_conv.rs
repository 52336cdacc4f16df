//! The spectral convolution against the direct sum in float64.

use clstm_kernels::fft_conv::FftConvPlan;
use proptest::prelude::*;

use crate::random::Random;

/// Sizes of a convolution.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    kernel: usize,
    stride: usize,
    positions: usize,
    columns: usize,
}

/// The first block of the `clstm` preset: 400 taps, stride 10, 200 positions, 4 x 32 filters.
const PRESET: Sizes = Sizes { kernel: 400, stride: 10, positions: 200, columns: 128 };

impl Sizes {
    fn plan(self) -> Option<FftConvPlan> {
        FftConvPlan::if_faster(self.kernel, self.stride, self.positions, self.columns)
    }

    fn padded(self) -> usize {
        (self.positions - 1) * self.stride + self.kernel
    }

    /// `[positions, columns]` of one segment.
    fn forward(self, x: &[f32], w: &[f32]) -> Vec<f64> {
        let mut y = vec![0.0; self.positions * self.columns];
        for (p, y) in y.chunks_exact_mut(self.columns).enumerate() {
            for (x, w) in x[p * self.stride..].iter().zip(w.chunks_exact(self.columns)) {
                let x = f64::from(*x);
                y.iter_mut().zip(w).for_each(|(y, w)| *y += x * f64::from(*w));
            }
        }
        y
    }

    /// Adds the weights' gradient of one segment, `d` being `[positions, columns]`.
    fn weight_grad(self, x: &[f32], d: &[f32], grad: &mut [f64]) {
        for (p, d) in d.chunks_exact(self.columns).enumerate() {
            for (x, grad) in x[p * self.stride..].iter().zip(grad.chunks_exact_mut(self.columns)) {
                let x = f64::from(*x);
                grad.iter_mut().zip(d).for_each(|(g, d)| *g += x * f64::from(*d));
            }
        }
    }
}

/// Segments, weights and output gradients of a convolution, and where rows lie.
struct Case {
    sizes: Sizes,
    segments: usize,
    x: Vec<f32>,
    w: Vec<f32>,
    d: Vec<f32>,
}

impl Case {
    fn new(sizes: Sizes, segments: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let x = random.vec(segments * sizes.padded(), 0.7);
        let w = random.vec(sizes.kernel * sizes.columns, 0.1);
        let d = random.vec(segments * sizes.positions * sizes.columns, 0.3);
        Self { sizes, segments, x, w, d }
    }

    fn segment(&self, i: usize) -> &[f32] {
        &self.x[i * self.sizes.padded()..][..self.sizes.padded()]
    }

    /// Floats of one segment's rows.
    fn len(&self) -> usize {
        self.sizes.positions * self.sizes.columns
    }

    /// Forward and gradient in calls of `run` segments, `[segments, positions, columns]` each.
    fn spectral(&self, plan: &FftConvPlan, run: usize) -> (Vec<f32>, Vec<f32>) {
        let (len, columns) = (self.len(), self.sizes.columns);
        let weights = plan.weight_spectra(&self.w);
        let x = plan.input_spectra(self.segments, &self.x, |i| i * self.sizes.padded());
        let mut y = vec![f32::NAN; self.segments * len];
        let mut grad = plan.zero_gradient();
        for from in (0..self.segments).step_by(run) {
            let range = from..(from + run).min(self.segments);
            let at = |i| (i - from) * len;
            plan.convolve(&weights, &x, range.clone(), &mut y[from * len..], columns, at);
            plan.accumulate_gradient(&x, range, &self.d[from * len..], columns, at, &mut grad);
        }
        (y, plan.weight_gradient(&grad).to_vec())
    }

    fn direct(&self) -> (Vec<f64>, Vec<f64>) {
        let mut grad = vec![0.0; self.w.len()];
        let mut y = Vec::new();
        for i in 0..self.segments {
            y.extend(self.sizes.forward(self.segment(i), &self.w));
            self.sizes.weight_grad(
                self.segment(i),
                &self.d[i * self.len()..][..self.len()],
                &mut grad,
            );
        }
        (y, grad)
    }
}

fn rms(x: &[f32]) -> f64 {
    (x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / x.len() as f64).sqrt()
}

/// Differences, largest and root mean square, in units of `scale`.
fn errors(got: &[f32], want: &[f64], scale: f64) -> [f64; 2] {
    assert_eq!(got.len(), want.len());
    let d: Vec<f64> = got.iter().zip(want).map(|(g, w)| (f64::from(*g) - w) / scale).collect();
    // A NaN must not pass for small.
    let largest = d.iter().fold(0.0, |m: f64, d| if d.abs() <= m { m } else { d.abs() });
    [largest, (d.iter().map(|d| d * d).sum::<f64>() / d.len() as f64).sqrt()]
}

/// Both errors of forward and gradient, in units of the root mean square of what is summed: of random
/// operands, `√terms` times the product of their own.
fn scaled_errors(case: &Case, run: usize) -> [[f64; 2]; 2] {
    let plan = case.sizes.plan().expect("a size that gains");
    let ((y, grad), (y64, grad64)) = (case.spectral(&plan, run), case.direct());
    let taps = case.sizes.kernel as f64;
    let terms = (case.segments * case.sizes.positions) as f64;
    [
        errors(&y, &y64, rms(&case.x) * rms(&case.w) * taps.sqrt()),
        errors(&grad, &grad64, rms(&case.x) * rms(&case.d) * terms.sqrt()),
    ]
}

#[test]
fn the_preset_agrees_with_the_direct_sum() {
    let case = Case::new(PRESET, 19, 1);
    let [forward, backward] = scaled_errors(&case, 19);
    eprintln!("errors, largest and rms: forward {forward:?}, gradient {backward:?}");
    assert!(forward[0] < 2e-6 && forward[1] < 3e-7, "{forward:?}");
    assert!(backward[0] < 2e-6 && backward[1] < 3e-7, "{backward:?}");
}

proptest! {
    #![proptest_config(crate::cases(48))]

    #[test]
    fn all_sizes_agree_with_the_direct_sum(
        stride in 1_usize..24, taps in 20_usize..150, cut in 0_usize..24, positions in 30_usize..500,
        columns in 1_usize..70, segments in 1_usize..20, run in 1_usize..20, seed in any::<u64>(),
    ) {
        let kernel = stride * taps - cut.min(stride - 1);
        let sizes = Sizes { kernel, stride, positions, columns };
        prop_assume!(sizes.plan().is_some());
        // What the float64 reference can afford.
        let segments = segments.min(20_000_000 / (kernel * positions * columns)).max(1);
        let [forward, backward] = scaled_errors(&Case::new(sizes, segments, seed), run);
        prop_assert!(forward[0] < 2e-6, "forward {forward:?}");
        prop_assert!(backward[0] < 2e-6, "gradient {backward:?}");
    }
}

/// Rows as the recurrent layers have them, `[steps, positions, utterances, columns]`, with a guard
/// before, between and after.
#[test]
fn strided_rows_are_written_and_nothing_else() {
    const GUARD: f32 = 12345.0;
    // Columns of a whole block, of part of one, and of less than a vector.
    for columns in [64, 44, 5] {
        let sizes = Sizes { kernel: 293, stride: 4, positions: 300, columns };
        let plan = sizes.plan().expect("a size that gains");
        let [steps, utterances] = [3, 5];
        let case = Case::new(sizes, steps * utterances, 7);
        let (y, grad) = case.spectral(&plan, case.segments);

        let (row, before) = (columns + 3, 11);
        let (position, step) = (utterances * row, sizes.positions * utterances * row);
        let at = |i: usize| before + i / utterances * step + i % utterances * row;
        let mut strided = vec![GUARD; before + steps * step + 9];
        let weights = plan.weight_spectra(&case.w);
        let x = plan.input_spectra(case.segments, &case.x, |i| i * sizes.padded());
        plan.convolve(&weights, &x, 0..case.segments, &mut strided, position, at);
        let mut written = vec![false; strided.len()];
        for (i, y) in y.chunks_exact(case.len()).enumerate() {
            for (p, y) in y.chunks_exact(columns).enumerate() {
                let from = at(i) + p * position;
                assert_eq!(&strided[from..from + columns], y, "segment {i}, position {p}");
                written[from..from + columns].fill(true);
            }
        }
        let mut rest = strided.iter().zip(&written).filter(|(_, written)| !**written);
        assert!(rest.all(|(value, _)| *value == GUARD));

        // Gradients are read from there, and a NaN between rows is not.
        let mut strided: Vec<f32> = vec![f32::NAN; strided.len()];
        for (i, d) in case.d.chunks_exact(case.len()).enumerate() {
            for (p, d) in d.chunks_exact(columns).enumerate() {
                strided[at(i) + p * position..][..columns].copy_from_slice(d);
            }
        }
        let mut sum = plan.zero_gradient();
        plan.accumulate_gradient(&x, 0..case.segments, &strided, position, at, &mut sum);
        assert_eq!(&plan.weight_gradient(&sum)[..], &grad[..]);
    }
}

/// A segment among many, in any order, in calls of any size: the same bits as alone.
#[test]
fn a_segment_does_not_depend_on_the_others() {
    for sizes in [PRESET, Sizes { kernel: 170, stride: 3, positions: 450, columns: 20 }] {
        let plan = sizes.plan().expect("a size that gains");
        let mut case = Case::new(sizes, 23, 3);
        let (together, _) = case.spectral(&plan, 23);
        assert_eq!(together, case.spectral(&plan, 5).0);
        let segment = case.segment(17).to_vec();
        let alone = Case { segments: 1, x: segment, w: case.w.clone(), d: case.d.clone(), sizes };
        assert_eq!(together[17 * case.len()..][..case.len()], alone.spectral(&plan, 1).0);
        // Not even on a broken one beside it.
        let broken = 16 * sizes.padded()..17 * sizes.padded();
        case.x[broken].fill(f32::NAN);
        let (beside, _) = case.spectral(&plan, 23);
        assert_eq!(together[17 * case.len()..], beside[17 * case.len()..]);
        assert_eq!(together[..16 * case.len()], beside[..16 * case.len()]);
        assert!(beside[16 * case.len()..17 * case.len()].iter().all(|y| y.is_nan()));
    }
}

/// An impulse in the input reads the weights out, one in the gradient the input.
#[test]
fn impulses_come_out_where_they_belong() {
    let sizes = Sizes { kernel: 157, stride: 5, positions: 611, columns: 33 };
    let plan = sizes.plan().expect("a size that gains");
    let mut case = Case::new(sizes, 1, 5);
    case.x.fill(0.0);
    case.x[1203] = 1.0;
    let (y, _) = case.spectral(&plan, 1);
    for (p, y) in y.chunks_exact(sizes.columns).enumerate() {
        let tap = 1203_usize.checked_sub(p * sizes.stride).filter(|tap| *tap < sizes.kernel);
        for (n, y) in y.iter().enumerate() {
            let want = tap.map_or(0.0, |tap| case.w[tap * sizes.columns + n]);
            assert!((y - want).abs() < 1e-7, "position {p}, column {n}: {y} against {want}");
        }
    }
    let mut case = Case::new(sizes, 1, 6);
    case.d.fill(0.0);
    case.d[240 * sizes.columns + 20] = 1.0;
    let (_, grad) = case.spectral(&plan, 1);
    for (tap, grad) in grad.chunks_exact(sizes.columns).enumerate() {
        for (n, grad) in grad.iter().enumerate() {
            let want = if n == 20 { case.x[240 * sizes.stride + tap] } else { 0.0 };
            assert!((grad - want).abs() < 1e-6, "tap {tap}, column {n}: {grad} against {want}");
        }
    }
}

#[test]
fn only_gains_are_planned() {
    let plan = |kernel, stride, positions, columns| {
        FftConvPlan::if_faster(kernel, stride, positions, columns).is_some()
    };
    assert!(plan(400, 10, 200, 128) && plan(100, 1, 157, 64));
    // Few taps, few positions, more taps than points, nothing at all.
    assert!(!plan(3, 1, 200, 128) && !plan(400, 10, 7, 128) && !plan(400, 100, 20, 128));
    assert!(!plan(257, 1, 1000, 128));
    assert!(
        !plan(0, 1, 9, 4) && !plan(400, 0, 9, 4) && !plan(400, 10, 0, 4) && !plan(400, 1, 9, 0)
    );
}

#[test]
#[should_panic(expected = "length of the weights")]
fn weights_of_another_length_are_refused() {
    let _ = PRESET.plan().expect("a size that gains").weight_spectra(&[0.0; 400]);
}
