//! A process-wide pool of buffers.
//!
//! A training step requests the same few hundred megabytes again and again, and touching fresh pages
//! costs more than the arithmetic on them. A dropped [`Buffer`] therefore goes back to a pool, from
//! which later requests are served.
//!
//! # Bounds
//! All pools together hold at most [`limit`] bytes, [`DEFAULT_LIMIT`] unless [`set_limit`] changes it.
//! A buffer that exceeds it is freed, after the buffers of its element type that were unused for
//! longest. Buffers in use do not count. [`release`] frees everything that the pools hold, for a process
//! that has been idle or has finished training.

mod pool;
#[cfg(test)]
mod tests;

/// What the pool synchronises with.
mod sync {
    pub(super) use std::sync::atomic::{AtomicUsize, Ordering};
    pub(super) use std::sync::{Mutex, MutexGuard, PoisonError};
}

use std::ops::{Deref, DerefMut};

use half::bf16;

use pool::{Budget, Free, Pool};
use sync::{AtomicUsize, Mutex, Ordering};

/// Default [`limit`] of the pools, 1 GiB: three times what the ConvLSTM blocks of the `clstm` preset use
/// in a training step with a batch of 32 (323 MiB, in proportion to the batch).
pub const DEFAULT_LIMIT: usize = 1 << 30;

static BUDGET: Budget =
    Budget { held: AtomicUsize::new(0), limit: AtomicUsize::new(DEFAULT_LIMIT) };

/// Element type of a buffer: one whose all-zero value is its default, with a pool of its own.
pub trait Pooled: Copy + Default + Send + 'static {
    /// The pool of this type.
    #[doc(hidden)]
    fn pool() -> &'static Pool<Self>;
}

macro_rules! pooled {
    ($($element:ty),*) => {
        $(impl Pooled for $element {
            fn pool() -> &'static Pool<Self> {
                static POOL: Pool<$element> =
                    Pool { free: Mutex::new(Free::new()), budget: &BUDGET };
                &POOL
            }
        })*

        /// Frees all memory that the pools hold. Buffers in use are not affected.
        pub fn release() {
            $(<$element as Pooled>::pool().clear();)*
        }
    };
}

pooled!(f32, bf16, u32, u16);

/// Bytes that the pools hold at present, not counting buffers in use.
#[must_use]
pub fn pooled_bytes() -> usize {
    BUDGET.held.load(Ordering::Relaxed)
}

/// Most bytes that the pools hold together.
#[must_use]
pub fn limit() -> usize {
    BUDGET.limit.load(Ordering::Relaxed)
}

/// Sets the [`limit`]. If the pools hold more at present, they are emptied.
///
/// A limit below the memory of a training step makes each step allocate afresh: slower, but correct.
pub fn set_limit(bytes: usize) {
    BUDGET.limit.store(bytes, Ordering::Relaxed);
    if pooled_bytes() > bytes {
        release();
    }
}

/// A slice borrowed from the process-wide pool; dropping it returns it.
pub struct Buffer<E: Pooled = f32> {
    data: Vec<E>,
    len: usize,
}

impl<E: Pooled> Buffer<E> {
    /// A buffer of `len` elements whose contents are arbitrary (but initialised): those of its last
    /// use, or zeros.
    #[must_use]
    pub fn recycled(len: usize) -> Self {
        let data = if len == 0 { Vec::new() } else { E::pool().take(len) };
        Self { data, len }
    }

    /// A buffer of `len` zeros.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        let mut buffer = Self::recycled(len);
        buffer.fill(E::default());
        buffer
    }
}

impl<E: Pooled> Drop for Buffer<E> {
    fn drop(&mut self) {
        let data = std::mem::take(&mut self.data);
        if !data.is_empty() {
            E::pool().give_back(data);
        }
    }
}

impl<E: Pooled> Deref for Buffer<E> {
    type Target = [E];
    fn deref(&self) -> &[E] {
        &self.data[..self.len]
    }
}

impl<E: Pooled> DerefMut for Buffer<E> {
    fn deref_mut(&mut self) -> &mut [E] {
        &mut self.data[..self.len]
    }
}

impl<E: Pooled> std::fmt::Debug for Buffer<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({})", self.len)
    }
}
