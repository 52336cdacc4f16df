//! Integration tests of the kernels.

mod conv_lstm;
mod norm_pool;
mod random;
mod reference;
