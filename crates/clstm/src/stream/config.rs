//! Settings of a stream.

use serde::{Deserialize, Serialize};

use crate::{FrontendConfig, StreamError};

/// Settings of a [`Stream`](crate::Stream): times in seconds, shares from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamConfig {
    /// Length of a frame: the resolution of the timeline.
    pub hop_s: f64,
    /// Length of the window that a prediction is computed from. `None` is the model's longest window, which is
    /// the maximum and the most accurate.
    pub window_s: Option<f64>,
    /// How far the window reaches beyond the end of its frame, which is how long a prediction lags behind the sound.
    /// `None` centres the window on its frame. The window always includes the frame: the lookahead is limited to what the
    /// window is longer than the hop.
    pub lookahead_s: Option<f64>,
    /// The lookahead of an additional, earlier prediction for each frame ([`Event::ProvisionalFrame`](crate::Event)),
    /// if it is below `lookahead_s`; `None` for none. It doubles the cost.
    #[serde(default)]
    pub provisional_s: Option<f64>,
    /// A pause of this length separates utterances: a window does not reach across it. `None` lets it.
    #[serde(default)]
    pub utterance_pause_s: Option<f64>,
    /// Whether each turn of speech also gets a prediction as a whole, after it has ended ([`Event::Turn`](crate::Event)). Turns are
    /// separated by pauses of `utterance_pause_s`; without it there are none.
    #[serde(default)]
    pub turns: bool,
    /// Time constant of the exponential smoothing of log-probabilities over time; 0 for none.
    pub smoothing_s: f64,
    /// Shortest change of label that begins a segment.
    #[serde(alias = "min_section_s")]
    pub min_segment_s: f64,
    /// Shortest pause in speech that ends a segment.
    pub min_pause_s: f64,
    /// What counts as speech.
    pub speech: SpeechConfig,
}

/// What counts as speech.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeechConfig {
    /// Score of the voice activity detector from which a frame of 16 ms is voiced.
    pub threshold: f64,
    /// How long speech is extended behind the last voiced frame, to include stops and gaps between words.
    pub release_s: f64,
    /// Share of a timeline's frame that must be speech for it to get a prediction.
    pub min_share: f64,
}

impl Default for SpeechConfig {
    fn default() -> Self {
        Self { threshold: 0.5, release_s: 0.2, min_share: 0.25 }
    }
}

impl StreamConfig {
    /// For recordings: a frame a second, its window centred on it.
    #[must_use]
    pub fn recording() -> Self {
        Self {
            hop_s: 1.0,
            window_s: None,
            lookahead_s: None,
            provisional_s: None,
            utterance_pause_s: None,
            turns: false,
            smoothing_s: 1.0,
            min_segment_s: 2.0,
            min_pause_s: 1.0,
            speech: SpeechConfig::default(),
        }
    }

    /// For live audio: a frame each half second, with a provisional prediction after half a second and the final one
    /// after one second, and a prediction for each turn of speech when it has ended. `docs/listen.md` has the accuracy of each.
    #[must_use]
    pub fn live() -> Self {
        Self {
            hop_s: 0.5,
            lookahead_s: Some(1.0),
            provisional_s: Some(0.5),
            utterance_pause_s: Some(0.4),
            turns: true,
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
        // A tenth of a second is shorter than a syllable; an hour bounds the sizes.
        if !(0.1..=3600.0).contains(&self.hop_s) {
            return bad("hop_s", self.hop_s, "in 0.1..=3600");
        }
        let longest = frontend.max_steps * frontend.segment_length;
        let longest_s = longest as f64 / rate;
        let window = match self.window_s {
            None => longest,
            // Shorter windows have too little speech for a prediction.
            Some(window_s) if (0.5..=longest_s).contains(&window_s) => samples(window_s),
            Some(window_s) => {
                let range = format!("in 0.5..={longest_s}, the model's longest window");
                return bad("window_s", window_s, &range);
            }
        };
        let hop = samples(self.hop_s);
        let most = window.saturating_sub(hop);
        let lookahead = match self.lookahead_s {
            None => most / 2,
            Some(s) if (0.0..=3600.0).contains(&s) => samples(s).min(most),
            Some(s) => return bad("lookahead_s", s, "in 0..=3600"),
        };
        let provisional = self.provisional_s.map(samples).filter(|samples| *samples < lookahead);
        for (field, value) in [
            ("smoothing_s", self.smoothing_s),
            ("min_segment_s", self.min_segment_s),
            ("min_pause_s", self.min_pause_s),
            ("provisional_s", self.provisional_s.unwrap_or_default()),
            ("utterance_pause_s", self.utterance_pause_s.unwrap_or_default()),
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
        Ok(Sizes { hop, window, lookahead, provisional })
    }
}

/// Lengths in samples at the model's rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) hop: usize,
    pub(super) window: usize,
    pub(super) lookahead: usize,
    /// Lookahead of provisional frames.
    pub(super) provisional: Option<usize>,
}
