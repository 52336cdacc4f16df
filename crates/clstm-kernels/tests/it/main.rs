//! Integration tests of the kernels.
//!
//! Under Miri only those of the unsafe code are compiled, at small sizes; see the crate documentation.
#![allow(clippy::print_stderr, reason = "a skipped test prints why")]

#[cfg(not(miri))]
mod conv_2d;
#[cfg(not(miri))]
mod conv_lstm;
#[cfg(not(miri))]
mod fft_conv;
#[cfg(not(miri))]
mod filterbank;
mod gemm;
#[cfg(not(miri))]
mod gru;
#[cfg(not(miri))]
mod lflb;
mod max_pool;
#[cfg(not(miri))]
mod newton_schulz;
#[cfg(not(miri))]
mod norm_pool;
mod pool;
mod random;
#[cfg(not(miri))]
mod reference;
#[cfg(not(miri))]
mod winograd;
