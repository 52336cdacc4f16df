//! The fused batch norm and pooling against a float64 reference that shares no code with it.

use clstm_kernels::norm_pool::{
    NormPoolShape, PreparedNormPool, Saved, Statistics, backward, forward_train,
};
use proptest::prelude::*;

const EPSILON: f32 = 1e-3;

/// Distinct values at least 0.01 apart (no two inputs tie) in a random order.
fn distinct(len: usize, seed: u64) -> Vec<f32> {
    let mut values: Vec<f32> = (0..len).map(|i| 0.01 * i as f32 - 0.004 * len as f32).collect();
    let mut state = seed;
    for i in (1..len).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        values.swap(i, (state >> 33) as usize % (i + 1));
    }
    values
}

/// Values in about [-1, 1], none of them near zero.
fn weights(len: usize, seed: u64) -> Vec<f32> {
    let spread = 1.0 / len as f32;
    let push = |v: f32| if v < 0.0 { v - 0.1 } else { v + 0.1 };
    distinct(len, seed).iter().map(|v| push(v * 100.0 * spread)).collect()
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&v| f64::from(v)).collect()
}

struct Expected {
    y: Vec<f64>,
    mean: Vec<f64>,
    variance: Vec<f64>,
}

/// Normalise everything, then pool: the two layers one after the other, in float64.
fn reference(s: &NormPoolShape, h: &[f64], gamma: &[f64], beta: &[f64]) -> Expected {
    let c_count = s.channels;
    let count = (s.rows * s.positions) as f64;
    let over = |c: usize| h.iter().skip(c).step_by(c_count);
    let mean: Vec<f64> = (0..c_count).map(|c| over(c).sum::<f64>() / count).collect();
    let variance: Vec<f64> =
        (0..c_count).map(|c| over(c).map(|x| (x - mean[c]).powi(2)).sum::<f64>() / count).collect();
    let y = pooled(s, h, &mean, &variance, gamma, beta);
    Expected { y, mean, variance }
}

fn pooled(
    s: &NormPoolShape,
    h: &[f64],
    mean: &[f64],
    variance: &[f64],
    gamma: &[f64],
    beta: &[f64],
) -> Vec<f64> {
    let mut y = Vec::new();
    for n in 0..s.rows {
        for q in 0..s.positions.div_ceil(s.pool) {
            for c in 0..s.channels {
                let mut best = f64::NEG_INFINITY;
                for p in q * s.pool..((q + 1) * s.pool).min(s.positions) {
                    let x = h[(n * s.positions + p) * s.channels + c];
                    let std = (variance[c] + f64::from(EPSILON)).sqrt();
                    best = best.max((x - mean[c]) / std * gamma[c] + beta[c]);
                }
                y.push(best);
            }
        }
    }
    y
}

fn close(name: &str, got: &[f32], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{name}");
    let scale = want.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((f64::from(*g) - w).abs() <= tolerance * scale, "{name}[{i}]: {g} against {w}");
    }
}

fn train(
    s: &NormPoolShape,
    h: &[f32],
    gamma: &[f32],
    beta: &[f32],
) -> (Vec<f32>, Saved, Statistics) {
    let mut y = vec![f32::MAX; s.rows * s.pooled() * s.channels];
    let (saved, statistics) = forward_train(s, h, gamma, beta, EPSILON, &mut y);
    (y, saved, statistics)
}

fn gradients(
    s: &NormPoolShape,
    h: &[f32],
    gamma: &[f32],
    saved: &Saved,
    dy: &[f32],
) -> [Vec<f32>; 3] {
    let mut dh = vec![f32::MAX; h.len()];
    let gradients = backward(s, h, gamma, saved, dy, &mut dh);
    [dh, gradients.gamma, gradients.beta]
}

/// d(sum w y) / d(x[i]) by central differences.
fn numeric(x: &[f64], loss: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let step = 1e-5;
    let mut x = x.to_vec();
    (0..x.len())
        .map(|i| {
            let at = x[i];
            x[i] = at + step;
            let above = loss(&x);
            x[i] = at - step;
            let below = loss(&x);
            x[i] = at;
            (above - below) / (2.0 * step)
        })
        .collect()
}

proptest! {
    #![proptest_config(crate::cases(48))]

    #[test]
    fn agrees_with_the_reference(
        rows in 1_usize..4, positions in 1_usize..9, channels in 1_usize..38, pool in 1_usize..11,
        seed in any::<u64>(),
    ) {
        let s = NormPoolShape { rows, positions, channels, pool };
        let h = distinct(rows * positions * channels, seed);
        let (gamma, beta) = (weights(channels, seed ^ 1), weights(channels, seed ^ 2));
        let (h64, gamma64, beta64) = (wide(&h), wide(&gamma), wide(&beta));
        let want = reference(&s, &h64, &gamma64, &beta64);

        let (y, saved, statistics) = train(&s, &h, &gamma, &beta);
        close("y", &y, &want.y, 2e-6);
        close("mean", &statistics.mean, &want.mean, 1e-6);
        close("variance", &statistics.variance, &want.variance, 1e-6);

        let dy = weights(y.len(), seed ^ 3);
        let loss = |y: Vec<f64>| y.iter().zip(&dy).map(|(y, w)| y * f64::from(*w)).sum::<f64>();
        let [dh, dgamma, dbeta] = gradients(&s, &h, &gamma, &saved, &dy);
        close("dh", &dh, &numeric(&h64, |h| loss(reference(&s, h, &gamma64, &beta64).y)), 1e-5);
        close("dgamma", &dgamma, &numeric(&gamma64, |g| loss(reference(&s, &h64, g, &beta64).y)), 1e-5);
        close("dbeta", &dbeta, &numeric(&beta64, |b| loss(reference(&s, &h64, &gamma64, b).y)), 1e-5);

        let (mean, variance) = (weights(channels, seed ^ 4), distinct(channels, seed ^ 5));
        let variance: Vec<f32> = variance.iter().map(|v| v.abs() + 0.1).collect();
        let mut y = vec![f32::MAX; y.len()];
        PreparedNormPool::new(&gamma, &beta, &mean, &variance, EPSILON).forward(&s, &h, &mut y);
        close("eval", &y, &pooled(&s, &h64, &wide(&mean), &wide(&variance), &gamma64, &beta64), 2e-6);
    }
}

/// Many tasks and blocks, of several widths.
#[test]
fn large_batches_agree_with_the_reference_and_do_not_depend_on_threads() {
    for (channels, pool) in [(32, 4), (6, 3), (64, 1)] {
        let s = NormPoolShape { rows: 301, positions: 37, channels, pool };
        let len = s.rows * s.positions * channels;
        let h: Vec<f32> = distinct(len, 9).iter().map(|v| v / (0.002 * len as f32)).collect();
        let (gamma, beta) = (weights(channels, 1), weights(channels, 2));
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let (y, saved, statistics) = train(&s, &h, &gamma, &beta);
                let dy: Vec<f32> = weights(y.len(), 3);
                let gradients = gradients(&s, &h, &gamma, &saved, &dy);
                (y, statistics, gradients, dy)
            })
        };
        let (y, statistics, gradients, dy) = run(1);
        assert!((y.clone(), statistics.clone(), gradients.clone(), dy.clone()) == run(2));

        let want = reference(&s, &wide(&h), &wide(&gamma), &wide(&beta));
        close("y", &y, &want.y, 2e-6);
        close("mean", &statistics.mean, &want.mean, 1e-7);
        close("variance", &statistics.variance, &want.variance, 1e-6);
        for c in 0..channels {
            let sum: f64 = dy.iter().skip(c).step_by(channels).map(|&v| f64::from(v)).sum();
            let size: f64 = dy.iter().skip(c).step_by(channels).map(|&v| f64::from(v).abs()).sum();
            assert!((f64::from(gradients[2][c]) - sum).abs() < 1e-6 * size, "dbeta[{c}]");
            // A constant added to a channel, or a factor, leaves its output alone.
            let over = || gradients[0].iter().zip(&h).skip(c).step_by(channels);
            let along: f64 = over().map(|(&d, _)| f64::from(d)).sum();
            let scaled: f64 = over().map(|(&d, &h)| f64::from(d) * f64::from(h)).sum();
            assert!(along.abs() < 1e-5 * size, "sum of dh in {c}: {along} of {size}");
            // What epsilon leaves of the factor: dgamma gamma epsilon / (variance + epsilon).
            let left = f64::from(gradients[1][c]) * f64::from(gamma[c]) * f64::from(EPSILON)
                / (want.variance[c] + f64::from(EPSILON));
            assert!((scaled - left).abs() < 1e-5 * size, "dh along h in {c}: {scaled} of {size}");
        }
    }
}

#[test]
fn variance_survives_a_large_mean() {
    let s = NormPoolShape { rows: 64, positions: 50, channels: 17, pool: 2 };
    let h: Vec<f32> =
        (0..64 * 50 * 17).map(|i| 4096.0 + ((i * 7919) % 1024) as f32 / 1024.0).collect();
    let want = reference(&s, &wide(&h), &[1.0; 17], &[0.0; 17]);
    let (y, _, statistics) = train(&s, &h, &[1.0; 17], &[0.0; 17]);
    // A sum of squares in float32 would be off by about a hundred percent.
    for (got, want) in statistics.variance.iter().zip(&want.variance) {
        assert!((f64::from(*got) / want - 1.0).abs() < 5e-6, "{got} against {want}");
    }
    // The mean of 4096.5 itself is rounded to a step of 4.9e-4.
    close("y", &y, &want.y, 1e-3);
}

#[test]
fn of_equals_the_first_takes_the_gradient() {
    let s = NormPoolShape { rows: 1, positions: 4, channels: 3, pool: 4 };
    // A positive, a negative and a zero gamma.
    let h = [1.0, 5.0, 2.0, 3.0, 4.0, 9.0, 3.0, 4.0, 1.0, 2.0, 6.0, 9.0];
    let gamma = [2.0, -1.0, 0.0];
    let (y, saved, _) = train(&s, &h, &gamma, &[0.5; 3]);
    assert_eq!(y[2], 0.5);
    let [dh, dgamma, _] = gradients(&s, &h, &gamma, &saved, &[1.0; 3]);
    let largest = |c: usize| {
        let size = |p: &usize| (dh[p * 3 + c] * gamma[c]).max(0.0);
        (0..4).max_by(|a, b| size(a).total_cmp(&size(b)).then(b.cmp(a))).unwrap()
    };
    assert_eq!((largest(0), largest(1)), (1, 1));
    assert!(dh.iter().skip(2).step_by(3).all(|d| *d == 0.0));
    // Under a gamma of zero the first position wins: h = 2 against a mean of 5.25, variance 13.6875+.
    let variance = [2.0_f32, 9.0, 1.0, 9.0].iter().map(|h| (h - 5.25).powi(2)).sum::<f32>() / 4.0;
    let expected = (2.0 - 5.25) / (variance + EPSILON).sqrt();
    assert!((dgamma[2] - expected).abs() < 1e-6, "{} against {expected}", dgamma[2]);
}

#[test]
fn nan_comes_out_of_its_window_wherever_it_stands() {
    for pool in [1, 3, 5] {
        let s = NormPoolShape { rows: 2, positions: 5, channels: 21, pool };
        for gamma in [1.0, -1.0, 0.0] {
            for position in 0..5 {
                let mut h = distinct(2 * 5 * 21, 4);
                h[position * 21 + 18] = f32::NAN;
                let mut y = vec![0.0; 2 * s.pooled() * 21];
                let (ones, zeros) = ([1.0; 21], [0.0; 21]);
                PreparedNormPool::new(&[gamma; 21], &zeros, &zeros, &ones, EPSILON)
                    .forward(&s, &h, &mut y);
                let nan: Vec<usize> = (0..y.len()).filter(|&i| y[i].is_nan()).collect();
                assert_eq!(nan, [position / pool * 21 + 18], "pool {pool}, gamma {gamma}");

                let (y, ..) = train(&s, &h, &[gamma; 21], &zeros);
                assert!(y.iter().skip(18).step_by(21).all(|v| v.is_nan()));
            }
        }
    }
}

#[test]
#[should_panic(expected = "length of h")]
fn a_short_input_is_refused() {
    let s = NormPoolShape { rows: 2, positions: 3, channels: 1, pool: 1 };
    train(&s, &[0.0; 5], &[1.0], &[0.0]);
}
