//! The errors of `exp`, `sigmoid` and `tanh` over all values of `f32`, against `f64`, in units in the last place (ULP).
//!
//! ```text
//! cargo run --release --workspace --example activation_error
//! ```
//!
//! It evaluates each function at all 2^32 bit patterns with and without fused multiply-add: some minutes of one core.

#![allow(clippy::print_stdout)]

use clstm_kernels::activation::Activation;
use clstm_kernels::simd::{WithFma, WithoutFma};
use rayon::prelude::*;

/// The largest error of a function and where it is.
#[derive(Clone, Copy, Debug, Default)]
struct Largest {
    ulp: f64,
    relative: f64,
    at: f32,
    /// Arguments that were compared.
    count: u64,
    /// Results that are not numbers although the reference is one, or the other way round.
    not_numbers: u64,
}

impl Largest {
    fn add(&mut self, x: f32, found: f32, exact: f64) {
        self.count += 1;
        if found.is_nan() != exact.is_nan() {
            self.not_numbers += 1;
            return;
        }
        let error = (f64::from(found) - exact).abs();
        let ulp = error / ulp(exact);
        if ulp > self.ulp {
            (self.ulp, self.at) = (ulp, x);
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
            not_numbers: self.not_numbers + other.not_numbers,
            ..larger
        }
    }
}

/// The distance of neighbouring `f32` at a value.
fn ulp(value: f64) -> f64 {
    let exponent = (value.abs().to_bits() >> 52) as i32 - 1023;
    2_f64.powi((exponent - 23).max(-149))
}

/// A function, its fast forms and the range of arguments in which it is used.
struct Function {
    name: &'static str,
    fused: fn(f32) -> f32,
    unfused: fn(f32) -> f32,
    exact: fn(f64) -> f64,
    range: (f32, f32),
}

fn main() {
    let functions = [
        Function {
            name: "exp",
            fused: Activation::<WithFma>::exp,
            unfused: Activation::<WithoutFma>::exp,
            exact: f64::exp,
            // Arguments beyond are clamped to these.
            range: (-87.0, 88.0),
        },
        Function {
            name: "sigmoid",
            fused: Activation::<WithFma>::sigmoid,
            unfused: Activation::<WithoutFma>::sigmoid,
            exact: |x| 1.0 / (1.0 + (-x).exp()),
            // Below, the result stays at e^-87 = 1.6e-38.
            range: (-87.0, f32::INFINITY),
        },
        Function {
            name: "tanh",
            fused: Activation::<WithFma>::tanh,
            unfused: Activation::<WithoutFma>::tanh,
            exact: f64::tanh,
            range: (f32::NEG_INFINITY, f32::INFINITY),
        },
    ];
    println!(
        "| function | range | values | ULP, fused | ULP, not fused | relative error | largest at | NaN mismatches |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for function in functions {
        let [fused, unfused] = errors(&function);
        println!(
            "| `{}` | {} to {} | {} | {:.2} | {:.2} | {:.1e} | {:e} | {} |",
            function.name,
            function.range.0,
            function.range.1,
            fused.count,
            fused.ulp,
            unfused.ulp,
            fused.relative.max(unfused.relative),
            if fused.ulp > unfused.ulp { fused.at } else { unfused.at },
            fused.not_numbers + unfused.not_numbers,
        );
    }
}

/// Over all bit patterns in the range.
fn errors(function: &Function) -> [Largest; 2] {
    let (low, high) = function.range;
    let none = || [Largest::default(); 2];
    (0..1_u32 << 16)
        .into_par_iter()
        .map(|upper| {
            let [mut fused, mut unfused] = none();
            for lower in 0..1_u32 << 16 {
                let x = f32::from_bits(upper << 16 | lower);
                if x.is_nan() || (low <= x && x <= high) {
                    let exact = (function.exact)(f64::from(x));
                    fused.add(x, (function.fused)(x), exact);
                    unfused.add(x, (function.unfused)(x), exact);
                }
            }
            [fused, unfused]
        })
        .reduce(none, |one, two| [one[0].join(two[0]), one[1].join(two[1])])
}
