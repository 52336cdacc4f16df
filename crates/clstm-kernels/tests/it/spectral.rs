//! The spectral convolution against the direct sum in float64.

use clstm_kernels::spectral::Spectral;
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
    fn plan(self) -> Option<Spectral> {
        Spectral::plan(self.kernel, self.stride, self.positions, self.columns)
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
    fn spectral(&self, plan: &Spectral, run: usize) -> (Vec<f32>, Vec<f32>) {
        let (len, columns) = (self.len(), self.sizes.columns);
        let weights = plan.weights(&self.w);
        let x = plan.spectra(self.segments, &self.x, |i| i * self.sizes.padded());
        let mut y = vec![f32::NAN; self.segments * len];
        let mut grad = plan.gradient();
        for from in (0..self.segments).step_by(run) {
            let range = from..(from + run).min(self.segments);
            let at = |i| (i - from) * len;
            plan.apply(&weights, &x, range.clone(), &mut y[from * len..], columns, at);
            plan.accumulate(&x, range, &self.d[from * len..], columns, at, &mut grad);
        }
        (y, plan.finish(&grad).to_vec())
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
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn all_sizes_agree_with_the_direct_sum(
        stride in 1_usize..24, taps in 2_usize..150, cut in 0_usize..24, positions in 1_usize..500,
        columns in 1_usize..70, segments in 1_usize..20, run in 1_usize..20, seed in any::<u64>(),
    ) {
        let kernel = stride * taps - cut.min(stride - 1);
        let sizes = Sizes { kernel, stride, positions, columns };
        prop_assume!(sizes.plan().is_some());
        // What the float64 twin can afford.
        let segments = segments.min(20_000_000 / (kernel * positions * columns)).max(1);
        let [forward, backward] = scaled_errors(&Case::new(sizes, segments, seed), run);
        prop_assert!(forward[0] < 2e-6, "forward {forward:?}");
        prop_assert!(backward[0] < 2e-6, "gradient {backward:?}");
    }
}
