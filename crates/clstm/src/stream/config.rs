//! How a stream is cut into moments, and when it speaks of a change.

use serde::{Deserialize, Serialize};

use crate::{FrontendConfig, StreamError};

/// Settings of a [`Stream`](crate::Stream), all in seconds but the shares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamConfig {
    /// From one moment to the next: the resolution of the timeline.
    pub hop_s: f64,
    /// How much sound an answer hears; the model's longest span where it is `None`, which is best and the
    /// most that is allowed.
    pub window_s: Option<f64>,
    /// How much of the window lies behind the end of its moment. An answer lags so far behind the sound;
    /// with `None` the window is centred on its moment.
    pub lookahead_s: Option<f64>,
    /// Time constant of the smoothing of log-probabilities over time; 0 for none.
    pub smoothing_s: f64,
    /// A change of label that lasts shorter does not begin a section.
    #[serde(alias = "min_section_s")]
    pub min_segment_s: f64,
    /// A pause in the speech that is shorter does not end a section.
    pub min_pause_s: f64,
    /// What counts as speech.
    pub speech: SpeechConfig,
}

/// What counts as speech.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeechConfig {
    /// Score of the detector, 0 to 1, from which a frame of 16 ms is speech.
    pub threshold: f64,
    /// How long speech goes on behind the last such frame, s: between words and in stops nobody pauses.
    pub release_s: f64,
    /// Share of a moment, 0 to 1, that must be speech for it to get an answer.
    pub min_share: f64,
}

impl Default for SpeechConfig {
    fn default() -> Self {
        Self { threshold: 0.5, release_s: 0.2, min_share: 0.25 }
    }
}

impl StreamConfig {
    /// For recordings: a moment each second, its window centred on it.
    #[must_use]
    pub fn recording() -> Self {
        Self {
            hop_s: 1.0,
            window_s: None,
            lookahead_s: None,
            smoothing_s: 1.0,
            min_segment_s: 2.0,
            min_pause_s: 1.0,
            speech: SpeechConfig::default(),
        }
    }

    /// For live sound: a moment each half second, heard to its end and not beyond.
    #[must_use]
    pub fn live() -> Self {
        Self {
            hop_s: 0.5,
            lookahead_s: Some(0.0),
            min_segment_s: 1.0,
            min_pause_s: 0.5,
            ..Self::recording()
        }
    }

    /// The sizes for a model's front end.
    ///
    /// # Errors
    /// [`StreamError::Config`] names the setting that is out of its range.
    pub(super) fn sizes(&self, frontend: &FrontendConfig) -> Result<Sizes, StreamError> {
        let bad = |field: &'static str, value: f64, range: &str| {
            Err(StreamError::Config { field, reason: format!("{value} is not {range}") })
        };
        let rate = f64::from(frontend.sample_rate);
        let samples = |seconds: f64| (seconds * rate).round() as usize;
        // A tenth of a second is less than a syllable; an hour keeps the sizes harmless.
        if !(0.1..=3600.0).contains(&self.hop_s) {
            return bad("hop_s", self.hop_s, "in 0.1..=3600");
        }
        let longest = frontend.max_steps * frontend.segment_length;
        let longest_s = longest as f64 / rate;
        let window = match self.window_s {
            None => longest,
            // Half a second is about the shortest stretch that says anything.
            Some(window_s) if (0.5..=longest_s).contains(&window_s) => samples(window_s),
            Some(window_s) => {
                let range = format!("in 0.5..={longest_s}, the most that the model hears at once");
                return bad("window_s", window_s, &range);
            }
        };
        let hop = samples(self.hop_s);
        let lookahead = match self.lookahead_s {
            None => window.saturating_sub(hop) / 2,
            Some(s) if s >= 0.0 && samples(s) < window => samples(s),
            Some(s) => return bad("lookahead_s", s, "at least 0 and less than the window"),
        };
        for (field, value) in [
            ("smoothing_s", self.smoothing_s),
            ("min_segment_s", self.min_segment_s),
            ("min_pause_s", self.min_pause_s),
            ("speech.release_s", self.speech.release_s),
        ] {
            if !(0.0..=3600.0).contains(&value) {
                return bad(field, value, "in 0..=3600");
            }
        }
        for (field, value) in [
            ("speech.threshold", self.speech.threshold),
            ("speech.min_share", self.speech.min_share),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return bad(field, value, "in 0..=1");
            }
        }
        Ok(Sizes { hop, window, lookahead })
    }
}

/// Lengths in samples at the model's rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) hop: usize,
    pub(super) window: usize,
    pub(super) lookahead: usize,
}
