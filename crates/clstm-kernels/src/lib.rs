//! WithFma recurrent kernels on plain `f32` slices: forward and backward, no framework.
//!
//! - [`conv_lstm`]: the ConvLSTM of Eq. 2-7 with optional peepholes and normalised input-to-state
//!   pre-activations.
//! - [`gru`]: one bidirectional layer of gated recurrent units (Eq. 8-11), reset gate before or after.
//! - [`norm_pool`]: batch normalisation and max pooling along the length in one pass.
//! - [`lflb`]: a whole local feature learning block, ConvLSTM and [`norm_pool`], as one operation.
//! - [`gemm`]: the GEMMs they are made of, in `f32` and in `bf16`.
//! - [`fft_conv`]: a long strided convolution of one channel by its Fourier transform.
//! - [`winograd`]: convolutions of three taps with half the multiplications.
//! - [`newton_schulz`]: the nearest orthogonal matrix, for an optimiser.
//! - [`threads`]: whether work is spread over threads.
//! - [`activation`]: vectorized `exp`, `sigmoid` and `tanh` with stated errors.
//!
//! All tensors are row-major with the channel innermost ("channel-last"): a convolution's window is
//! then one contiguous run of memory, so that a window matrix is a strided view and never copied.
//!
//! # Determinism
//! A batch is cut into groups of [`UTTERANCE_BLOCK`] utterances whatever the number of threads, and sums over
//! groups are taken in the order of the groups: a result does not depend on the thread count.

pub mod activation;
pub mod conv_2d;
pub mod conv_lstm;
pub mod cpu;
pub mod fft_conv;
pub mod filterbank;
pub mod gemm;
pub mod gru;
pub mod lflb;
pub mod newton_schulz;
pub mod norm_pool;
pub mod threads;
pub mod winograd;

mod aligned_buffer;
mod buffer;
mod lanes;

pub use buffer::{Buffer, Pooled};
pub use gemm::Precision;

/// Utterances that one task works on at a time.
///
/// Sixteen rows are enough for a state-to-state GEMM of seven positions to reach 90% of the peak
/// (112 rows), and a batch of 32 still splits into one group for each of two threads.
pub const UTTERANCE_BLOCK: usize = 16;
