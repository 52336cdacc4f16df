//! The recurrent layers composed of differentiable tensor operations: what runs on a device that has
//! no fused kernels, and the oracle that the fused ones are tested against.

mod compression;
mod conv_2d;
mod conv_lstm;
mod filterbank;
mod gru;
mod norm_pool;
mod time;

pub use compression::compression;
pub(crate) use compression::{FLOOR, REFERENCE};
pub use conv_2d::conv_2d;
pub use conv_lstm::conv_lstm;
pub use filterbank::filterbank;
pub use gru::bi_gru;
pub use norm_pool::{max_pool, norm_pool};
