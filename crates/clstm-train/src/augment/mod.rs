//! Augmentation of training clips.
//!
//! The order of the effects follows the recording chain: speaker (speed, formants), crop (excerpt, offset), room,
//! microphone and line (filter, band pass), noise, overload (clipping), sample rate or codec (bandwidth), level, polarity.
//! The time mask comes after the level, so that masked zeros do not raise the level of the rest.

mod clipping;
mod config;
mod crop;
mod custom;
mod filter;
mod formants;
mod noise;
mod random;
mod room;
mod speed;

use std::ops::Range;

pub use config::{
    AugmentConfig, BandPassConfig, BandwidthConfig, ClippingConfig, ExcerptConfig, FilterConfig,
    FormantConfig, GainConfig, NoiseConfig, OffsetConfig, PolarityConfig, RoomConfig, SpeedConfig,
    TimeMaskConfig,
};
pub use crop::center_crop;
pub use custom::CustomAugmentation;

use clstm_audio::rms_normalize;

use filter::BandPass;
use formants::FormantShifter;
use random::{Effect, Random};
use room::RoomSimulator;
use speed::Interpolator;

use crate::TrainError;

/// Augments clips of one sample rate.
///
/// It owns its tables and buffers and does not allocate after the first clip of a span. Create one
/// per thread.
///
/// ```
/// use clstm_train::{AugmentConfig, Augmenter};
///
/// # fn main() -> Result<(), clstm_train::TrainError> {
/// let clean: Vec<f32> = (0..16_000).map(|n| (n as f32 * 0.1).sin()).collect();
/// let mut augmenter = Augmenter::new(AugmentConfig::mild(Some(0.1)), 16_000)?;
/// let (mut out, mut again) = (Vec::new(), Vec::new());
/// let placed = augmenter.apply(&clean, 7, 24_000, &mut out);
/// augmenter.apply(&clean, 7, 24_000, &mut again);
/// assert_eq!(out, again);
/// assert!(out[placed.end..].iter().all(|&x| x == 0.0));
/// # Ok(())
/// # }
/// ```
pub struct Augmenter {
    config: AugmentConfig,
    sample_rate: u32,
    interpolator: Interpolator,
    formants: FormantShifter,
    room: RoomSimulator,
    band_pass: BandPass,
    scratch: Vec<f32>,
}

impl std::fmt::Debug for Augmenter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Augmenter")
            .field("config", &self.config)
            .field("sample_rate", &self.sample_rate)
            .finish_non_exhaustive()
    }
}

impl Augmenter {
    /// An augmenter of clips at `sample_rate` Hz.
    ///
    /// # Errors
    ///
    /// [`TrainError::Recipe`] for a field outside its domain.
    pub fn new(config: AugmentConfig, sample_rate: u32) -> Result<Self, TrainError> {
        config.validate(sample_rate)?;
        let BandPassConfig { low_hz, high_hz, .. } = config.band_pass;
        Ok(Self {
            interpolator: Interpolator::new(config.speed.max),
            formants: FormantShifter::new(sample_rate),
            room: RoomSimulator::new(sample_rate),
            band_pass: BandPass::new(low_hz, high_hz, sample_rate),
            config,
            sample_rate,
            scratch: Vec::new(),
        })
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &AugmentConfig {
        &self.config
    }

    /// Writes an augmented copy of `clean` into `out`, which then has `span` samples.
    ///
    /// The result is a function of `clean`, `seed`, `span` and the configuration alone, bit for bit.
    /// Returns the part of `out` that is not padding.
    pub fn apply(
        &mut self,
        clean: &[f32],
        seed: u64,
        span: usize,
        out: &mut Vec<f32>,
    ) -> Range<usize> {
        let placed = self.crop_at_speed(&clean[self.excerpt(clean.len(), seed)], seed, span, out);
        let clip = &mut out[placed.clone()];
        let config = &self.config;

        let mut random = Random::new(seed, Effect::Formants);
        if random.bernoulli(config.formants.prob) {
            let factor = 1.0 + random.uniform(-config.formants.max, config.formants.max);
            self.formants.shift(clip, factor, &mut self.scratch);
        }
        let mut random = Random::new(seed, Effect::Room);
        if random.bernoulli(config.room.prob) {
            self.room.run(clip, &config.room, &mut random);
        }
        let mut random = Random::new(seed, Effect::Filter);
        if random.bernoulli(config.filter.prob) {
            filter::random_fir(clip, config.filter.strength, &mut random, &mut self.scratch);
        }
        if Random::new(seed, Effect::BandPass).bernoulli(config.band_pass.prob) {
            self.band_pass.run(clip);
        }
        let mut random = Random::new(seed, Effect::Noise);
        if random.bernoulli(config.noise.prob) {
            let tilt = noise::draw_tilt(&config.noise, &mut Random::new(seed, Effect::NoiseTilt));
            noise::add(clip, &config.noise, tilt, &mut random);
        }
        let mut random = Random::new(seed, Effect::Clipping);
        if random.bernoulli(config.clipping.prob) {
            clipping::clip_peaks(clip, &config.clipping, &mut random);
        }
        let mut random = Random::new(seed, Effect::Bandwidth);
        if random.bernoulli(config.bandwidth.prob) {
            let (config, rate) = (&config.bandwidth, self.sample_rate);
            filter::low_pass(clip, config, rate, &mut random, &mut self.scratch);
        }
        if let Some(target) = config.target_rms {
            rms_normalize(clip, target);
        }
        let mut factor = 1.0;
        let mut random = Random::new(seed, Effect::Gain);
        if random.bernoulli(config.gain.prob) {
            factor = 10f32.powf(random.uniform(config.gain.min_db, config.gain.max_db) / 20.0);
        }
        if Random::new(seed, Effect::Polarity).bernoulli(config.polarity.prob) {
            factor = -factor;
        }
        if factor != 1.0 {
            clip.iter_mut().for_each(|x| *x *= factor);
        }
        self.mask(clip, seed);
        placed
    }

    /// The part of a clip of `len` samples that is used.
    fn excerpt(&self, len: usize, seed: u64) -> Range<usize> {
        let config = &self.config.excerpt;
        let min_len = (config.min_s * self.sample_rate as f32) as usize;
        let mut random = Random::new(seed, Effect::Excerpt);
        if min_len >= len || !random.bernoulli(config.prob) {
            return 0..len;
        }
        let part = min_len + random.up_to(len - min_len);
        let start = random.up_to(len - part);
        start..start + part
    }

    /// Applies speed and offset. Only the part of the clip inside the span is interpolated.
    fn crop_at_speed(
        &self,
        clean: &[f32],
        seed: u64,
        span: usize,
        out: &mut Vec<f32>,
    ) -> Range<usize> {
        let mut random = Random::new(seed, Effect::Speed);
        let mut speed = 1.0;
        if random.bernoulli(self.config.speed.prob) {
            speed += f64::from(random.uniform(-self.config.speed.max, self.config.speed.max));
        }
        let len = speed::len_at(clean.len(), speed);
        let cut = len.saturating_sub(span);
        let gap = span.saturating_sub(len);
        let (mut first, mut start) = (cut / 2, 0);
        let mut random = Random::new(seed, Effect::Offset);
        if random.bernoulli(self.config.offset.prob) {
            let max_shift = self.config.offset.max_shift_s * self.sample_rate as f32;
            first = random.up_to(cut);
            start = random.up_to(gap.min(max_shift as usize));
        }

        let placed = start..start + len.min(span);
        out.clear();
        out.resize(span, 0.0);
        let clip = &mut out[placed.clone()];
        if speed == 1.0 {
            clip.copy_from_slice(&clean[first..first + clip.len()]);
        } else {
            self.interpolator.interpolate(clean, speed, first, clip);
        }
        placed
    }

    fn mask(&self, clip: &mut [f32], seed: u64) {
        let config = &self.config.time_mask;
        let mut random = Random::new(seed, Effect::TimeMask);
        if config.count == 0 || !random.bernoulli(config.prob) {
            return;
        }
        let max_len = (config.max_s * self.sample_rate as f32) as usize;
        let max_len = max_len.min(clip.len() / (2 * config.count));
        for _ in 0..config.count {
            let len = random.up_to(max_len);
            let start = random.up_to(clip.len() - len);
            clip[start..start + len].fill(0.0);
        }
    }
}
