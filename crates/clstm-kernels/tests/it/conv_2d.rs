//! The convolution over time and length against its defining sum in float64.

use clstm_kernels::Precision;
use clstm_kernels::conv_2d::{Conv2dShape, backward, forward};
use proptest::prelude::*;

use crate::random::Random;

/// One call's operands.
struct Case {
    shape: Conv2dShape,
    x: Vec<f32>,
    w: Vec<f32>,
    dy: Vec<f32>,
}

impl Case {
    fn new(shape: Conv2dShape, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let Conv2dShape { batch, time, length, channels, filters, .. } = shape;
        Self {
            shape,
            x: random.vec(batch * time * length * channels, 1.0),
            w: random.vec(shape.weights(), 1.0),
            dy: random.vec(batch * shape.steps() * length * filters, 1.0),
        }
    }

    /// Calls `term(x, w, y)` with the indices of every product of the sum.
    fn terms(&self, mut term: impl FnMut(usize, usize, usize)) {
        let Conv2dShape { time, length, channels, filters, kernel_time, kernel_length, .. } =
            self.shape;
        let (steps, stride) = (self.shape.steps(), self.shape.stride_time);
        let padding = ((steps - 1) * stride + kernel_time).saturating_sub(time);
        let (above, left) = (padding / 2, (kernel_length - 1) / 2);
        for b in 0..self.shape.batch {
            for (t, l, i, j) in itertools(steps, length, kernel_time, kernel_length) {
                let (from_t, from_l) = (t * stride + i, l + j);
                if !(above..above + time).contains(&from_t)
                    || !(left..left + length).contains(&from_l)
                {
                    continue;
                }
                let x = ((b * time + from_t - above) * length + from_l - left) * channels;
                let (w, y) = (i * kernel_length + j, ((b * steps + t) * length + l) * filters);
                for c in 0..channels {
                    for n in 0..filters {
                        term(x + c, (w * channels + c) * filters + n, y + n);
                    }
                }
            }
        }
    }

    /// Output, weight gradient and input gradient, each with the sum of the magnitudes of its terms.
    fn reference(&self) -> [Vec<[f64; 2]>; 3] {
        let (mut y, mut dw) = (vec![[0.0; 2]; self.dy.len()], vec![[0.0; 2]; self.w.len()]);
        let mut dx = vec![[0.0; 2]; self.x.len()];
        let wide = |v: &[f32]| v.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
        let (x, w, dy) = (wide(&self.x), wide(&self.w), wide(&self.dy));
        let add = |to: &mut [f64; 2], term: f64| {
            to[0] += term;
            to[1] += term.abs();
        };
        self.terms(|at_x, at_w, at_y| {
            add(&mut y[at_y], x[at_x] * w[at_w]);
            add(&mut dw[at_w], x[at_x] * dy[at_y]);
            add(&mut dx[at_x], w[at_w] * dy[at_y]);
        });
        [y, dw, dx]
    }

    /// The same by the kernels.
    fn run(&self) -> [Vec<f32>; 3] {
        let (mut y, mut dx) = (vec![f32::NAN; self.dy.len()], vec![f32::NAN; self.x.len()]);
        forward(&self.shape, &self.x, &self.w, &mut y);
        let dw = backward(&self.shape, &self.x, &self.w, &self.dy, Some(&mut dx));
        let alone = backward(&self.shape, &self.x, &self.w, &self.dy, None);
        assert_eq!(dw, alone, "the input's gradient changes nothing else");
        [y, dw, dx]
    }

    fn check(&self, tolerance: f64) {
        let names = ["output", "weight gradient", "input gradient"];
        for ((name, actual), reference) in names.iter().zip(self.run()).zip(self.reference()) {
            for (i, (actual, [value, magnitude])) in actual.iter().zip(reference).enumerate() {
                let error = (f64::from(*actual) - value).abs();
                let most = tolerance * magnitude;
                assert!(error <= most, "{name} {i}: {actual} for {value}, {:?}", self.shape);
            }
        }
    }
}

/// All `(t, l, i, j)`.
fn itertools(
    steps: usize,
    length: usize,
    taps: usize,
    across: usize,
) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    (0..steps * length * taps * across).map(move |k| {
        let (j, k) = (k % across, k / across);
        let (i, k) = (k % taps, k / taps);
        (k / length, k % length, i, j)
    })
}

/// Rounding of a sum of a few hundred products, in units of the sum of their magnitudes.
const F32: f64 = 2e-6;

/// Both operands of a product rounded to eight bits.
const BF16: f64 = 2.0 / 256.0;

fn shape(sizes: [usize; 5], kernel: [usize; 3], precision: Precision) -> Conv2dShape {
    let [batch, time, length, channels, filters] = sizes;
    let [kernel_time, kernel_length, stride_time] = kernel;
    Conv2dShape {
        batch,
        time,
        length,
        channels,
        filters,
        kernel_time,
        kernel_length,
        stride_time,
        precision,
    }
}

#[test]
fn the_preset_layers_equal_the_sum() {
    for (channels, filters, length, stride) in [(1, 32, 64, 2), (32, 64, 32, 3)] {
        let shape = shape([2, 12, length, channels, filters], [3, 3, stride], Precision::F32);
        Case::new(shape, 1).check(F32);
        Case::new(Conv2dShape { precision: Precision::Bf16, ..shape }, 1).check(BF16);
    }
}

#[test]
fn an_utterance_is_the_same_alone_and_among_others() {
    let case = Case::new(shape([6, 9, 8, 5, 7], [3, 3, 2], Precision::F32), 2);
    let alone = Conv2dShape { batch: 1, ..case.shape };
    let [y, _, dx] = case.run();
    let (each_x, each_y) = (case.x.len() / 6, case.dy.len() / 6);
    for i in 0..6 {
        let x = case.x[i * each_x..][..each_x].to_vec();
        let dy = case.dy[i * each_y..][..each_y].to_vec();
        let [y_alone, _, dx_alone] = Case { shape: alone, x, w: case.w.clone(), dy }.run();
        assert_eq!(y_alone, y[i * each_y..][..each_y]);
        assert_eq!(dx_alone, dx[i * each_x..][..each_x]);
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let case = Case::new(shape([9, 7, 6, 4, 20], [3, 3, 1], Precision::F32), 3);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("a pool").install(|| case.run())
    };
    assert_eq!(on(1), on(3));
}

proptest! {
    #![proptest_config(crate::cases(64))]

    #[test]
    fn any_sizes_equal_the_sum(
        batch in 1_usize..6,
        time in 1_usize..12,
        length in 1_usize..10,
        channels in 1_usize..6,
        filters in 1_usize..20,
        kernel_time in 1_usize..6,
        kernel_length in 1_usize..6,
        stride_time in 1_usize..5,
        bf16: bool,
        seed: u64,
    ) {
        let sizes = [batch, time, length, channels, filters];
        let (precision, tolerance) =
            if bf16 { (Precision::Bf16, BF16) } else { (Precision::F32, F32) };
        let kernel = [kernel_time, kernel_length, stride_time];
        Case::new(shape(sizes, kernel, precision), seed).check(tolerance);
    }
}
