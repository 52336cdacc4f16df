//! Errors of the activation functions at every 4,099th value of `f32`; the example `activation_error` measures all.

use crate::activation_error::{Errors, Function, errors};

/// Every `stride`th bit pattern. The stride is odd: every sign and exponent occurs.
fn patterns(stride: usize) -> impl Iterator<Item = f32> {
    (0..=u32::MAX).step_by(stride).map(f32::from_bits)
}

/// Errors stay within those of all values, in ULP.
fn check(function: Function, max_ulp: f64) {
    let stride = if cfg!(miri) { 40_000_003 } else { 4_099 };
    let Errors { fused, unfused, other_bits } = errors(function, patterns(stride));
    assert!(fused.count > u64::from(u32::MAX) / stride as u64 / 3, "{fused:?}");
    for found in [fused, unfused] {
        assert!(found.ulp <= max_ulp, "{} has an error of {found:?}", function.name());
        assert_eq!(found.nan_mismatches, 0, "{}: {found:?}", function.name());
    }
    assert_eq!(other_bits, 0, "{}: instruction sets differ", function.name());
}

#[test]
fn errors_of_exp_are_within_those_of_all_values() {
    check(Function::Exp, 1.03);
}

#[test]
fn errors_of_sigmoid_are_within_those_of_all_values() {
    check(Function::Sigmoid, 2.49);
}

#[test]
fn errors_of_tanh_are_within_those_of_all_values() {
    check(Function::Tanh, 1.34);
}
