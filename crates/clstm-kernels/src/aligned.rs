//! Pooled memory that starts on a cache line, so that no vector lies across two.

use std::ops::{Deref, DerefMut};

use crate::Buffer;

/// Floats of a cache line, and of the widest vector.
const LINE: usize = 16;

/// A slice of the pool aligned to 64 bytes.
#[derive(Debug)]
pub(crate) struct Aligned {
    buffer: Buffer,
    start: usize,
    len: usize,
}

impl Aligned {
    /// `len` arbitrary floats.
    pub(crate) fn any(len: usize) -> Self {
        let buffer: Buffer = Buffer::any(len + LINE - 1);
        // Never more than LINE - 1, but a pointer need not tell: unaligned is only slower.
        let start = buffer.as_ptr().align_offset(4 * LINE).min(LINE - 1);
        Self { buffer, start, len }
    }

    /// `len` zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        let mut aligned = Self::any(len);
        aligned.fill(0.0);
        aligned
    }
}

impl Deref for Aligned {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.buffer[self.start..][..self.len]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.buffer[self.start..][..self.len]
    }
}
