//! Integration tests of the kernels.
#![allow(clippy::print_stderr, reason = "a skipped check says so")]

mod conv_lstm;
mod gru;
mod norm_pool;
mod random;
mod reference;
mod spectral;
