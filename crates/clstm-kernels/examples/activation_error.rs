//! The errors of `exp`, `sigmoid` and `tanh` over all values of `f32`, against `f64`, in units in the last place (ULP).
//!
//! ```text
//! cargo run --release --workspace --example activation_error
//! ```
//!
//! It evaluates each function at all 2^32 bit patterns, with and without fused multiply-add, in code for the widest vectors of the
//! processor: some minutes of one core.

#![allow(clippy::print_stdout)]

use rayon::prelude::*;

#[path = "../tests/it/activation_error.rs"]
mod activation_error;

use activation_error::{Errors, Function, errors};

fn main() {
    println!(
        "| function | range | values | ULP, fused | at | ULP, not fused | at | relative error | NaN mismatches | other bits |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for function in Function::ALL {
        let Errors { fused, unfused, other_bits } = over_all(function);
        println!(
            "| `{}` | {} to {} | {} | {:.2} | {} | {:.2} | {} | {:.1e} | {} | {other_bits} |",
            function.name(),
            function.range().0,
            function.range().1,
            fused.count,
            fused.ulp,
            fused.at,
            unfused.ulp,
            unfused.at,
            fused.relative.max(unfused.relative),
            fused.nan_mismatches + unfused.nan_mismatches,
        );
    }
}

/// Over all bit patterns.
fn over_all(function: Function) -> Errors {
    (0..1_u32 << 16)
        .into_par_iter()
        .map(|upper| {
            let patterns = (0..1 << 16).map(|lower| f32::from_bits(upper << 16 | lower));
            errors(function, patterns)
        })
        .reduce(Errors::default, Errors::join)
}
