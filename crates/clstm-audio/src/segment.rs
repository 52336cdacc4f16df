//! Cutting a waveform into the time steps of the network, and a long recording into windows.

use std::iter::FusedIterator;

use serde::{Deserialize, Serialize};

use crate::error::AudioError;

/// Segments of a waveform: `steps` of `length` samples, their starts `hop` samples apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentConfig {
    /// Samples in a segment.
    pub length: usize,
    /// Samples from the start of a segment to the start of the next; equal to `length` for no
    /// overlap.
    pub hop: usize,
    /// Segments in a span: the time steps of the network.
    pub steps: usize,
}

impl SegmentConfig {
    /// Checks that nothing is 0, that no samples fall between segments and that the span and the
    /// segmented tensor can be addressed.
    ///
    /// # Errors
    ///
    /// [`AudioError::BadConfig`] naming the field.
    pub fn validate(&self) -> Result<(), AudioError> {
        if self.length == 0 {
            return Err(AudioError::config("length", "must be at least 1 sample"));
        }
        if self.hop == 0 || self.hop > self.length {
            return Err(AudioError::config("hop", "must be 1 to `length` samples"));
        }
        if self.steps == 0 {
            return Err(AudioError::config("steps", "must be at least 1"));
        }
        match self.steps.checked_mul(self.length) {
            Some(samples) if samples <= isize::MAX as usize / size_of::<f32>() => Ok(()),
            _ => Err(AudioError::config("steps", "steps * length is too large")),
        }
    }

    /// Samples that the segments cover together.
    #[must_use]
    pub fn span(&self) -> usize {
        match self.steps {
            0 => 0,
            steps => (steps - 1) * self.hop + self.length,
        }
    }

    /// How many leading segments hold at least one of the first `n_samples` samples; the others
    /// are padding. 0 only for no samples.
    #[must_use]
    pub fn steps_used(&self, n_samples: usize) -> usize {
        n_samples.div_ceil(self.hop.max(1)).min(self.steps)
    }
}

/// Cuts `samples` into `out`, `[steps, length]` row-major.
///
/// Samples beyond the span are left out; where the samples end before it, zeros follow.
///
/// # Panics
///
/// If `out` does not hold `steps * length` samples.
pub fn segment(samples: &[f32], config: &SegmentConfig, out: &mut [f32]) {
    assert_eq!(out.len(), config.steps * config.length, "out must hold steps * length samples");
    if config.length == 0 {
        return;
    }
    for (step, row) in out.chunks_exact_mut(config.length).enumerate() {
        let start = (step * config.hop).min(samples.len());
        let end = (start + config.length).min(samples.len());
        let (speech, padding) = row.split_at_mut(end - start);
        speech.copy_from_slice(&samples[start..end]);
        padding.fill(0.0);
    }
}

/// Starts of the spans that cover a recording of `n_samples`, `hop_samples` apart.
///
/// The last one is moved back to end with the recording, so that it sees no padding. There is
/// always at least one: a recording no longer than a span gives the start 0 alone.
///
/// # Panics
///
/// If `hop_samples` is 0.
#[must_use]
pub fn windows(n_samples: usize, config: &SegmentConfig, hop_samples: usize) -> Windows {
    assert!(hop_samples > 0, "windows must advance by at least one sample");
    Windows {
        next: 0,
        count: n_samples.saturating_sub(config.span()).div_ceil(hop_samples) + 1,
        hop: hop_samples,
        last: n_samples.saturating_sub(config.span()),
    }
}

/// Iterator of start offsets in samples, see [`windows`].
#[derive(Debug, Clone)]
pub struct Windows {
    next: usize,
    count: usize,
    hop: usize,
    last: usize,
}

impl Iterator for Windows {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.next == self.count {
            return None;
        }
        let start = self.next.saturating_mul(self.hop).min(self.last);
        self.next += 1;
        Some(start)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.count - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Windows {}
impl FusedIterator for Windows {}
