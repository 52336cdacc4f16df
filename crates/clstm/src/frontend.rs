//! From samples to the network's input: the same code in training and in recognition.

use clstm_audio::{
    AudioError, Level, SegmentConfig, TrimConfig, remove_dc, rms_normalize, speech_bounds, windows,
};
use clstm_nn::NetworkConfig;
use serde::{Deserialize, Serialize};

/// How samples become the network's time steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontendConfig {
    /// Sample rate of the network's input, in Hz.
    pub sample_rate: u32,
    /// RMS level that every clip is normalised to (Eq. 1), full scale being 1.
    pub target_rms: f32,
    /// What counts as a quiet edge.
    pub trim: TrimConfig,
    /// Samples of a time step of the network (the paper's segment).
    pub segment_length: usize,
    /// Fewest time steps of a window; shorter clips are padded with zeros.
    pub min_steps: usize,
    /// Most time steps of a window; longer clips have several windows.
    pub max_steps: usize,
    /// Test-time augmentation.
    #[serde(default, alias = "views")]
    pub tta: TtaConfig,
}

/// Test-time augmentation (TTA): the mean of the logits of several variants of a clip. Where time steps begin and the
/// polarity of a microphone carry no emotion, but change the output of a network on the raw waveform. The cost of a
/// prediction is proportional to the number of variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TtaConfig {
    /// Number of starts of the first time step, equally spaced over the last time step before the clip, which is silent.
    /// 1 starts at the clip's beginning only.
    #[serde(alias = "offsets")]
    pub shifts: usize,
    /// Whether each is also used with inverted polarity.
    #[serde(alias = "flips")]
    pub polarity: bool,
}

impl Default for TtaConfig {
    /// None.
    fn default() -> Self {
        Self { shifts: 1, polarity: false }
    }
}

impl TtaConfig {
    /// Number of variants.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shifts * (1 + usize::from(self.polarity))
    }
}

/// Largest number of time steps of a window: far beyond any utterance, and small enough to be harmless in a file.
const MAX_STEPS: usize = 4096;
/// Largest number of shifts: more would differ by less than the length of a filter of the first layer.
const MAX_SHIFTS: usize = 64;
/// Largest number of samples of a time step, as in [`NetworkConfig`].
const MAX_SEGMENT_LENGTH: usize = 1 << 16;

/// A preprocessed utterance: see [`FrontendConfig::preprocess`].
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// Samples at the front end's rate and level.
    pub samples: Vec<f32>,
    /// Whether there is no sound: the samples are all zeros, or there are none.
    pub silent: bool,
}

/// A part of a clip that the network processes at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// First sample of the clip.
    pub start: usize,
    /// Zeros before it, in samples.
    pub offset: usize,
    /// Whether the polarity is inverted.
    pub inverted: bool,
    /// Time steps, the zeros included; the last ones may reach beyond the clip's end.
    pub steps: usize,
}

impl FrontendConfig {
    /// The front end for a network: level -20 dBFS, windows of 16 to 24 time steps.
    #[must_use]
    pub fn for_network(network: &NetworkConfig) -> Self {
        Self {
            sample_rate: network.sample_rate,
            target_rms: 0.1,
            trim: TrimConfig::default(),
            segment_length: network.segment_length,
            min_steps: 16,
            max_steps: 24,
            tta: TtaConfig::default(),
        }
    }

    /// Checks the range of each field; the other methods rely on it.
    ///
    /// # Errors
    /// [`AudioError::BadConfig`] naming the field.
    pub fn validate(&self) -> Result<(), AudioError> {
        let bad = |field, reason: String| Err(AudioError::BadConfig { field, reason });
        if !(1_000..=384_000).contains(&self.sample_rate) {
            return bad("sample_rate", format!("{} Hz is not in 1000..=384000", self.sample_rate));
        }
        if !(self.target_rms > 0.0 && self.target_rms <= 1.0) {
            return bad("target_rms", format!("{} is not above 0 and at most 1", self.target_rms));
        }
        if !(1..=MAX_SEGMENT_LENGTH).contains(&self.segment_length) {
            let length = self.segment_length;
            return bad("segment_length", format!("{length} is not in 1..={MAX_SEGMENT_LENGTH}"));
        }
        if !(1..=self.max_steps).contains(&self.min_steps) {
            let (min, max) = (self.min_steps, self.max_steps);
            return bad("min_steps", format!("{min} is not in 1..={max}, max_steps"));
        }
        if self.max_steps > MAX_STEPS {
            return bad("max_steps", format!("{} is more than {MAX_STEPS}", self.max_steps));
        }
        if !(1..=MAX_SHIFTS.min(self.segment_length)).contains(&self.tta.shifts) {
            let shifts = self.tta.shifts;
            return bad("tta.shifts", format!("{shifts} is not in 1..={MAX_SHIFTS}"));
        }
        self.trim.validate()
    }

    /// Removes the mean, trims the quiet edges and normalises the rest to the target RMS (Eq. 1).
    ///
    /// `samples` are mono at [`sample_rate`](Self::sample_rate). A clip below [`clstm_audio::SILENCE_FLOOR`] is silent.
    ///
    /// # Panics
    /// If the target RMS is not positive, which [`validate`](Self::validate) refuses.
    #[must_use]
    pub fn preprocess(&self, mut samples: Vec<f32>) -> Clip {
        remove_dc(&mut samples);
        let speech = speech_bounds(&samples, self.sample_rate, &self.trim);
        samples.truncate(speech.end);
        samples.drain(..speech.start);
        let silent = rms_normalize(&mut samples, self.target_rms) == Level::Silent;
        Clip { samples, silent }
    }

    /// The windows that cover a clip, at least one.
    ///
    /// A clip of up to `max_steps` time steps is one window of `min_steps` or more. A longer one is
    /// covered by windows of `max_steps`, each half a window after the one before; the last
    /// is moved back to end with the clip. With [`tta`](Self::tta), each variant has such windows, the zeros before the
    /// clip being part of it.
    ///
    /// # Panics
    /// If a size is 0, which [`validate`](Self::validate) refuses.
    #[must_use]
    pub fn windows(&self, clip: &Clip) -> Vec<Window> {
        self.each_window(clip).collect()
    }

    /// [`windows`](Self::windows), one after another.
    pub(crate) fn each_window(&self, clip: &Clip) -> impl Iterator<Item = Window> + use<> {
        let n_samples = clip.samples.len();
        let (length, least, most) = (self.segment_length, self.min_steps, self.max_steps);
        let TtaConfig { shifts, polarity } = self.tta;
        let signs = if polarity { &[false, true][..] } else { &[false] };
        let variants = (0..shifts).flat_map(|k| signs.iter().map(move |inverted| (k, *inverted)));
        variants.flat_map(move |(k, inverted)| {
            let silence = k * length / shifts;
            let length_with_silence = silence + n_samples;
            // A clip no longer than a window has one window, at its beginning.
            let steps = length_with_silence.div_ceil(length).clamp(least, most);
            let config = SegmentConfig { length, hop: length, steps };
            windows(length_with_silence, &config, config.span().div_ceil(2)).map(move |start| {
                Window {
                    start: start.saturating_sub(silence),
                    offset: silence.saturating_sub(start),
                    inverted,
                    steps,
                }
            })
        })
    }

    /// Replaces `out` by the samples of a window, `[steps, segment_length]` row-major; before the clip's beginning and
    /// beyond its end are zeros.
    pub fn write_window(&self, clip: &Clip, window: &Window, out: &mut Vec<f32>) {
        out.clear();
        self.append_window(clip, window, out);
    }

    /// [`write_window`](Self::write_window), appended to `out`.
    pub(crate) fn append_window(&self, clip: &Clip, window: &Window, out: &mut Vec<f32>) {
        let before = out.len();
        let end = before + window.steps * self.segment_length;
        out.resize(end, 0.0);
        let samples = clip.samples.get(window.start..).unwrap_or_default();
        let target = out.get_mut(before + window.offset..).unwrap_or_default();
        let sign = if window.inverted { -1.0 } else { 1.0 };
        target.iter_mut().zip(samples).for_each(|(to, sample)| *to = sign * sample);
    }
}
