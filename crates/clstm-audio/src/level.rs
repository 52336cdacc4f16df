//! Level: root mean square, Eq. 1 of the paper, and the mean (DC).
//!
//! All sums run in `f64`: an hour of audio in `f32` would lose the small samples.

/// RMS below which a clip counts as digital silence: -140 dBFS, under one step of 24-bit audio.
///
/// Amplifying what lies below would only amplify rounding.
pub const SILENCE_FLOOR: f64 = 1e-7;

/// Largest magnitude that counts as audio, 400 dB over full scale. Beyond it the transforms of the
/// resampler overflow `f32`.
pub const LOUDEST: f32 = 1e20;

/// Whether a sample can be worked with: neither NaN nor beyond [`LOUDEST`].
pub(crate) fn is_usable(sample: f32) -> bool {
    sample.abs() <= LOUDEST
}

/// Replaces samples that are NaN, infinite or beyond [`LOUDEST`] by silence, and returns the index of the first one and
/// their number; `None` where all samples are usable.
pub fn replace_unusable(samples: &mut [f32]) -> Option<(usize, usize)> {
    let first = samples.iter().position(|x| !is_usable(*x))?;
    let mut count = 0;
    for x in samples[first..].iter_mut().filter(|x| !is_usable(**x)) {
        *x = 0.0;
        count += 1;
    }
    Some((first, count))
}

/// What [`rms_normalize`] did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Level {
    /// The samples were multiplied by `gain`.
    Scaled {
        /// Linear gain, target RMS over RMS of the clip.
        gain: f32,
    },
    /// Digital silence: the samples are zeros now.
    Silent,
}

/// Root mean square of the samples; 0 for none. The mean is not removed first.
#[must_use]
pub fn rms(samples: &[f32]) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    (sum_of_squares(samples) / samples.len() as f64).sqrt()
}

/// [`rms`] in decibels relative to an amplitude of 1: a full-scale sine reads -3.01 dBFS, a
/// full-scale square wave 0, silence negative infinity.
#[must_use]
pub fn rms_dbfs(samples: &[f32]) -> f64 {
    20.0 * rms(samples).log10()
}

/// Multiplies the samples so that their RMS is `target_rms` (Eq. 1: gain = target / RMS).
///
/// The mean is left in; call [`remove_dc`] before where the microphone has an offset. A clip whose
/// RMS is below [`SILENCE_FLOOR`], or not finite, becomes zeros, so that no division by zero and no
/// NaN reaches the network.
///
/// # Panics
///
/// If `target_rms` is not positive and finite.
pub fn rms_normalize(samples: &mut [f32], target_rms: f32) -> Level {
    assert!(
        target_rms > 0.0 && target_rms.is_finite(),
        "the target RMS must be positive, got {target_rms}"
    );
    let level = rms(samples);
    if !level.is_finite() || level < SILENCE_FLOOR {
        samples.fill(0.0);
        return Level::Silent;
    }
    let gain = f64::from(target_rms) / level;
    for x in samples {
        *x = (f64::from(*x) * gain) as f32;
    }
    Level::Scaled { gain: gain as f32 }
}

/// Subtracts the mean from the samples and returns it; 0 for none.
pub fn remove_dc(samples: &mut [f32]) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    let sum: f64 = samples.iter().map(|&x| f64::from(x)).sum();
    let mean = sum / samples.len() as f64;
    for x in samples {
        *x = (f64::from(*x) - mean) as f32;
    }
    mean as f32
}

/// Four partial sums let the compiler vectorise; the order of addition is fixed, so the result is
/// the same on every run.
pub(crate) fn sum_of_squares(samples: &[f32]) -> f64 {
    let mut sums = [0.0f64; 4];
    let mut chunks = samples.chunks_exact(4);
    for chunk in &mut chunks {
        for (sum, &x) in sums.iter_mut().zip(chunk) {
            *sum += f64::from(x) * f64::from(x);
        }
    }
    let rest: f64 = chunks.remainder().iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    sums.iter().sum::<f64>() + rest
}
