//! Integration tests of the kernels.
#![allow(clippy::print_stderr, reason = "a skipped check says so")]

mod conv_2d;
mod conv_lstm;
mod filterbank;
mod gru;
mod lflb;
mod norm_pool;
mod orthogonal;
mod panel;
mod random;
mod reference;
mod spectral;
mod winograd;
