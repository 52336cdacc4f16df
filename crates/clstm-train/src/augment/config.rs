//! Settings of the augmentations: probability and strength of each effect.

use serde::{Deserialize, Serialize};

use crate::TrainError;

/// Augmentation of training clips. The default applies none.
///
/// Each effect has its own probability (0 disables it) and its own random stream: disabling one
/// effect leaves the draws of the others unchanged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentConfig {
    /// RMS level of the result without its padding, full scale being 1. `None` keeps the level after
    /// the effects. It must equal the level of [`rms_normalize`](clstm_audio::rms_normalize) in
    /// evaluation.
    pub target_rms: Option<f32>,
    /// Speed perturbation; changes the pitch as well.
    pub speed: SpeedConfig,
    /// Formant shift without a change of pitch.
    pub formants: FormantConfig,
    /// Random FIR filter: another microphone or acoustic environment.
    pub filter: FilterConfig,
    /// Band-pass filter: a telephone line.
    pub band_pass: BandPassConfig,
    /// Reverberation of a room.
    pub room: RoomConfig,
    /// Hard clipping: an overdriven microphone or converter.
    pub clipping: ClippingConfig,
    /// Low pass at a random edge: recordings of a lower sample rate, speech codecs.
    pub bandwidth: BandwidthConfig,
    /// A random part of the clip instead of all of it: single words, and clips that are cut anywhere.
    pub excerpt: ExcerptConfig,
    /// Position of the crop, or of a short clip within its padding.
    pub offset: OffsetConfig,
    /// Additive noise.
    pub noise: NoiseConfig,
    /// Gain relative to the target level.
    pub gain: GainConfig,
    /// Polarity inversion.
    pub polarity: PolarityConfig,
    /// Time masking.
    pub time_mask: TimeMaskConfig,
}

/// Speed perturbation by band-limited interpolation (Ko et al. 2015).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpeedConfig {
    /// Probability.
    pub prob: f32,
    /// Largest relative change: 0.1 draws factors from 0.9 to 1.1. At most 0.49.
    pub max: f32,
}

/// Scaling of the spectral envelope along the frequency axis: a shorter or longer vocal tract. Pitch and
/// duration are kept. Together with [`SpeedConfig`], pitch and formants vary independently.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FormantConfig {
    /// Probability.
    pub prob: f32,
    /// Largest relative change: 0.1 scales formant frequencies by factors from 0.9 to 1.1. At most 0.49.
    pub max: f32,
}

/// A random FIR filter of 9 taps with unit energy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilterConfig {
    /// Probability.
    pub prob: f32,
    /// Largest magnitude of the other eight taps relative to the centre tap, 0 to 1.
    pub strength: f32,
}

/// Second-order Butterworth high pass and low pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BandPassConfig {
    /// Probability.
    pub prob: f32,
    /// Lower edge, in Hz.
    pub low_hz: f32,
    /// Upper edge, in Hz; below half the sample rate.
    pub high_hz: f32,
}

impl Default for BandPassConfig {
    /// Disabled; the telephone band if a probability is set.
    fn default() -> Self {
        Self { prob: 0.0, low_hz: 300.0, high_hz: 3400.0 }
    }
}

/// A random crop of a clip longer than the span, a random shift of a shorter one.
///
/// When it is not applied: [`center_crop`](crate::center_crop).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OffsetConfig {
    /// Probability.
    pub prob: f32,
    /// Largest silence before a shorter clip, in seconds; also bounded by the span.
    pub max_shift_s: f32,
}

impl Default for OffsetConfig {
    /// Disabled; up to 0.5 s if a probability is set.
    fn default() -> Self {
        Self { prob: 0.0, max_shift_s: 0.5 }
    }
}

/// A random part of the clip, of a duration uniform from `min_s` to that of the clip. Shorter clips are kept whole.
///
/// Durations are those before [`SpeedConfig`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExcerptConfig {
    /// Probability.
    pub prob: f32,
    /// Shortest part, in seconds.
    pub min_s: f32,
}

impl Default for ExcerptConfig {
    /// Disabled; parts of at least 0.7 s if a probability is set.
    fn default() -> Self {
        Self { prob: 0.0, min_s: 0.7 }
    }
}

/// Convolution with a synthetic room impulse response: the direct sound, then exponentially decaying
/// white noise (Polack 1993; the model of the late part in Habets 2006).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoomConfig {
    /// Probability.
    pub prob: f32,
    /// Shortest reverberation time (RT60), in seconds.
    pub min_rt60_s: f32,
    /// Longest reverberation time (RT60), in seconds. At most 2 s.
    pub max_rt60_s: f32,
    /// Lowest ratio of direct to reverberant energy, in dB. The highest is 15 dB above it.
    pub min_direct_db: f32,
}

impl Default for RoomConfig {
    /// Disabled; offices and living rooms if a probability is set.
    fn default() -> Self {
        Self { prob: 0.0, min_rt60_s: 0.1, max_rt60_s: 0.7, min_direct_db: -3.0 }
    }
}

/// Hard clipping (clipping distortion) at a random level below the peak of the clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClippingConfig {
    /// Probability.
    pub prob: f32,
    /// Lowest clipping level relative to the peak of the clip, 0.01 to 1. Levels are uniform in dB from it
    /// to 1, which clips nothing.
    pub min_level: f32,
}

impl Default for ClippingConfig {
    /// Disabled; down to a fifth of the peak (-14 dB) if a probability is set.
    fn default() -> Self {
        Self { prob: 0.0, min_level: 0.2 }
    }
}

/// A steep linear-phase low pass at a random edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BandwidthConfig {
    /// Probability.
    pub prob: f32,
    /// Lowest edge, in Hz.
    pub min_hz: f32,
    /// Highest edge, in Hz; below half the sample rate. Edges are uniform on a logarithmic axis.
    pub max_hz: f32,
}

impl Default for BandwidthConfig {
    /// Disabled; from the telephone band to nearly the full band of 16 kHz if a probability is set.
    fn default() -> Self {
        Self { prob: 0.0, min_hz: 3300.0, max_hz: 7500.0 }
    }
}

/// Noise added to the clip, not to the padding: white, or with a random spectral tilt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NoiseConfig {
    /// Probability.
    pub prob: f32,
    /// Lowest signal-to-noise ratio, in dB.
    pub min_snr_db: f32,
    /// Highest signal-to-noise ratio, in dB.
    pub max_snr_db: f32,
    /// Probability that the noise is tilted towards low frequencies, as room and traffic noise are.
    pub tilt_prob: f32,
}

impl Default for NoiseConfig {
    /// Disabled; 15 to 40 dB if a probability is set.
    fn default() -> Self {
        Self { prob: 0.0, min_snr_db: 15.0, max_snr_db: 40.0, tilt_prob: 0.0 }
    }
}

/// Random gain relative to the target level, or to the clip if there is no target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GainConfig {
    /// Probability.
    pub prob: f32,
    /// Lowest gain, in dB.
    pub min_db: f32,
    /// Highest gain, in dB.
    pub max_db: f32,
}

/// Polarity inversion.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolarityConfig {
    /// Probability.
    pub prob: f32,
}

/// Time masking (SpecAugment, on the waveform): intervals of zeros, together at most half of the clip.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeMaskConfig {
    /// Probability.
    pub prob: f32,
    /// Number of intervals.
    pub count: usize,
    /// Longest interval, in seconds; lengths are uniform from 0.
    pub max_s: f32,
}

/// Bound on gains and ratios, in dB: larger values leave the range of `f32`.
const DB_LIMIT: f32 = 200.0;

impl AugmentConfig {
    /// A mild set of effects for acted speech recorded at a close microphone.
    #[must_use]
    pub fn mild(target_rms: Option<f32>) -> Self {
        Self {
            target_rms,
            speed: SpeedConfig { prob: 0.5, max: 0.1 },
            formants: FormantConfig::default(),
            filter: FilterConfig { prob: 0.5, strength: 0.3 },
            band_pass: BandPassConfig::default(),
            room: RoomConfig::default(),
            clipping: ClippingConfig::default(),
            bandwidth: BandwidthConfig::default(),
            excerpt: ExcerptConfig::default(),
            offset: OffsetConfig { prob: 1.0, ..OffsetConfig::default() },
            noise: NoiseConfig { prob: 0.5, ..NoiseConfig::default() },
            gain: GainConfig::default(),
            polarity: PolarityConfig { prob: 0.5 },
            time_mask: TimeMaskConfig { prob: 0.3, count: 2, max_s: 0.1 },
        }
    }

    /// Checks the domain of each field, for clips at `sample_rate` Hz.
    ///
    /// # Errors
    ///
    /// [`TrainError::Recipe`] with the name of the first field outside its domain.
    pub fn validate(&self, sample_rate: u32) -> Result<(), TrainError> {
        let probabilities = [
            ("speed.prob", self.speed.prob),
            ("formants.prob", self.formants.prob),
            ("filter.prob", self.filter.prob),
            ("band_pass.prob", self.band_pass.prob),
            ("excerpt.prob", self.excerpt.prob),
            ("offset.prob", self.offset.prob),
            ("room.prob", self.room.prob),
            ("clipping.prob", self.clipping.prob),
            ("bandwidth.prob", self.bandwidth.prob),
            ("noise.prob", self.noise.prob),
            ("noise.tilt_prob", self.noise.tilt_prob),
            ("gain.prob", self.gain.prob),
            ("polarity.prob", self.polarity.prob),
            ("time_mask.prob", self.time_mask.prob),
        ];
        for (field, prob) in probabilities {
            within(field, prob, 0.0..=1.0)?;
        }
        within("sample_rate", sample_rate as f32, 1000.0..=768_000.0)?;
        if let Some(target) = self.target_rms {
            within("target_rms", target, 1e-6..=1e6)?;
        }
        within("speed.max", self.speed.max, 0.0..=0.49)?;
        within("formants.max", self.formants.max, 0.0..=0.49)?;
        within("filter.strength", self.filter.strength, 0.0..=1.0)?;
        within("clipping.min_level", self.clipping.min_level, 0.01..=1.0)?;
        within("excerpt.min_s", self.excerpt.min_s, 0.05..=3600.0)?;
        within("offset.max_shift_s", self.offset.max_shift_s, 0.0..=3600.0)?;
        within("noise.max_snr_db", self.noise.max_snr_db, -DB_LIMIT..=DB_LIMIT)?;
        within("noise.min_snr_db", self.noise.min_snr_db, -DB_LIMIT..=self.noise.max_snr_db)?;
        within("gain.max_db", self.gain.max_db, -DB_LIMIT..=DB_LIMIT)?;
        within("gain.min_db", self.gain.min_db, -DB_LIMIT..=self.gain.max_db)?;
        within("time_mask.max_s", self.time_mask.max_s, 0.0..=3600.0)?;
        within("room.max_rt60_s", self.room.max_rt60_s, 0.0..=2.0)?;
        within("room.min_rt60_s", self.room.min_rt60_s, 0.0..=self.room.max_rt60_s)?;
        within("room.min_direct_db", self.room.min_direct_db, -DB_LIMIT..=DB_LIMIT)?;
        if self.bandwidth.prob > 0.0 {
            let BandwidthConfig { min_hz, max_hz, .. } = self.bandwidth;
            within("bandwidth.max_hz", max_hz, 1.0..=0.499 * sample_rate as f32)?;
            within("bandwidth.min_hz", min_hz, 1.0..=max_hz)?;
        }
        if self.band_pass.prob > 0.0 {
            // The low pass is degenerate at half the sample rate.
            within("band_pass.high_hz", self.band_pass.high_hz, 1.0..=0.499 * sample_rate as f32)?;
            within("band_pass.low_hz", self.band_pass.low_hz, 1.0..=self.band_pass.high_hz)?;
        }
        Ok(())
    }
}

fn within(
    field: &'static str,
    value: f32,
    range: std::ops::RangeInclusive<f32>,
) -> Result<(), TrainError> {
    // False for NaN, too.
    if range.contains(&value) {
        return Ok(());
    }
    let (min, max) = (range.start(), range.end());
    Err(TrainError::Recipe(format!("augment.{field} must be {min} to {max}, got {value}")))
}
