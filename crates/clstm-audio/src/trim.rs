//! Finding the speech between quiet edges.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::error::AudioError;
use crate::level::{SILENCE_FLOOR, sum_of_squares};

/// How quiet an edge must be to be cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrimConfig {
    /// Edges below this level, in dB relative to the loudest frame, are cut. At most 0.
    pub threshold_db: f32,
    /// Length of the frames whose levels are compared, in seconds.
    pub frame_s: f64,
    /// Distance between the starts of frames, in seconds: the resolution of the cut.
    pub hop_s: f64,
    /// What is kept before the first and after the last loud frame, in seconds, so that soft
    /// consonants stay.
    pub margin_s: f64,
}

impl Default for TrimConfig {
    fn default() -> Self {
        Self { threshold_db: -35.0, frame_s: 0.025, hop_s: 0.010, margin_s: 0.050 }
    }
}

impl TrimConfig {
    /// Checks the domain of each field.
    ///
    /// # Errors
    ///
    /// [`AudioError::BadConfig`] naming the first field that is wrong.
    pub fn validate(&self) -> Result<(), AudioError> {
        if !self.threshold_db.is_finite() || self.threshold_db > 0.0 {
            return Err(AudioError::config("threshold_db", "must be finite and at most 0"));
        }
        if !self.frame_s.is_finite() || self.frame_s <= 0.0 {
            return Err(AudioError::config("frame_s", "must be positive"));
        }
        if !self.hop_s.is_finite() || self.hop_s <= 0.0 {
            return Err(AudioError::config("hop_s", "must be positive"));
        }
        if !self.margin_s.is_finite() || self.margin_s < 0.0 {
            return Err(AudioError::config("margin_s", "must be 0 or more"));
        }
        Ok(())
    }
}

/// The range of `samples` from the first to the last frame at or above the threshold, with the
/// margin on both sides.
///
/// The threshold is relative to the loudest frame, so the gain of the recording does not matter.
/// A silent clip, one shorter than a frame, or one with samples that are not finite gives the
/// whole range. The range is empty only if `samples` is. Fields outside the domain that
/// [`TrimConfig::validate`] checks are moved to its edge.
#[must_use]
pub fn speech_bounds(samples: &[f32], sample_rate: u32, config: &TrimConfig) -> Range<usize> {
    let n = samples.len();
    let seconds = |s: f64| (s * f64::from(sample_rate)).round().max(0.0) as usize;
    let frame = seconds(config.frame_s).max(1);
    let hop = seconds(config.hop_s).max(1);
    if n <= frame {
        return 0..n;
    }

    // The last frame ends with the clip, so that the final hop is seen as well.
    let frames = || {
        let regular = (0..n - frame).step_by(hop);
        regular.chain(std::iter::once(n - frame))
    };
    let energy = |start: usize| sum_of_squares(&samples[start..start + frame]);

    let loudest = frames().map(energy).fold(0.0, f64::max);
    let floor = SILENCE_FLOOR * SILENCE_FLOOR * frame as f64;
    let total = sum_of_squares(samples);
    if !total.is_finite() || loudest < floor {
        return 0..n;
    }
    let threshold = loudest * 10f64.powf(f64::from(config.threshold_db.min(0.0)) / 10.0);
    let first = frames().find(|&start| energy(start) >= threshold).unwrap_or(0);
    let last = frames().rfind(|&start| energy(start) >= threshold).unwrap_or(n - frame);

    let margin = seconds(config.margin_s);
    first.saturating_sub(margin)..last.saturating_add(frame).saturating_add(margin).min(n)
}
