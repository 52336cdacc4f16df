//! Reused memory: a training step asks for the same few hundred megabytes again and again, and
//! fresh pages cost more than the arithmetic done on them.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use half::bf16;

/// Buffers of one element type given back, ready for the next request.
type Free<E> = Mutex<Vec<Vec<E>>>;

/// What buffers are made of: a type whose all-zero value is `Default`, with a pool of its own.
pub trait Pooled: Copy + Default + 'static {
    /// The buffers of this type that wait for reuse.
    #[doc(hidden)]
    fn free() -> &'static Free<Self>;
}

macro_rules! pooled {
    ($($element:ty),*) => {$(
        impl Pooled for $element {
            fn free() -> &'static Free<Self> {
                static FREE: Free<$element> = Mutex::new(Vec::new());
                &FREE
            }
        }
    )*};
}

pooled!(f32, bf16, u32, u16);

/// Most buffers kept for reuse; further ones go back to the allocator.
const KEPT: usize = 512;

/// A slice on loan from the process-wide pool; dropping it gives it back.
pub struct Buffer<E: Pooled = f32> {
    data: Vec<E>,
    len: usize,
}

impl<E: Pooled> Buffer<E> {
    /// A buffer of `len` elements whose contents are arbitrary (but initialised).
    #[must_use]
    pub fn recycled(len: usize) -> Self {
        let mut free = E::free().lock().unwrap_or_else(PoisonError::into_inner);
        // The smallest that fits, unless it would waste more than half of itself.
        let fit = (0..free.len())
            .filter(|&i| free[i].len() >= len && free[i].len() / 2 <= len)
            .min_by_key(|&i| free[i].len());
        let data = fit.map(|i| free.swap_remove(i));
        drop(free);
        Self { data: data.unwrap_or_else(|| fresh(len)), len }
    }

    /// A buffer of `len` zeros.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        let mut buffer = Self::recycled(len);
        buffer.fill(E::default());
        buffer
    }
}

/// Smallest allocation that asks for huge pages: it holds at least one of 2 MiB, wherever it starts.
#[cfg(target_os = "linux")]
const HUGE: usize = 4 << 20;

/// Zeros from the allocator, on huge pages where the system gives them on request.
///
/// A step streams through hundreds of megabytes: with pages of 4 KiB it misses the table of
/// translations all the time, and the first touch of each page costs a fault.
fn fresh<E: Pooled>(len: usize) -> Vec<E> {
    let data = vec![E::default(); len];
    #[cfg(target_os = "linux")]
    if size_of_val(&data[..]) >= HUGE {
        let page = 2 << 20;
        let start = data.as_ptr().addr().next_multiple_of(page);
        let end = (data.as_ptr().addr() + size_of_val(&data[..])) / page * page;
        let at = data.as_ptr().with_addr(start).cast_mut().cast();
        // SAFETY: the range lies within the allocation that `data` owns, and the advice changes
        // neither its contents nor its protection. An error means the advice was not taken, which is
        // as well.
        unsafe { libc::madvise(at, end - start, libc::MADV_HUGEPAGE) };
    }
    data
}

impl<E: Pooled> Drop for Buffer<E> {
    fn drop(&mut self) {
        let mut free = E::free().lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < KEPT {
            free.push(std::mem::take(&mut self.data));
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
