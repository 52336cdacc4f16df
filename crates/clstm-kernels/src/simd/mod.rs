//! Vector code: how the kernels use the vector instructions of the processor.
//!
//! `pulp` selects the instruction set at run time. A kernel is written in one of two styles:
//!
//! 1. **Plain arrays**, which the compiler turns into vectors: every loop over elements (the default).
//!    [`vectorized`] compiles a loop for the processor's vectors, [`vectorized_with`] also with fused
//!    multiply-add, and `lanes` has loops over runs of 16, 4 and 1 channels that stay in registers.
//! 2. **Explicit vectors**, only where sums of several rows must stay in registers over a whole loop,
//!    which the compiler does not do for arrays of arrays:
//!    - [`fft_conv`](crate::fft_conv), on `pulp::Simd`: a butterfly has 16 complex vectors in registers.
//!    - [`gemm`](crate::gemm), on its own trait `Isa` over `pulp::Simd`: a tile has up to 24 vectors of
//!      sums. `pulp` has no product of bf16 pairs (AVX512-BF16), and it reads vectors from slices: a
//!      product checks its bounds once instead of at each vector, and reads words of any alignment.
//!
//! Code of both styles must be inlined into the function that selects the instruction set: code that is
//! not inlined is compiled for the smallest vectors.

mod dispatch;
pub(crate) mod lanes;
mod prefetch;

pub use dispatch::{Arithmetic, WithArithmetic, WithFma, WithoutFma, vectorized, vectorized_with};
pub(crate) use prefetch::{prefetch_read, prefetch_write};
