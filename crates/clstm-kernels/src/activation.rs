//! `exp`, `sigmoid` and `tanh` written so that the compiler turns a loop over them into vector code.
//!
//! They have no branches and no tables. Call them inside [`vectorized`](crate::simd::vectorized) or
//! [`vectorized_with`](crate::simd::vectorized_with), which compile them for the vectors of the processor.

use std::marker::PhantomData;

use crate::simd::{Arithmetic, WithoutFma};

/// The functions, with one kind of multiply-add.
#[derive(Clone, Copy, Debug)]
pub struct Activation<A>(PhantomData<A>);

impl<A: Arithmetic> Activation<A> {
    /// `e^x` with a relative error below 2e-7; arguments are clamped to `[-87, 88]`, the range of `f32`.
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
        let shifted = A::mul_add(x, std::f32::consts::LOG2_E, ROUND);
        let n = shifted - ROUND;
        let r = A::mul_add(n, -LN2_LOW, A::mul_add(n, -LN2_HIGH, x));
        let mut p = 1.987_569_1e-4;
        p = A::mul_add(p, r, 1.398_199_9e-3);
        p = A::mul_add(p, r, 8.333_452e-3);
        p = A::mul_add(p, r, 4.166_579_6e-2);
        p = A::mul_add(p, r, 1.666_666_5e-1);
        p = A::mul_add(p, r, 0.5);
        p = A::mul_add(p * r, r, r) + 1.0;
        // The low bits of `shifted` are n in two's complement; the rest is shifted out.
        p * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
    }

    /// `1 / (1 + e^-x)` with a relative error below 4e-7.
    #[inline(always)]
    #[must_use]
    pub fn sigmoid(x: f32) -> f32 {
        1.0 / (1.0 + Self::exp(-x))
    }

    /// `tanh x` with a relative error below 6e-7.
    ///
    /// Below 0.625 an odd polynomial (Cephes `tanhf`), because `1 - 2 / (e^2x + 1)` cancels there.
    #[inline(always)]
    #[must_use]
    pub fn tanh(x: f32) -> f32 {
        let a = x.abs();
        let z = x * x;
        let mut p = -5.704_988_7e-3;
        p = A::mul_add(p, z, 2.063_909_3e-2);
        p = A::mul_add(p, z, -5.373_971_5e-2);
        p = A::mul_add(p, z, 1.333_144_2e-1);
        p = A::mul_add(p, z, -3.333_328e-1);
        let near = A::mul_add(p * z, x, x);
        let far = (1.0 - 2.0 / (Self::exp(2.0 * a) + 1.0)).copysign(x);
        if a < 0.625 { near } else { far }
    }
}

/// [`Activation::exp`] [`WithoutFma`].
#[inline(always)]
#[must_use]
pub fn exp(x: f32) -> f32 {
    Activation::<WithoutFma>::exp(x)
}

/// [`Activation::sigmoid`] [`WithoutFma`].
#[inline(always)]
#[must_use]
pub fn sigmoid(x: f32) -> f32 {
    Activation::<WithoutFma>::sigmoid(x)
}

/// [`Activation::tanh`] [`WithoutFma`].
#[inline(always)]
#[must_use]
pub fn tanh(x: f32) -> f32 {
    Activation::<WithoutFma>::tanh(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{WithArithmetic, WithFma, vectorized_with};

    /// Largest relative error of `f` against `oracle` over a fine sweep.
    fn worst(f: fn(f32) -> f32, oracle: fn(f64) -> f64, from: f32, to: f32) -> f64 {
        let steps = if cfg!(miri) { 400 } else { 400_000 };
        (0..=steps)
            .map(|i| from + (to - from) * i as f32 / steps as f32)
            .filter(|x| *x != 0.0)
            .map(|x| {
                let exact = oracle(f64::from(x));
                ((f64::from(f(x)) - exact) / exact).abs()
            })
            .fold(0.0, f64::max)
    }

    fn check_errors<A: Arithmetic>() {
        let sigma = |x: f64| 1.0 / (1.0 + (-x).exp());
        let errors = [
            (worst(Activation::<A>::exp, f64::exp, -87.0, 88.0), 2e-7),
            (worst(Activation::<A>::sigmoid, sigma, -80.0, 80.0), 4e-7),
            (worst(Activation::<A>::tanh, f64::tanh, -20.0, 20.0), 6e-7),
            (worst(Activation::<A>::tanh, f64::tanh, -1e-3, 1e-3), 6e-7),
        ];
        for (error, bound) in errors {
            assert!(error < bound, "{errors:?}");
        }
    }

    #[test]
    fn errors_stay_below_the_documented_bounds() {
        check_errors::<WithFma>();
        check_errors::<WithoutFma>();
    }

    fn check_extremes<A: Arithmetic>() {
        assert_eq!(Activation::<A>::tanh(f32::INFINITY), 1.0);
        assert_eq!(Activation::<A>::tanh(-100.0), -1.0);
        assert_eq!(Activation::<A>::sigmoid(200.0), 1.0);
        assert!(Activation::<A>::sigmoid(-200.0) < 1e-37);
        assert_eq!(Activation::<A>::tanh(0.0), 0.0);
        assert!(Activation::<A>::tanh(f32::NAN).is_nan());
        assert!(Activation::<A>::sigmoid(f32::NAN).is_nan());
    }

    #[test]
    fn extremes_saturate_and_nan_propagates() {
        check_extremes::<WithFma>();
        check_extremes::<WithoutFma>();
    }

    /// `tanh` of every element by vector code and by scalar code.
    struct Both<'a> {
        x: &'a [f32],
        vector: &'a mut [f32],
        scalar: &'a mut [f32],
    }

    impl WithArithmetic for Both<'_> {
        #[inline(always)]
        fn run<A: Arithmetic>(self) {
            for (y, x) in self.vector.iter_mut().zip(self.x) {
                *y = Activation::<A>::tanh(*x);
            }
            for (y, x) in self.scalar.iter_mut().zip(self.x) {
                *y = std::hint::black_box(Activation::<A>::tanh)(*x);
            }
        }
    }

    #[test]
    fn vectorised_code_computes_what_scalar_code_does() {
        let x: Vec<f32> = (0..1003).map(|i| (i as f32 - 500.0) * 0.031).collect();
        let (mut vector, mut scalar) = (x.clone(), x.clone());
        vectorized_with(Both { x: &x, vector: &mut vector, scalar: &mut scalar });
        assert_eq!(vector, scalar, "bit-identical");
    }
}
