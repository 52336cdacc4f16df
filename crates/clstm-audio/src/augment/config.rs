//! Which effects, how often and how strong.

use serde::{Deserialize, Serialize};

use crate::error::AudioError;

/// How a clip is varied for training. The default varies nothing.
///
/// Each effect has its own probability, 0 to switch it off, and its own stream of random numbers:
/// switching one off leaves the others as they were.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentConfig {
    /// RMS to which the clip is brought at the end, over the part that is not padding. None leaves
    /// the level that the effects gave. It must be that of
    /// [`rms_normalize`](crate::rms_normalize) in evaluation.
    pub target_rms: Option<f32>,
    /// Speed, and pitch with it.
    pub speed: SpeedConfig,
    /// Resonances of the voice, and not its pitch.
    pub formants: FormantConfig,
    /// A random colouring, as of another microphone or room.
    pub filter: FilterConfig,
    /// A band limit, as of a telephone.
    pub band_pass: BandPassConfig,
    /// Where the clip stands in its span.
    pub offset: OffsetConfig,
    /// White noise.
    pub noise: NoiseConfig,
    /// Level around the target.
    pub gain: GainConfig,
    /// Sign.
    pub polarity: PolarityConfig,
    /// Short silences.
    pub time_mask: TimeMaskConfig,
}

/// Playing faster or slower, by band-limited interpolation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpeedConfig {
    /// Probability.
    pub prob: f32,
    /// Largest change: 0.1 draws factors from 0.9 to 1.1. Below 0.5.
    pub max: f32,
}

/// Stretching the spectral envelope along the frequency, as of a shorter or longer vocal tract; pitch and
/// length stay. With [`SpeedConfig`] pitch and formants vary apart, as they do between speakers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FormantConfig {
    /// Probability.
    pub prob: f32,
    /// Largest change: 0.1 moves formants by factors from 0.9 to 1.1. Below 0.5.
    pub max: f32,
}

/// A random FIR filter of 9 taps with unit energy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilterConfig {
    /// Probability.
    pub prob: f32,
    /// Largest size of the other eight taps relative to the centre one: 0 is no filter, 1 strong.
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
    /// Off; the telephone band when switched on.
    fn default() -> Self {
        Self { prob: 0.0, low_hz: 300.0, high_hz: 3400.0 }
    }
}

/// A random part of a clip longer than its span, a random shift of a shorter one.
///
/// Without it a longer clip gives its middle and a shorter one starts the span, see
/// [`place`](crate::place()).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OffsetConfig {
    /// Probability.
    pub prob: f32,
    /// Largest silence before a shorter clip, in seconds; also bounded by the span.
    pub max_shift_s: f32,
}

impl Default for OffsetConfig {
    /// Off; up to 0.5 s when switched on.
    fn default() -> Self {
        Self { prob: 0.0, max_shift_s: 0.5 }
    }
}

/// White noise under the clip, not under the padding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NoiseConfig {
    /// Probability.
    pub prob: f32,
    /// Loudest noise: lowest ratio of signal to noise, in dB.
    pub min_snr_db: f32,
    /// Softest noise: highest ratio of signal to noise, in dB.
    pub max_snr_db: f32,
}

impl Default for NoiseConfig {
    /// Off; 15 to 40 dB when switched on.
    fn default() -> Self {
        Self { prob: 0.0, min_snr_db: 15.0, max_snr_db: 40.0 }
    }
}

/// Level relative to the target, or to the clip where there is no target.
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

/// Turning the waveform upside down.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolarityConfig {
    /// Probability.
    pub prob: f32,
}

/// Short stretches of zeros. Together they never cover more than half of the clip.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeMaskConfig {
    /// Probability.
    pub prob: f32,
    /// How many.
    pub count: usize,
    /// Longest one, in seconds; lengths are drawn evenly from 0.
    pub max_s: f32,
}

/// Gains and ratios beyond this many dB are mistakes and would leave the range of `f32`.
const MAX_DB: f32 = 200.0;

impl AugmentConfig {
    /// A mild mixture for acted speech at close microphones: what changes between speakers,
    /// microphones and cuts, and leaves the emotion.
    #[must_use]
    pub fn mild(target_rms: Option<f32>) -> Self {
        Self {
            target_rms,
            speed: SpeedConfig { prob: 0.5, max: 0.1 },
            formants: FormantConfig::default(),
            filter: FilterConfig { prob: 0.5, strength: 0.3 },
            band_pass: BandPassConfig::default(),
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
    /// [`AudioError::BadConfig`] naming the first field that is wrong.
    pub fn validate(&self, sample_rate: u32) -> Result<(), AudioError> {
        let probabilities = [
            ("speed.prob", self.speed.prob),
            ("formants.prob", self.formants.prob),
            ("filter.prob", self.filter.prob),
            ("band_pass.prob", self.band_pass.prob),
            ("offset.prob", self.offset.prob),
            ("noise.prob", self.noise.prob),
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
        within("offset.max_shift_s", self.offset.max_shift_s, 0.0..=3600.0)?;
        within("noise.max_snr_db", self.noise.max_snr_db, -MAX_DB..=MAX_DB)?;
        within("noise.min_snr_db", self.noise.min_snr_db, -MAX_DB..=self.noise.max_snr_db)?;
        within("gain.max_db", self.gain.max_db, -MAX_DB..=MAX_DB)?;
        within("gain.min_db", self.gain.min_db, -MAX_DB..=self.gain.max_db)?;
        within("time_mask.max_s", self.time_mask.max_s, 0.0..=3600.0)?;
        if self.band_pass.prob > 0.0 {
            // Closer to half the rate the low pass would have no room.
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
) -> Result<(), AudioError> {
    // Also false for NaN.
    if range.contains(&value) {
        return Ok(());
    }
    let reason = format!("must be {} to {}, got {value}", range.start(), range.end());
    Err(AudioError::config(field, reason))
}
