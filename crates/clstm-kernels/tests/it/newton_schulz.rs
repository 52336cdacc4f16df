//! Newton-Schulz iterations against the same in plain f64, and against what they are for.

use clstm_kernels::Precision;
use clstm_kernels::newton_schulz::orthogonalize;
use proptest::prelude::*;

use crate::random::Random;

fn product([m, k, n]: [usize; 3], a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut c = vec![0.0; m * n];
    for i in 0..m {
        for j in 0..n {
            c[i * n + j] = (0..k).map(|l| a[i * k + l] * b[l * n + j]).sum();
        }
    }
    c
}

fn transposed([m, n]: [usize; 2], a: &[f64]) -> Vec<f64> {
    (0..m * n).map(|i| a[i % m * n + i / m]).collect()
}

/// The published algorithm, line by line.
fn reference([m, n]: [usize; 2], x: &[f32]) -> Vec<f64> {
    let mut x: Vec<f64> = x.iter().map(|v| f64::from(*v)).collect();
    let norm = x.iter().map(|v| v * v).sum::<f64>().sqrt() + 1e-7;
    x.iter_mut().for_each(|v| *v /= norm);
    for _ in 0..5 {
        let a = product([m, n, m], &x, &transposed([m, n], &x));
        let square = product([m, m, m], &a, &a);
        let b: Vec<f64> = a.iter().zip(&square).map(|(a, s)| -4.775 * a + 2.0315 * s).collect();
        let moved = product([m, m, n], &b, &x);
        x.iter_mut().zip(moved).for_each(|(x, moved)| *x = 3.4445 * *x + moved);
    }
    x
}

fn matrix([m, n]: [usize; 2], seed: u64) -> Vec<f32> {
    Random::new(seed).vec(m * n, 1.0)
}

fn distance(actual: &[f32], expected: &[f64]) -> f64 {
    let gaps = actual.iter().zip(expected).map(|(a, e)| (f64::from(*a) - e).powi(2));
    let norm: f64 = expected.iter().map(|e| e * e).sum();
    (gaps.sum::<f64>() / norm).sqrt()
}

proptest! {
    #![proptest_config(crate::cases(24))]

    #[test]
    fn follows_the_algorithm(m in 1..40_usize, n in 1..70_usize, seed: u64) {
        let x = matrix([m, n], seed);
        // The iteration is the same for a matrix and its transpose.
        let expected = reference([m, n], &x);
        let mut exact = x.clone();
        orthogonalize(Precision::F32, [m, n], &mut exact);
        prop_assert!(distance(&exact, &expected) < 1e-3, "{}", distance(&exact, &expected));
    }

    #[test]
    fn a_matrix_and_its_transpose_go_the_same_way(m in 1..30_usize, n in 1..30_usize, seed: u64) {
        prop_assume!(m != n);
        let mut x = matrix([m, n], seed);
        let mut turned: Vec<f32> = (0..m * n).map(|i| x[i % m * n + i / m]).collect();
        orthogonalize(Precision::F32, [m, n], &mut x);
        orthogonalize(Precision::F32, [n, m], &mut turned);
        for i in 0..m * n {
            prop_assert!((turned[i] - x[i % m * n + i / m]).abs() < 1e-4);
        }
    }
}

/// `X Xᵀ` of a wide random matrix, whose singular values are all of one size, is nearly the identity.
#[test]
fn rows_become_orthogonal() {
    for precision in [Precision::F32, Precision::Bf16] {
        let [m, n] = [48, 200];
        let mut x = matrix([m, n], 3);
        orthogonalize(precision, [m, n], &mut x);
        let x: Vec<f64> = x.iter().map(|v| f64::from(*v)).collect();
        let gram = product([m, n, m], &x, &transposed([m, n], &x));
        for i in 0..m {
            for j in 0..m {
                let value = gram[i * m + j];
                if i == j {
                    assert!((0.45..1.45).contains(&value), "{precision:?} {i}: {value}");
                } else {
                    assert!(value.abs() < 0.35, "{precision:?} {i} {j}: {value}");
                }
            }
        }
    }
}

#[test]
fn bf16_goes_the_way_of_f32() {
    let [m, n] = [64, 192];
    let x = matrix([m, n], 9);
    let expected = reference([m, n], &x);
    let mut rounded = x;
    orthogonalize(Precision::Bf16, [m, n], &mut rounded);
    let distance = distance(&rounded, &expected);
    assert!((1e-5..0.05).contains(&distance), "{distance}");
}

#[test]
fn nothing_stays_nothing_and_the_scale_does_not_matter() {
    let mut zeros = vec![0.0; 12];
    orthogonalize(Precision::F32, [3, 4], &mut zeros);
    assert_eq!(zeros, [0.0; 12]);
    let mut small = matrix([6, 5], 1);
    let mut large: Vec<f32> = small.iter().map(|v| v * 4096.0).collect();
    orthogonalize(Precision::F32, [6, 5], &mut small);
    orthogonalize(Precision::F32, [6, 5], &mut large);
    for (small, large) in small.iter().zip(&large) {
        assert!((small - large).abs() < 1e-4, "{small} {large}");
    }
}

#[test]
#[should_panic(expected = "x is not 3 by 4")]
fn another_length_is_refused() {
    orthogonalize(Precision::F32, [3, 4], &mut [0.0; 11]);
}
