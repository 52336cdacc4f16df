//! Limits on what is decoded.

use std::time::Instant;

use crate::error::AudioError;
use crate::resample::{RATE_MAX, RATE_MIN};

/// Bounds on what is decoded, so that a hostile or mistaken file costs bounded time and memory.
///
/// They are checked against what was decoded, never against what a header promises. Beside the
/// samples that a function returns, decoding takes at most 64 MiB and four times the size of the
/// input, whatever the input: what a header requests is checked before it is allocated.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodeLimits {
    /// Longest recording, in seconds. Decoding stops as soon as it is passed.
    pub max_duration_s: f64,
    /// Most channels.
    pub max_channels: usize,
    /// Lowest sample rate, in Hz.
    pub min_sample_rate: u32,
    /// Highest sample rate, in Hz.
    pub max_sample_rate: u32,
    /// Most bytes of input.
    pub max_bytes: u64,
    /// Time at which decoding ends with [`AudioError::DeadlineExceeded`]; `None` for no deadline.
    ///
    /// It is checked at every read and every packet, some milliseconds apart.
    pub deadline: Option<Instant>,
}

impl Default for DecodeLimits {
    /// One hour, 32 channels, 1 kHz to 768 kHz, 8 GiB, no deadline.
    fn default() -> Self {
        Self {
            max_duration_s: 3600.0,
            max_channels: 32,
            min_sample_rate: RATE_MIN,
            max_sample_rate: RATE_MAX,
            max_bytes: 8 << 30,
            deadline: None,
        }
    }
}

impl DecodeLimits {
    /// Checks the spec of decoded audio and returns the most frames it may have.
    pub(super) fn max_frames(&self, rate: u32, channels: usize) -> Result<u64, AudioError> {
        let (min, max) = (self.min_sample_rate.max(1), self.max_sample_rate);
        if rate < min || rate > max {
            return Err(AudioError::BadSampleRate { rate, min, max });
        }
        if channels > self.max_channels {
            return Err(AudioError::TooManyChannels { channels, max: self.max_channels });
        }
        // A float cast saturates; NaN gives 0 and refuses everything.
        Ok((self.max_duration_s * f64::from(rate)).round() as u64)
    }
}
