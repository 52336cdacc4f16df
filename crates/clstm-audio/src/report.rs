//! What a decoder reports beside the samples.

use serde::{Deserialize, Serialize};

use crate::error::AudioError;
use crate::sniff::ContainerKind;
use crate::waveform::Waveform;

/// The decoded part of a recording, and what is known about the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The samples, mixed down to one channel.
    pub waveform: Waveform,
    /// Container, damage and notes.
    pub report: DecodeReport,
}

impl Decoded {
    /// The waveform of an undamaged recording.
    ///
    /// # Errors
    ///
    /// [`AudioError::Decode`] if a part of the recording is missing.
    pub fn strict(self) -> Result<Waveform, AudioError> {
        self.report.strict()?;
        Ok(self.waveform)
    }
}

/// The decoded channels of a recording, and what is known about the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodedChannels {
    /// The samples of each channel, all of the same length.
    pub channels: Vec<Vec<f32>>,
    /// Samples per second, in Hz.
    pub sample_rate: u32,
    /// Container, damage and notes.
    pub report: DecodeReport,
}

/// What a decoder reports beside the samples.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[must_use = "a damaged recording is reported here and nowhere else"]
pub struct DecodeReport {
    /// The container.
    pub container: ContainerKind,
    /// Channels of the recording, before any mix-down.
    pub channels: usize,
    /// Sample rate of the recording, in Hz, before any resampling.
    pub sample_rate: u32,
    /// Length of the decoded signal, in seconds, with the silence that fills gaps.
    pub duration_s: f64,
    /// Set if a part of the recording is missing or unreadable.
    pub damage: Option<Damage>,
    /// Facts about the recording that its samples do not show.
    pub notes: Vec<DecodeNote>,
}

impl DecodeReport {
    /// Turns damage into an error.
    ///
    /// # Errors
    ///
    /// [`AudioError::Decode`] if [`damage`](Self::damage) is set.
    pub fn strict(&self) -> Result<(), AudioError> {
        self.damage.as_ref().map_or(Ok(()), |damage| Err(damage.into()))
    }
}

/// What is missing of a damaged recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Damage {
    /// Seconds that are missing, as far as the container shows; 0 if it does not.
    ///
    /// Gaps inside the recording are filled with silence where the container has time stamps (FLAC,
    /// Ogg, MP4, WebM), so that all times stay right.
    pub missing_s: f64,
    /// Byte of the input at which the first damage was found, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_byte: Option<u64>,
    /// Second of the decoded signal at which the first damage was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_s: Option<f64>,
    /// The first damage, in words.
    pub message: String,
    /// How many damaged places were found.
    pub count: usize,
}

impl Damage {
    /// The damage of an input that ends before what its header promises.
    #[must_use]
    pub fn cut_short(missing_s: f64) -> Self {
        Self::new("the input ends before what its header promises; it was cut short")
            .missing(missing_s)
    }

    /// The damage of `count` samples that were replaced by silence: see [`replace_unusable`](crate::replace_unusable). They are
    /// in `frames` frames of `sample_rate` Hz, the first one at second `at_s`.
    #[must_use]
    pub fn unusable_samples(count: usize, frames: usize, sample_rate: u32, at_s: f64) -> Self {
        let message = format!(
            "samples that are NaN, infinite or huge, the first at {at_s:.3} s, were replaced by silence"
        );
        let missing_s = frames as f64 / f64::from(sample_rate.max(1));
        Self { count, at_s: Some(at_s), ..Self::new(message).missing(missing_s) }
    }

    /// One damaged place of unknown length.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { missing_s: 0.0, at_byte: None, at_s: None, message: message.into(), count: 1 }
    }

    pub(crate) fn missing(mut self, seconds: f64) -> Self {
        self.missing_s = seconds;
        self
    }

    pub(crate) fn at_byte(mut self, at: u64) -> Self {
        self.at_byte = Some(at);
        self
    }

    /// Adds `next` to what was found before: sums of seconds and places, and the first message.
    pub fn add(all: &mut Option<Self>, next: Self) {
        match all {
            None => *all = Some(next),
            Some(first) => {
                first.missing_s += next.missing_s;
                first.count += next.count;
            }
        }
    }
}

/// The error that a strict reader returns for the damage.
impl From<&Damage> for AudioError {
    fn from(damage: &Damage) -> Self {
        Self::Decode { reason: damage.message.clone(), at_s: damage.at_s }
    }
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("damaged: ")?;
        // Single samples are less than what is shown.
        if self.missing_s >= 0.005 {
            write!(f, "{:.2} s missing, ", self.missing_s)?;
        }
        f.write_str(&self.message)
    }
}

/// A fact about a recording that its samples do not show.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum DecodeNote {
    /// The recording has several audio tracks; the first one with speech was decoded.
    TrackSelected {
        /// Number of the decoded track, from 1.
        track: usize,
        /// How many audio tracks there are.
        of: usize,
        /// Whether it has speech. Without, no track has, and it is the first one with sound.
        has_speech: bool,
    },
    /// Channels without speech, beside others with speech, were left out of the mix-down.
    ChannelsLeftOut {
        /// Their numbers, from 1.
        channels: Vec<usize>,
    },
    /// HE-AAC: only the lower half of the spectrum was decoded.
    HalfBandwidth {
        /// Rate of the decoded part, in Hz.
        sample_rate: u32,
    },
    /// The channels of some part are out of phase and were aligned before the mix-down.
    OutOfPhase,
    /// The time stamps of the recording begin late; the offset was removed.
    OffsetRemoved {
        /// The offset, in seconds.
        seconds: f64,
    },
}

impl std::fmt::Display for DecodeNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TrackSelected { track, of, has_speech } => {
                let what = if *has_speech { "speech" } else { "sound" };
                write!(f, "audio track {track} of {of} was used, the first with {what}")
            }
            Self::ChannelsLeftOut { channels } => {
                let numbers: Vec<String> = channels.iter().map(usize::to_string).collect();
                let numbers = numbers.join(", ");
                write!(f, "channel {numbers} has sound without speech and was left out")
            }
            Self::HalfBandwidth { sample_rate } => write!(
                f,
                "HE-AAC: only the part below {} Hz was decoded; convert the recording with \
                 `ffmpeg -i INPUT OUTPUT.wav` for the full bandwidth",
                sample_rate / 2
            ),
            Self::OutOfPhase => f.write_str("the channels are out of phase and were aligned"),
            Self::OffsetRemoved { seconds } => {
                write!(f, "the time stamps begin at {seconds:.3} s; times count from there")
            }
        }
    }
}
