//! Integration tests of the kernels.
#![allow(clippy::print_stderr, reason = "a skipped check says so")]

mod conv_2d;
mod conv_lstm;
mod fft_conv;
mod filterbank;
mod gemm;
mod gru;
mod lflb;
mod newton_schulz;
mod norm_pool;
mod random;
mod reference;
mod winograd;
