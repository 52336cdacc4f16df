//! Reused memory: a training step asks for the same few hundred megabytes again and again, and
//! fresh pages cost more than the arithmetic done on them.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Buffers given back, ready for the next request.
static FREE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// Most buffers kept for reuse; further ones go back to the allocator.
const KEPT: usize = 64;

/// A slice of `f32` on loan from the process-wide pool; dropping it gives it back.
pub struct Buffer {
    data: Vec<f32>,
    len: usize,
}

impl Buffer {
    /// A buffer of `len` floats whose contents are arbitrary (but initialised).
    #[must_use]
    pub fn any(len: usize) -> Self {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        // The smallest that fits, unless it would waste more than half of itself.
        let fit = (0..free.len())
            .filter(|&i| free[i].len() >= len && free[i].len() / 2 <= len)
            .min_by_key(|&i| free[i].len());
        let data = fit.map(|i| free.swap_remove(i));
        drop(free);
        Self { data: data.unwrap_or_else(|| vec![0.0; len]), len }
    }

    /// A buffer of `len` zeros.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        let mut buffer = Self::any(len);
        buffer.fill(0.0);
        buffer
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < KEPT {
            free.push(std::mem::take(&mut self.data));
        }
    }
}

impl Deref for Buffer {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.data[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.data[..self.len]
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({})", self.len)
    }
}
