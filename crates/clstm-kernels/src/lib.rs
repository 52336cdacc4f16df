//! Fused layers of the CLSTM networks on plain `f32` slices: forward and backward, no framework.
//!
//! - [`conv_lstm`]: the ConvLSTM of Eq. 2-7 with optional peepholes and batch-normalised
//!   input-to-state pre-activations.
//! - [`gru`]: one bidirectional layer of gated recurrent units (Eq. 8-11), reset gate before or after.
//! - [`norm_pool`]: batch normalisation and max pooling along the length in one pass.
//! - [`lflb`]: a local feature learning block, ConvLSTM and [`norm_pool`], as one operation.
//! - [`conv_2d`]: a convolution over time and length.
//! - [`filterbank`]: energies of a waveform in the bands of complex filters.
//! - [`max_pool`]: max pooling on its own.
//!
//! They are made of:
//!
//! - [`gemm`]: matrix products, in `f32` and in `bf16`.
//! - [`fft_conv`]: a long strided convolution of one channel by the Fourier transform.
//! - [`winograd`]: convolutions of three taps with half the multiplications.
//! - [`simd`]: the use of vector instructions, and why there are two styles.
//! - [`activation`]: vectorised `exp`, `sigmoid` and `tanh` with stated errors.
//! - [`newton_schulz`]: the nearest orthogonal matrix, for the Muon optimiser.
//! - [`buffer`]: the pool that scratch memory comes from.
//! - [`threads`]: whether work is spread over threads.
//! - [`cpu`]: what the processor can do.
//!
//! All tensors are row-major with the channel innermost ("channel-last"): a convolution's window is
//! then one contiguous run of memory, and the matrix of all windows is a strided view that is never
//! copied.
//!
//! # Determinism
//! A batch is divided into groups of at most [`UTTERANCE_BLOCK`] utterances, and sums over groups are
//! taken in their order: results are bit-identical for any number of threads. Inference is also
//! bit-identical for an utterance alone and in any batch. [`conv_lstm`] states where training and
//! inference are bit-identical and where they differ by rounding.
//!
//! # Unsafe code
//! `unsafe` occurs in three places, each with its reason: the micro-kernels of [`gemm`] (raw pointers
//! inside bounds that the public functions assert, and instruction sets detected before use), prefetch
//! instructions, and the huge-page advice of [`buffer`]. `.ci/miri` runs the scalar code and its tests
//! under Miri, at small sizes, and `.ci/address-sanitizer` all instruction sets of the machine with
//! AddressSanitizer.

pub mod activation;
pub mod buffer;
pub mod conv_2d;
pub mod conv_lstm;
pub mod cpu;
pub mod fft_conv;
pub mod filterbank;
pub mod gemm;
pub mod gru;
pub mod lflb;
mod max_pool;
pub mod newton_schulz;
pub mod norm_pool;
mod precision;
pub mod simd;
pub mod threads;
pub mod winograd;

mod aligned_buffer;
mod batch_norm;
mod padding;

pub use batch_norm::Statistics;
pub use buffer::{Buffer, Pooled};
pub use max_pool::max_pool;
pub use precision::{Precision, UnknownPrecision};

/// Utterances that one task works on at a time.
///
/// Eight rows are enough for a state-to-state product of seven positions (56 rows) to run near the peak,
/// and the default batch of 16 gives each of two threads one group.
pub const UTTERANCE_BLOCK: usize = 8;

/// Utterances whose weight gradients one task sums, in layers whose utterances are independent: enough
/// to outweigh the cost of a separate sum, and few enough for a batch of 16 to occupy several threads.
const UTTERANCES_PER_GRADIENT: usize = 4;
