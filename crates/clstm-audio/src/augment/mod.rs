//! Varying a clip for training.
//!
//! The order is that of the world: the speaker (speed, formants), the room and the microphone (filter, band
//! pass), the cut (offset), the noise of the circuit, the level, the sign, and last the damage
//! (time mask), after levelling so that zeros do not raise what is left.

mod config;
mod filter;
mod formants;
mod noise;
mod place;
mod random;
mod speed;

use std::ops::Range;

pub use config::{
    AugmentConfig, BandPassConfig, FilterConfig, FormantConfig, GainConfig, NoiseConfig,
    OffsetConfig, PolarityConfig, SpeedConfig, TimeMaskConfig,
};
pub use place::place;

use crate::error::AudioError;
use crate::level::rms_normalize;
use filter::BandPass;
use formants::FormantShifter;
use random::{Random, Stream};
use speed::Interpolator;

/// Varies clips at one sample rate.
///
/// The tables and the scratch belong to it: after the first clip of a span nothing is allocated.
/// Make one for each thread.
///
/// ```
/// use clstm_audio::{AugmentConfig, Augmenter};
///
/// # fn main() -> Result<(), clstm_audio::AudioError> {
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
    /// [`AudioError::BadConfig`] for a field outside its domain.
    pub fn new(config: AugmentConfig, sample_rate: u32) -> Result<Self, AudioError> {
        config.validate(sample_rate)?;
        let BandPassConfig { low_hz, high_hz, .. } = config.band_pass;
        Ok(Self {
            interpolator: Interpolator::new(config.speed.max),
            formants: FormantShifter::new(sample_rate),
            band_pass: BandPass::new(low_hz, high_hz, sample_rate),
            config,
            sample_rate,
            scratch: Vec::new(),
        })
    }

    /// The configuration it was made with.
    #[must_use]
    pub fn config(&self) -> &AugmentConfig {
        &self.config
    }

    /// Writes a variant of `clean` into `out`, which then has `span` samples.
    ///
    /// The variant is a function of `clean`, `seed`, `span` and the configuration alone, bit for
    /// bit. Returns the part of `out` that is not padding.
    pub fn apply(
        &mut self,
        clean: &[f32],
        seed: u64,
        span: usize,
        out: &mut Vec<f32>,
    ) -> Range<usize> {
        let placed = self.play(clean, seed, span, out);
        let clip = &mut out[placed.clone()];
        let config = &self.config;

        let mut random = Random::new(seed, Stream::Formants);
        if random.happens(config.formants.prob) {
            let factor = 1.0 + random.between(-config.formants.max, config.formants.max);
            self.formants.shift(clip, factor, &mut self.scratch);
        }
        let mut random = Random::new(seed, Stream::Filter);
        if random.happens(config.filter.prob) {
            filter::colour(clip, config.filter.strength, &mut random, &mut self.scratch);
        }
        if Random::new(seed, Stream::BandPass).happens(config.band_pass.prob) {
            self.band_pass.run(clip);
        }
        let mut random = Random::new(seed, Stream::Noise);
        if random.happens(config.noise.prob) {
            noise::add(clip, &config.noise, &mut random);
        }
        if let Some(target) = config.target_rms {
            rms_normalize(clip, target);
        }
        let mut factor = 1.0;
        let mut random = Random::new(seed, Stream::Gain);
        if random.happens(config.gain.prob) {
            factor = 10f32.powf(random.between(config.gain.min_db, config.gain.max_db) / 20.0);
        }
        if Random::new(seed, Stream::Polarity).happens(config.polarity.prob) {
            factor = -factor;
        }
        if factor != 1.0 {
            clip.iter_mut().for_each(|x| *x *= factor);
        }
        self.mask(clip, seed);
        placed
    }

    /// [`place`] and, where there is a target, the level [`apply`](Self::apply) gives: for the
    /// evaluation of a model trained with this augmenter.
    pub fn place(&self, clean: &[f32], span: usize, out: &mut Vec<f32>) -> Range<usize> {
        let placed = place(clean, span, out);
        if let Some(target) = self.config.target_rms {
            rms_normalize(&mut out[placed.clone()], target);
        }
        placed
    }

    /// Speed and placement. Only the part of the clip that the span shows is interpolated.
    fn play(&self, clean: &[f32], seed: u64, span: usize, out: &mut Vec<f32>) -> Range<usize> {
        let mut random = Random::new(seed, Stream::Speed);
        let mut speed = 1.0;
        if random.happens(self.config.speed.prob) {
            speed += f64::from(random.between(-self.config.speed.max, self.config.speed.max));
        }
        let len = speed::len_at(clean.len(), speed);
        let cut = len.saturating_sub(span);
        let gap = span.saturating_sub(len);
        let (mut first, mut start) = (cut / 2, 0);
        let mut random = Random::new(seed, Stream::Offset);
        if random.happens(self.config.offset.prob) {
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
        let mut random = Random::new(seed, Stream::TimeMask);
        if config.count == 0 || !random.happens(config.prob) {
            return;
        }
        let most = (config.max_s * self.sample_rate as f32) as usize;
        let most = most.min(clip.len() / (2 * config.count));
        for _ in 0..config.count {
            let len = random.up_to(most);
            let start = random.up_to(clip.len() - len);
            clip[start..start + len].fill(0.0);
        }
    }
}
