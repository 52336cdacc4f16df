//! Pooled memory that starts on a cache line, so that no vector load crosses two lines.

use std::ops::{Deref, DerefMut};

use crate::{Buffer, Pooled};

/// Bytes of a cache line, and of the widest vector (AVX-512).
const LINE: usize = 64;

/// A slice of the pool that is aligned to 64 bytes.
#[derive(Debug)]
pub(crate) struct AlignedBuffer<E: Pooled = f32> {
    buffer: Buffer<E>,
    start: usize,
    len: usize,
}

impl<E: Pooled> AlignedBuffer<E> {
    /// `len` elements whose contents are arbitrary (but initialised).
    pub(crate) fn recycled(len: usize) -> Self {
        let margin = LINE / size_of::<E>() - 1;
        let buffer = Buffer::<E>::recycled(len + margin);
        // `align_offset` may decline (it does under Miri): unaligned memory is only slower.
        let start = buffer.as_ptr().align_offset(LINE).min(margin);
        Self { buffer, start, len }
    }

    /// `len` zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        let mut aligned = Self::recycled(len);
        aligned.fill(E::default());
        aligned
    }
}

impl<E: Pooled> Deref for AlignedBuffer<E> {
    type Target = [E];

    fn deref(&self) -> &[E] {
        &self.buffer[self.start..][..self.len]
    }
}

impl<E: Pooled> DerefMut for AlignedBuffer<E> {
    fn deref_mut(&mut self) -> &mut [E] {
        &mut self.buffer[self.start..][..self.len]
    }
}
