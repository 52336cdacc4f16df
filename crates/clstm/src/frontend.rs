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
    #[serde(default)]
    pub views: ViewsConfig,
}

/// Several hearings of the same clip, whose logits are averaged: where segments begin and which way the
/// membrane of a microphone moved says nothing of an emotion, but moves the scores of a network on the raw
/// waveform. The time that an answer takes grows with their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewsConfig {
    /// Beginnings of the first segment: equally spaced over the last segment before the clip, which is silent.
    /// 1 is at the clip's beginning alone.
    pub offsets: usize,
    /// Whether each is heard with its sign turned as well.
    pub flips: bool,
}

impl Default for ViewsConfig {
    /// A single one.
    fn default() -> Self {
        Self { offsets: 1, flips: false }
    }
}

impl ViewsConfig {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.offsets * (1 + usize::from(self.flips))
    }
}

/// Longest span in segments: far beyond any utterance, and small enough to be harmless in a file.
const MOST_STEPS: usize = 4096;
/// Most offsets of views: beyond, they differ by less than what a first filter hears at once.
const MOST_OFFSETS: usize = 64;
/// Longest segment in samples, as [`NetworkConfig`] has it.
const LONGEST_SEGMENT: usize = 1 << 16;

/// A cleaned recording: see [`FrontendConfig::clean`].
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// Samples at the front end's rate and level.
    pub samples: Vec<f32>,
    /// Nothing to hear: the samples are all zeros, or there are none.
    pub silent: bool,
}

/// A stretch of a clip that the network hears at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First sample of the clip.
    pub start: usize,
    /// Samples of silence before it.
    pub lead: usize,
    /// Whether the clip's sign is turned.
    pub flipped: bool,
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
            views: ViewsConfig::default(),
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
        if !(1..=MOST_OFFSETS.min(self.segment_length)).contains(&self.views.offsets) {
            let offsets = self.views.offsets;
            return bad("views.offsets", format!("{offsets} is not in 1..={MOST_OFFSETS}"));
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
    pub fn clean(&self, mut samples: Vec<f32>) -> Clip {
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
    /// is moved back to end with the clip. Where there are several [`views`](Self::views), all of that
    /// happens for each, its silence before the clip being part of it.
    ///
    /// # Panics
    /// If a size is 0, which [`validate`](Self::validate) refuses.
    #[must_use]
    pub fn spans(&self, clip: &Clip) -> Vec<Span> {
        self.each_span(clip).collect()
    }

    /// [`spans`](Self::spans), one after another.
    pub(crate) fn each_span(&self, clip: &Clip) -> impl Iterator<Item = Span> + use<> {
        let n_samples = clip.samples.len();
        let (length, least, most) = (self.segment_length, self.min_steps, self.max_steps);
        let ViewsConfig { offsets, flips } = self.views;
        let signs = if flips { &[false, true][..] } else { &[false] };
        let views = (0..offsets).flat_map(|k| signs.iter().map(move |flipped| (k, *flipped)));
        views.flat_map(move |(k, flipped)| {
            let silence = k * length / offsets;
            let heard = silence + n_samples;
            // What is no longer than a span has one span, at its beginning.
            let steps = heard.div_ceil(length).clamp(least, most);
            let config = SegmentConfig { length, hop: length, steps };
            windows(heard, &config, config.span().div_ceil(2)).map(move |start| Span {
                start: start.saturating_sub(silence),
                lead: silence.saturating_sub(start),
                flipped,
                steps,
            })
        })
    }

    /// Cuts a span into `out`, `[steps, segment_length]` row-major; before the clip's beginning and beyond its end
    /// are zeros.
    pub fn segments(&self, clip: &Clip, span: &Span, out: &mut Vec<f32>) {
        out.clear();
        self.add_segments(clip, span, out);
    }

    /// [`segments`](Self::segments), behind what `out` holds.
    pub(crate) fn add_segments(&self, clip: &Clip, span: &Span, out: &mut Vec<f32>) {
        let before = out.len();
        let end = before + span.steps * self.segment_length;
        out.resize(end, 0.0);
        let samples = clip.samples.get(span.start..).unwrap_or_default();
        let heard = out.get_mut(before + span.lead..).unwrap_or_default();
        let sign = if span.flipped { -1.0 } else { 1.0 };
        heard.iter_mut().zip(samples).for_each(|(to, sample)| *to = sign * sample);
    }
}
