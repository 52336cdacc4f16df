//! From samples to the network's input: the very same code in training and in recognition.

use clstm_audio::{
    AudioError, Level, SegmentConfig, TrimConfig, remove_dc, rms_normalize, speech_bounds, windows,
};
use clstm_nn::NetworkConfig;
use serde::{Deserialize, Serialize};

/// How samples become segments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontendConfig {
    /// Sample rate of the network's input, in Hz.
    pub sample_rate: u32,
    /// RMS that every clip is brought to (Eq. 1), full scale being 1.
    pub target_rms: f32,
    /// What counts as a quiet edge.
    pub trim: TrimConfig,
    /// Samples of a segment, a time step of the network.
    pub segment_length: usize,
    /// Fewest segments of a span; shorter clips are padded with zeros.
    pub min_steps: usize,
    /// Most segments of a span; longer clips are heard in several spans.
    pub max_steps: usize,
    /// How often a clip is heard.
    #[serde(default, alias = "views")]
    pub tta: TtaConfig,
}

/// Several hearings of the same clip, whose logits are averaged: where segments begin and which way the
/// membrane of a microphone moved says nothing of an emotion, but moves the scores of a network on the raw
/// waveform. The time that an answer takes grows with their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TtaConfig {
    /// Beginnings of the first segment: equally spaced over the last segment before the clip, which is silent.
    /// 1 is at the clip's beginning alone.
    #[serde(alias = "offsets")]
    pub shifts: usize,
    /// Whether each is heard with its sign turned as well.
    #[serde(alias = "flips")]
    pub polarity: bool,
}

impl Default for TtaConfig {
    /// A single one.
    fn default() -> Self {
        Self { shifts: 1, polarity: false }
    }
}

impl TtaConfig {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shifts * (1 + usize::from(self.polarity))
    }
}

/// Longest span in segments: far beyond any utterance, and small enough to be harmless in a file.
const MOST_STEPS: usize = 4096;
/// Most shifts of tta: beyond, they differ by less than what a first filter hears at once.
const MOST_OFFSETS: usize = 64;
/// Longest segment in samples, as [`NetworkConfig`] has it.
const LONGEST_SEGMENT: usize = 1 << 16;

/// A cleaned recording: see [`FrontendConfig::preprocess`].
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// Samples at the front end's rate and level.
    pub samples: Vec<f32>,
    /// Nothing to hear: the samples are all zeros, or there are none.
    pub silent: bool,
}

/// A stretch of a clip that the network hears at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// First sample of the clip.
    pub start: usize,
    /// Samples of silence before it.
    pub offset: usize,
    /// Whether the clip's sign is turned.
    pub inverted: bool,
    /// Segments from the silence on, the last ones perhaps beyond the clip's end.
    pub steps: usize,
}

impl FrontendConfig {
    /// The front end for a network: level -20 dBFS, spans of 16 to 24 segments.
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

    /// Checks the domain of each field; the other methods rely on it.
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
        if !(1..=LONGEST_SEGMENT).contains(&self.segment_length) {
            let length = self.segment_length;
            return bad("segment_length", format!("{length} is not in 1..={LONGEST_SEGMENT}"));
        }
        if !(1..=self.max_steps).contains(&self.min_steps) {
            let (min, max) = (self.min_steps, self.max_steps);
            return bad("min_steps", format!("{min} is not in 1..={max}, max_steps"));
        }
        if self.max_steps > MOST_STEPS {
            return bad("max_steps", format!("{} is more than {MOST_STEPS}", self.max_steps));
        }
        if !(1..=MOST_OFFSETS.min(self.segment_length)).contains(&self.tta.shifts) {
            let shifts = self.tta.shifts;
            return bad("tta.shifts", format!("{shifts} is not in 1..={MOST_OFFSETS}"));
        }
        self.trim.validate()
    }

    /// Removes the mean, trims the quiet edges and brings what is left to the target RMS (Eq. 1).
    ///
    /// `samples` are mono at [`sample_rate`](Self::sample_rate). What lies below
    /// [`clstm_audio::SILENCE_FLOOR`] becomes a silent clip.
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

    /// The spans that cover a clip, at least one.
    ///
    /// A clip of up to `max_steps` segments is one span of `min_steps` or more. A longer one is
    /// covered by spans of `max_steps`, each beginning half a span after the one before; the last
    /// is moved back to end with the clip. Where there are several [`tta`](Self::tta), all of that
    /// happens for each, its silence before the clip being part of it.
    ///
    /// # Panics
    /// If a size is 0, which [`validate`](Self::validate) refuses.
    #[must_use]
    pub fn windows(&self, clip: &Clip) -> Vec<Window> {
        self.each_window(clip).collect()
    }

    /// [`spans`](Self::spans), one after another.
    pub(crate) fn each_window(&self, clip: &Clip) -> impl Iterator<Item = Window> + use<> {
        let n_samples = clip.samples.len();
        let (length, least, most) = (self.segment_length, self.min_steps, self.max_steps);
        let TtaConfig { shifts, polarity } = self.tta;
        let signs = if polarity { &[false, true][..] } else { &[false] };
        let tta = (0..shifts).flat_map(|k| signs.iter().map(move |inverted| (k, *inverted)));
        tta.flat_map(move |(k, inverted)| {
            let silence = k * length / shifts;
            let heard = silence + n_samples;
            // What is no longer than a span has one span, at its beginning.
            let steps = heard.div_ceil(length).clamp(least, most);
            let config = SegmentConfig { length, hop: length, steps };
            windows(heard, &config, config.span().div_ceil(2)).map(move |start| Window {
                start: start.saturating_sub(silence),
                offset: silence.saturating_sub(start),
                inverted,
                steps,
            })
        })
    }

    /// Cuts a span into `out`, `[steps, segment_length]` row-major; before the clip's beginning and beyond its end
    /// are zeros.
    pub fn write_window(&self, clip: &Clip, span: &Window, out: &mut Vec<f32>) {
        out.clear();
        self.append_window(clip, span, out);
    }

    /// [`segments`](Self::segments), behind what `out` holds.
    pub(crate) fn append_window(&self, clip: &Clip, span: &Window, out: &mut Vec<f32>) {
        let before = out.len();
        let end = before + span.steps * self.segment_length;
        out.resize(end, 0.0);
        let samples = clip.samples.get(span.start..).unwrap_or_default();
        let heard = out.get_mut(before + span.offset..).unwrap_or_default();
        let sign = if span.inverted { -1.0 } else { 1.0 };
        heard.iter_mut().zip(samples).for_each(|(to, sample)| *to = sign * sample);
    }
}
