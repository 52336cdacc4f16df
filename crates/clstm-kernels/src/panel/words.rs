//! Words that begin at a cache line.

use crate::Buffer;

/// Words of a cache line. A vector of AVX-512 is as long: one that straddles two lines costs two loads.
const LINE: usize = 16;

/// A pooled buffer of words that begins at a cache line.
#[derive(Debug)]
pub(super) struct Words {
    data: Buffer<u32>,
    first: usize,
    len: usize,
}

impl Words {
    /// `len` arbitrary words.
    pub(super) fn any(len: usize) -> Self {
        let data = Buffer::<u32>::any(len + LINE - 1);
        // `align_offset` may decline; unaligned words are only slower.
        let first = data.as_ptr().align_offset(LINE * size_of::<u32>()).min(LINE - 1);
        Self { data, first, len }
    }
}

impl std::ops::Deref for Words {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.data[self.first..][..self.len]
    }
}

impl std::ops::DerefMut for Words {
    fn deref_mut(&mut self) -> &mut [u32] {
        &mut self.data[self.first..][..self.len]
    }
}
