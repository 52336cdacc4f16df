//! What a recogniser returned for a segment.

/// What is written to a segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// The result.
    pub outcome: Outcome,
    /// Whether the segment ends after the recording, so that only a part of it was processed.
    pub clipped: bool,
    /// Seconds of audio around the segment that the prediction also used.
    pub context_s: f64,
    /// The channel that was processed, from 0; `None` for the mean of all.
    pub channel: Option<usize>,
}

impl Annotation {
    /// Of the segment as it is, without context and channel.
    #[must_use]
    pub fn new(outcome: Outcome) -> Self {
        Self { outcome, clipped: false, context_s: 0.0, channel: None }
    }

    /// The prediction, if there is one.
    #[must_use]
    pub fn emotion(&self) -> Option<&Emotion> {
        match &self.outcome {
            Outcome::Labelled(emotion) => Some(emotion),
            _ => None,
        }
    }
}

/// The result for a segment.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A prediction.
    Labelled(Emotion),
    /// There is no speech, or too little for a prediction.
    NoSpeech,
    /// The segment is too short for a prediction.
    TooShort,
    /// The segment begins after the end of the recording.
    Outside,
}

impl Outcome {
    /// A stable word for programs: `ok`, `no_speech`, `too_short` or `outside`.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self {
            Self::Labelled(_) => "ok",
            Self::NoSpeech => "no_speech",
            Self::TooShort => "too_short",
            Self::Outside => "outside",
        }
    }
}

/// A predicted emotion.
#[derive(Clone, Debug, PartialEq)]
pub struct Emotion {
    /// Index of the label.
    pub label_index: usize,
    /// Probabilities in the order of the labels.
    pub probabilities: Vec<f64>,
    /// Continuous targets in the order of their names, in their units; empty for a model without them.
    pub dimensions: Vec<f64>,
    /// Whether the confidence is below the abstention threshold.
    pub unsure: bool,
}

impl Emotion {
    /// The probability of the label.
    #[must_use]
    pub fn confidence(&self) -> f64 {
        self.probabilities.get(self.label_index).copied().unwrap_or(0.0)
    }
}
