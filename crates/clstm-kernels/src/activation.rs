//! `exp`, `sigmoid` and `tanh` written so that the compiler turns a loop over them into vector code.
//!
//! They hold no branch and no table. Run them inside [`vectorised`], which picks the widest
//! instruction set the processor has (AVX-512, AVX2, SSE2; NEON) at run time.

use pulp::{Arch, WithSimd};

/// Runs `body` compiled for the widest vectors of this processor.
///
/// What `body` calls is compiled for them only as far as it is inlined: keep the loops inside it.
#[inline(always)]
pub fn vectorised<F: FnOnce()>(body: F) {
    struct Task<F>(F);
    impl<F: FnOnce()> WithSimd for Task<F> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, _: S) {
            (self.0)();
        }
    }
    Arch::new().dispatch(Task(body));
}

/// `e^x`, relative error below 2e-7; arguments are clamped to `[-87, 88]`, where `f32` ends.
///
/// `x = n ln 2 + r` with `|r| <= ln 2 / 2` (Cody-Waite in two pieces), then a polynomial for `e^r`
/// (the minimax fit of the Cephes library, S. Moshier) and `2^n` through the exponent bits.
#[inline(always)]
#[must_use]
pub fn exp(x: f32) -> f32 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer in plain float arithmetic.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN2_HIGH - n * LN2_LOW;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 0.5;
    p = p * r * r + r + 1.0;
    // The low bits of `shifted` are n in two's complement; the rest is shifted out.
    p * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

/// `1 / (1 + e^-x)`, relative error below 4e-7.
#[inline(always)]
#[must_use]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `tanh x`, relative error below 6e-7.
///
/// Below 0.625 an odd polynomial (Cephes `tanhf`), because `1 - 2 / (e^2x + 1)` cancels there.
#[inline(always)]
#[must_use]
pub fn tanh(x: f32) -> f32 {
    let a = x.abs();
    let z = x * x;
    let mut p = -5.704_988_7e-3;
    p = p * z + 2.063_909_3e-2;
    p = p * z - 5.373_971_5e-2;
    p = p * z + 1.333_144_2e-1;
    p = p * z - 3.333_328e-1;
    let near = p * z * x + x;
    let far = (1.0 - 2.0 / (exp(2.0 * a) + 1.0)).copysign(x);
    if a < 0.625 { near } else { far }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest relative error of `f` against `oracle` over a fine sweep.
    fn worst(f: fn(f32) -> f32, oracle: fn(f64) -> f64, from: f32, to: f32) -> f64 {
        let steps = 400_000;
        (0..=steps)
            .map(|i| from + (to - from) * i as f32 / steps as f32)
            .filter(|x| *x != 0.0)
            .map(|x| {
                let exact = oracle(f64::from(x));
                ((f64::from(f(x)) - exact) / exact).abs()
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn errors_stay_within_what_the_docs_state() {
        let sigma = |x: f64| 1.0 / (1.0 + (-x).exp());
        let errors = [
            (worst(exp, f64::exp, -87.0, 88.0), 2e-7),
            (worst(sigmoid, sigma, -80.0, 80.0), 4e-7),
            (worst(tanh, f64::tanh, -20.0, 20.0), 6e-7),
            (worst(tanh, f64::tanh, -1e-3, 1e-3), 6e-7),
        ];
        for (error, bound) in errors {
            assert!(error < bound, "{errors:?}");
        }
    }

    #[test]
    fn extremes_saturate_and_nan_passes_through() {
        assert_eq!(tanh(f32::INFINITY), 1.0);
        assert_eq!(tanh(-100.0), -1.0);
        assert_eq!(sigmoid(200.0), 1.0);
        assert!(sigmoid(-200.0) < 1e-37);
        assert_eq!(tanh(0.0), 0.0);
        assert!(tanh(f32::NAN).is_nan() && sigmoid(f32::NAN).is_nan());
    }

    #[test]
    fn vectorised_code_computes_what_scalar_code_does() {
        let x: Vec<f32> = (0..1003).map(|i| (i as f32 - 500.0) * 0.031).collect();
        let mut y = x.clone();
        vectorised(|| y.iter_mut().for_each(|v| *v = tanh(*v)));
        for (x, y) in x.iter().zip(&y) {
            // Contraction to fused multiply-add is off by default: the very same bits.
            assert_eq!(tanh(*x), *y);
        }
    }
}
