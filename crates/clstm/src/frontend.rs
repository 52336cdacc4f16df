//! From samples to the network's input: the very same code in training and in recognition.

use clstm_audio::{
    AudioError, Level, SegmentConfig, TrimConfig, remove_dc, rms_normalize, segment, speech_bounds,
    windows,
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
}

/// Longest span in segments: far beyond any utterance, and small enough to be harmless in a file.
const MOST_STEPS: usize = 4096;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First sample.
    pub start: usize,
    /// Segments from there on, the last ones perhaps beyond the clip's end.
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
    /// is moved back to end with the clip.
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
        // A clip that is no longer than a span has one span, at its beginning.
        let steps = n_samples.div_ceil(self.segment_length).clamp(self.min_steps, self.max_steps);
        let config = self.segmentation(steps);
        windows(n_samples, &config, config.span().div_ceil(2))
            .map(move |start| Span { start, steps })
    }

    /// Cuts a span into `out`, `[steps, segment_length]` row-major; beyond the clip's end are zeros.
    pub fn segments(&self, clip: &Clip, span: &Span, out: &mut Vec<f32>) {
        out.clear();
        self.add_segments(clip, span, out);
    }

    /// [`segments`](Self::segments), behind what `out` holds.
    pub(crate) fn add_segments(&self, clip: &Clip, span: &Span, out: &mut Vec<f32>) {
        let before = out.len();
        out.resize(before + span.steps * self.segment_length, 0.0);
        let samples = clip.samples.get(span.start..).unwrap_or_default();
        segment(samples, &self.segmentation(span.steps), &mut out[before..]);
    }

    fn segmentation(&self, steps: usize) -> SegmentConfig {
        SegmentConfig { length: self.segment_length, hop: self.segment_length, steps }
    }
}
