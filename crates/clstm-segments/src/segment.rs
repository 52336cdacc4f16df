//! A segment as it was read.

use crate::SegmentsError;

/// Largest time, in seconds: a year. Larger ones are no times of recordings.
const MAX_S: f64 = 366.0 * 24.0 * 3600.0;

/// A part of a recording that another tool has marked.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Start, in seconds from the beginning of the recording.
    pub start_s: f64,
    /// End, in seconds from the beginning of the recording; not before the start.
    pub end_s: f64,
    /// Who speaks, where the format has it.
    pub speaker: Option<String>,
    /// The words or the label of the segment, where the format has them.
    pub text: Option<String>,
    /// The channel of the recording, from 0, where the format has it: RTTM, CSV, Whisper JSON.
    pub channel: Option<usize>,
    /// Line of the file, from 1.
    pub line: usize,
}

impl Segment {
    /// A segment of these times in a line of the file.
    ///
    /// # Errors
    /// [`SegmentsError::Line`] for times that are negative, not finite, reversed, or beyond a year.
    pub(crate) fn new(start_s: f64, end_s: f64, line: usize) -> Result<Self, SegmentsError> {
        let refuse = |reason: String| Err(SegmentsError::line(line, reason));
        for (name, time) in [("start", start_s), ("end", end_s)] {
            if !time.is_finite() || time > MAX_S {
                return refuse(format!("the {name} {time:e} is not a time of a recording"));
            }
            if time < 0.0 {
                return refuse(format!("the {name} {time} s is negative"));
            }
        }
        if end_s < start_s {
            return refuse(format!("the end {end_s} s is before the start {start_s} s"));
        }
        Ok(Self { start_s, end_s, speaker: None, text: None, channel: None, line })
    }

    /// The same segment with its speaker; an empty name is none.
    pub(crate) fn by(self, speaker: Option<&str>) -> Self {
        let speaker = speaker.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        Self { speaker, ..self }
    }

    /// The same segment with its text; an empty one is none.
    pub(crate) fn with_text(self, text: &str) -> Self {
        let text = text.trim();
        Self { text: (!text.is_empty()).then(|| text.to_owned()), ..self }
    }

    /// The same segment with its channel.
    pub(crate) fn on(self, channel: Option<usize>) -> Self {
        Self { channel, ..self }
    }

    /// Length in seconds.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        self.end_s - self.start_s
    }
}
