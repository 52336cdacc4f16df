//! Integration tests of the kernels.
//!
//! Under Miri properties have one case, and `.ci/miri` selects the tests of the unsafe code.
#![allow(clippy::print_stderr, reason = "a skipped test prints why")]

mod activation;
mod activation_error;
mod conv_2d;
mod conv_lstm;
mod fft_conv;
mod filterbank;
mod gemm;
mod gru;
mod lflb;
mod max_pool;
mod newton_schulz;
mod norm_pool;
mod pool;
mod random;
mod reference;
mod winograd;

/// Settings of a property with that many cases; one under Miri, which interprets some ten thousand operations per second.
fn cases(cases: u32) -> proptest::test_runner::Config {
    let cases = if cfg!(miri) { 1 } else { cases };
    // Without files: Miri isolates the interpreted program.
    proptest::test_runner::Config { cases, failure_persistence: None, ..Default::default() }
}
