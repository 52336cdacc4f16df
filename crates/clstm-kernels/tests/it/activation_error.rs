//! Errors of the activation functions against `f64`, in units in the last place (ULP).
//!
//! The example `activation_error` includes this file, and measures all values of `f32`; the tests measure some of them.
#![allow(dead_code, reason = "the example and the tests use different parts")]

use clstm_kernels::activation::Activation;
use clstm_kernels::simd::{Arithmetic, WithArithmetic, WithFma, WithoutFma, vectorized};

/// An activation function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Exp,
    Sigmoid,
    Tanh,
}

impl Function {
    pub(crate) const ALL: [Self; 3] = [Self::Exp, Self::Sigmoid, Self::Tanh];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Exp => "exp",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
        }
    }

    /// The arguments that are not clamped.
    pub(crate) fn range(self) -> (f32, f32) {
        match self {
            Self::Exp => (-87.0, 88.0),
            // `exp` clamps its argument -x.
            Self::Sigmoid => (-88.0, f32::INFINITY),
            Self::Tanh => (f32::NEG_INFINITY, f32::INFINITY),
        }
    }

    fn exact(self, x: f64) -> f64 {
        match self {
            Self::Exp => x.exp(),
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Tanh => x.tanh(),
        }
    }
}

/// A function of every element.
struct Apply<'a> {
    function: Function,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl WithArithmetic for Apply<'_> {
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let pairs = self.y.iter_mut().zip(self.x);
        match self.function {
            Function::Exp => {
                for (y, x) in pairs {
                    *y = Activation::<A>::exp(*x);
                }
            }
            Function::Sigmoid => {
                for (y, x) in pairs {
                    *y = Activation::<A>::sigmoid(*x);
                }
            }
            Function::Tanh => {
                for (y, x) in pairs {
                    *y = Activation::<A>::tanh(*x);
                }
            }
        }
    }
}

/// The largest error and what else differs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Largest {
    /// Largest error in ULP.
    pub(crate) ulp: f64,
    /// Its argument.
    pub(crate) at: f32,
    /// Largest relative error.
    pub(crate) relative: f64,
    /// Arguments that were compared.
    pub(crate) count: u64,
    /// Results that are NaN although the exact value is not, or the other way round.
    pub(crate) nan_mismatches: u64,
}

impl Largest {
    fn add(&mut self, x: f32, found: f32, exact: f64) {
        self.count += 1;
        if found.is_nan() || exact.is_nan() {
            self.nan_mismatches += u64::from(found.is_nan() != exact.is_nan());
            return;
        }
        let error = (f64::from(found) - exact).abs();
        let in_ulp = error / ulp(exact);
        if in_ulp > self.ulp {
            (self.ulp, self.at) = (in_ulp, x);
        }
        if exact != 0.0 {
            self.relative = self.relative.max(error / exact.abs());
        }
    }

    fn join(self, other: Self) -> Self {
        let larger = if other.ulp > self.ulp { other } else { self };
        Self {
            relative: self.relative.max(other.relative),
            count: self.count + other.count,
            nan_mismatches: self.nan_mismatches + other.nan_mismatches,
            ..larger
        }
    }
}

/// The distance of neighbouring `f32` at a value.
fn ulp(value: f64) -> f64 {
    let exponent = (value.abs().to_bits() >> 52) as i32 - 1023;
    2_f64.powi((exponent - 23).max(-149))
}

/// What the comparison of some arguments found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Errors {
    /// With fused multiply-add.
    pub(crate) fused: Largest,
    /// Without.
    pub(crate) unfused: Largest,
    /// Results without fused multiply-add that are other bits in code for the widest vectors of the processor than in code for the
    /// vectors that the compiler may use everywhere.
    pub(crate) other_bits: u64,
}

impl Errors {
    pub(crate) fn join(self, other: Self) -> Self {
        Self {
            fused: self.fused.join(other.fused),
            unfused: self.unfused.join(other.unfused),
            other_bits: self.other_bits + other.other_bits,
        }
    }
}

/// Compares those arguments that are NaN or in the range of the function.
pub(crate) fn errors(function: Function, arguments: impl Iterator<Item = f32>) -> Errors {
    let (low, high) = function.range();
    let x: Vec<f32> = arguments.filter(|x| x.is_nan() || (low <= *x && *x <= high)).collect();
    let [mut fused, mut unfused, mut narrow] = [0; 3].map(|_| vec![0.0; x.len()]);
    vectorized(
        #[inline(always)]
        || Apply { function, x: &x, y: &mut fused }.run::<WithFma>(),
    );
    vectorized(
        #[inline(always)]
        || Apply { function, x: &x, y: &mut unfused }.run::<WithoutFma>(),
    );
    Apply { function, x: &x, y: &mut narrow }.run::<WithoutFma>();
    let mut errors = Errors::default();
    for (((&x, &fused), &unfused), &narrow) in x.iter().zip(&fused).zip(&unfused).zip(&narrow) {
        let exact = function.exact(f64::from(x));
        errors.fused.add(x, fused, exact);
        errors.unfused.add(x, unfused, exact);
        // The bits of NaN are not defined.
        let equal = unfused.to_bits() == narrow.to_bits() || (unfused.is_nan() && narrow.is_nan());
        errors.other_bits += u64::from(!equal);
    }
    errors
}
