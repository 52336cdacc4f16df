//! Errors of this crate.

use std::io;
use std::path::PathBuf;

/// Why a recording could not be read or processed.
///
/// [`kind`](Self::kind) gives a short stable word for machines; the message names what is wrong
/// and what to do. Errors about the content do not repeat the path: the caller knows it, and
/// [`decode_bytes`](crate::decode_bytes) has none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// There is nothing at the path.
    #[error("no such file: {}; check the path", path.display())]
    NotFound {
        /// The requested path.
        path: PathBuf,
    },
    /// The path is a folder.
    #[error("{} is a folder, not a recording; name a file inside it", path.display())]
    IsDirectory {
        /// The requested path.
        path: PathBuf,
    },
    /// The operating system refused or failed to read the file.
    #[error("cannot read {}: {source}; check the permissions and the disk", path.display())]
    Io {
        /// The requested path.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The temporary file of a recording from a pipe cannot be written or read.
    #[error(
        "cannot store the recording in a temporary file in {}: {source}; free space there, or name \
         another folder in the variable TMPDIR (on Windows TMP)",
        folder.display()
    )]
    TemporaryFile {
        /// The folder for temporary files.
        folder: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file or the body has no bytes at all.
    #[error("the recording is empty (0 bytes); record or copy it again")]
    Empty,
    /// The input is larger than [`DecodeLimits::max_bytes`](crate::DecodeLimits::max_bytes).
    #[error("the recording has more than {limit_bytes} bytes; split it or raise the limit")]
    TooLarge {
        /// The limit in bytes.
        limit_bytes: u64,
    },
    /// Neither the container nor the codec is one this crate reads.
    #[error(
        "not a supported audio format ({reason}){}; convert it to WAV, FLAC, MP3, Ogg, WebM or \
         M4A/AAC, for example with `ffmpeg -i INPUT OUTPUT.wav`",
        named(extension)
    )]
    UnsupportedFormat {
        /// The reason of the demuxer or the codec registry.
        reason: String,
        /// The extension of the name, where there is one.
        extension: Option<String>,
    },
    /// The codec or container is known and not supported.
    #[error("the audio is {codec}, which is not supported; convert it with `{command}`")]
    UnsupportedCodec {
        /// The codec or container, by its usual name.
        codec: String,
        /// The command that converts it.
        command: &'static str,
    },
    /// The input is not a recording, but something else that was recognised.
    #[error("not a recording: it is {what}{}", named(extension))]
    NotAudio {
        /// What it is instead, and what to do.
        what: &'static str,
        /// The extension of the name, where there is one.
        extension: Option<String>,
    },
    /// Decoding takes more memory or time than the size of the input justifies.
    #[error(
        "the recording needs too many resources for its size ({what}); it is damaged or was made to \
         exhaust the decoder"
    )]
    TooComplex {
        /// What there is too much of.
        what: &'static str,
    },
    /// [`DecodeLimits::deadline`](crate::DecodeLimits::deadline) passed before the recording was decoded.
    #[error("the recording could not be decoded in the time allowed; split it or allow more time")]
    DeadlineExceeded,
    /// The format is known, the data are damaged or cut short.
    #[error("damaged recording{}: {reason}; copy or export it again", at_second(*at_s))]
    Decode {
        /// What is damaged.
        reason: String,
        /// Where, in seconds of decoded audio, when decoding had begun.
        at_s: Option<f64>,
    },
    /// A container without any audio track.
    #[error("the file holds no audio track; export the audio itself")]
    NoAudioTrack,
    /// Valid headers, but not one sample.
    #[error("the recording holds no samples; record or export it again")]
    NoSamples,
    /// A NaN or infinite sample, or one so large ([`LOUDEST`](crate::LOUDEST)) that arithmetic with
    /// it overflows, among samples of a caller; or a recording that has no other samples. Decoders replace single ones by
    /// silence: see [`Damage`](crate::Damage).
    #[error(
        "sample {at} is not a usable number (NaN, infinite or huge); export the recording again"
    )]
    NonFinite {
        /// Index of the sample (frame) counted from 0, over all channels together.
        at: u64,
    },
    /// A part of a recording that the recording does not have.
    #[error(
        "the part from {start_s} s to {end_s} s is not in the recording, which ends at \
         {duration_s:.3} s; correct the times of the part"
    )]
    OutOfRange {
        /// Where the part should begin, in seconds.
        start_s: f64,
        /// Where it should end.
        end_s: f64,
        /// Where the recording ends.
        duration_s: f64,
    },
    /// More audio than [`DecodeLimits::max_duration_s`](crate::DecodeLimits::max_duration_s).
    #[error("the recording is longer than {limit_s} s; split it or raise the limit")]
    TooLong {
        /// The limit in seconds.
        limit_s: f64,
    },
    /// A sample rate that no recording of speech has, or that cannot be resampled.
    #[error("sample rate {rate} Hz is outside {min} to {max} Hz; resample the recording")]
    BadSampleRate {
        /// The rate in Hz.
        rate: u32,
        /// The lowest rate accepted, in Hz.
        min: u32,
        /// The highest rate accepted, in Hz.
        max: u32,
    },
    /// More channels than [`DecodeLimits::max_channels`](crate::DecodeLimits::max_channels).
    #[error(
        "{channels} channels, at most {max} are accepted; mix the recording down, for example with \
         `ffmpeg -i INPUT -ac 1 OUTPUT.wav`"
    )]
    TooManyChannels {
        /// Channels of the recording.
        channels: usize,
        /// The limit.
        max: usize,
    },
    /// A setting outside its domain.
    #[error("bad setting `{field}`: {reason}")]
    BadConfig {
        /// The field, by its name in the configuration.
        field: &'static str,
        /// What it must be.
        reason: String,
    },
}

impl AudioError {
    /// A short stable word for logs, JSON and exit codes; it never changes between releases.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::IsDirectory { .. } => "is_directory",
            Self::Io { .. } | Self::TemporaryFile { .. } => "io",
            Self::Empty => "empty",
            Self::TooLarge { .. } => "too_large",
            Self::UnsupportedFormat { .. }
            | Self::UnsupportedCodec { .. }
            | Self::NotAudio { .. } => "format",
            Self::TooComplex { .. } => "too_complex",
            Self::DeadlineExceeded => "deadline",
            Self::Decode { .. } => "decode",
            Self::NoAudioTrack => "no_audio",
            Self::NoSamples => "no_samples",
            Self::NonFinite { .. } => "non_finite",
            Self::OutOfRange { .. } => "out_of_range",
            Self::TooLong { .. } => "too_long",
            Self::BadSampleRate { .. } => "sample_rate",
            Self::TooManyChannels { .. } => "channels",
            Self::BadConfig { .. } => "config",
        }
    }

    /// Damage found before any audio was decoded.
    pub(crate) fn damaged(reason: impl Into<String>) -> Self {
        Self::Decode { reason: reason.into(), at_s: None }
    }

    /// A codec that is known and not supported.
    pub(crate) fn unsupported_codec(name: &str) -> Self {
        Self::UnsupportedCodec { codec: name.to_owned(), command: FFMPEG }
    }

    pub(crate) fn config(field: &'static str, reason: impl Into<String>) -> Self {
        Self::BadConfig { field, reason: reason.into() }
    }
}

/// The command that converts nearly everything.
const FFMPEG: &str = "ffmpeg -i INPUT OUTPUT.wav";

fn named(extension: &Option<String>) -> String {
    extension.as_ref().map_or(String::new(), |e| format!(", though it is named .{e}"))
}

fn at_second(at_s: Option<f64>) -> String {
    at_s.map_or(String::new(), |s| format!(" at {s:.3} s"))
}
