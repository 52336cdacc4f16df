//! Augmentation that an application adds to the built-in effects.

use std::fmt;

/// An effect on training clips that is not part of [`AugmentConfig`](super::AugmentConfig).
///
/// It runs after the built-in effects and before mixup, on a thread of its own. The result must be a function of the
/// arguments only, so that the same seed gives the same model and a resumed training equals an uninterrupted one.
///
/// ```
/// use clstm_train::CustomAugmentation;
///
/// /// Sets every second sample to zero in half of the clips.
/// #[derive(Debug)]
/// struct Comb;
///
/// impl CustomAugmentation for Comb {
///     fn id(&self) -> &str {
///         "comb-1"
///     }
///
///     fn apply(&self, clip: &mut [f32], _sample_rate: u32, seed: u64) {
///         if seed % 2 == 0 {
///             clip.iter_mut().step_by(2).for_each(|sample| *sample = 0.0);
///         }
///     }
/// }
///
/// let mut clip = [1.0f32; 4];
/// Comb.apply(&mut clip, 16_000, 2);
/// assert_eq!(clip, [0.0, 1.0, 0.0, 1.0]);
/// ```
pub trait CustomAugmentation: fmt::Debug + Sync {
    /// Name and settings. A checkpoint refuses to resume with another id.
    fn id(&self) -> &str;

    /// Changes a clip in place.
    ///
    /// - `clip`: samples with their padding, `[crop_steps * segment_length]`, at the level of the recipe.
    /// - `sample_rate`: in Hz.
    /// - `seed`: differs for every utterance and epoch.
    fn apply(&self, clip: &mut [f32], sample_rate: u32, seed: u64);
}
