//! The layers as differentiable tensor operations: they run on devices without fused kernels and are the reference that
//! the fused kernels are tested against.

mod compression;
mod conv_2d;
mod conv_lstm;
mod filterbank;
mod gru;
mod norm_pool;
mod time;

pub use compression::compression;
pub use conv_2d::conv_2d;
pub use conv_lstm::conv_lstm;
pub use filterbank::filterbank;
pub use gru::bi_gru;
pub use norm_pool::{max_pool, norm_pool};
