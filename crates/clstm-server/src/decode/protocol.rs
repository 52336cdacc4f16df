//! The protocol between the server and a decode worker, over one socket pair.
//!
//! Request: `u32` length, a JSON [`Request`] of that length, then the encoded recording of
//! [`Request::body_bytes`]. Response: frames of a `u8` tag, a `u32` length and a payload: [`RATE`] once, then
//! [`SAMPLES`] any number of times, then [`END`] with a report or [`ERROR`]. Channels that stay apart have [`CHANNELS`] before the
//! first samples and where their number changes. Integers and samples are little-endian.

use std::io::{self, Read, Write};

use clstm::audio::{Damage, DecodeLimits};
use serde::{Deserialize, Serialize};

/// The sample rate as `u32`, in Hz.
pub(super) const RATE: u8 = 0;
/// Samples as `f32`, full scale ±1: mono, or whole frames of the announced [`CHANNELS`].
pub(super) const SAMPLES: u8 = 1;
/// All that can be decoded is decoded; a JSON [`Report`].
pub(super) const END: u8 = 2;
/// A JSON [`Failure`].
pub(super) const ERROR: u8 = 3;
/// The number of channels of the samples that follow, as `u32`.
pub(super) const CHANNELS: u8 = 4;

/// Samples of one frame at most.
pub(super) const FRAME_SAMPLES: usize = 1 << 16;
/// Bytes of the payload of a frame at most; the server closes a worker that announces more.
pub(super) const FRAME_BYTES: usize = 4 * FRAME_SAMPLES;
/// Bytes of the JSON of a report at most: it becomes a part of the response.
pub(super) const REPORT_BYTES: usize = 4096;
/// Bytes of the JSON of a request at most.
const REQUEST_BYTES: usize = 4096;

/// One recording to decode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Request {
    /// Rate to resample to, in Hz; without one the samples come at their own rate, while they are decoded.
    pub(super) resample_to: Option<u32>,
    /// Whether the channels stay apart instead of being mixed down; not with `resample_to`.
    pub(super) apart: bool,
    pub(super) max_duration_s: f64,
    pub(super) max_channels: usize,
    pub(super) min_sample_rate: u32,
    pub(super) max_sample_rate: u32,
    pub(super) max_bytes: u64,
    /// Bytes of address space that the worker may have for this request.
    pub(super) max_memory_bytes: u64,
    /// Seconds of CPU time that the worker may use for this request.
    pub(super) max_cpu_s: u64,
    /// Bytes of the recording, which follow the request.
    pub(super) body_bytes: u64,
}

/// What is known about a decoded recording.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) damage: Option<Damage>,
}

/// Why a recording cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failure {
    /// HTTP status.
    pub(super) status: u16,
    /// The word of [`AudioError::kind`](clstm::audio::AudioError::kind).
    pub(super) kind: String,
    pub(super) message: String,
}

impl Request {
    pub(super) fn limits(&self) -> DecodeLimits {
        DecodeLimits {
            max_duration_s: self.max_duration_s,
            max_channels: self.max_channels,
            min_sample_rate: self.min_sample_rate,
            max_sample_rate: self.max_sample_rate,
            max_bytes: self.max_bytes,
            // The operating system limits CPU time.
            deadline: None,
        }
    }

    /// The bytes before the recording.
    pub(super) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let json = serde_json::to_vec(self)?;
        let length = u32::try_from(json.len()).map_err(io::Error::other)?;
        Ok([&length.to_le_bytes(), json.as_slice()].concat())
    }

    /// The next request; `None` if the server has closed the connection.
    pub(super) fn read(input: &mut impl Read) -> io::Result<Option<Self>> {
        let mut length = [0; 4];
        match input.read_exact(&mut length) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            outcome => outcome?,
        }
        let length = u32::from_le_bytes(length) as usize;
        if length > REQUEST_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut json = vec![0; length];
        input.read_exact(&mut json)?;
        Ok(Some(serde_json::from_slice(&json)?))
    }
}

/// Writes one frame.
pub(super) fn write_frame(output: &mut impl Write, tag: u8, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
    let [a, b, c, d] = length.to_le_bytes();
    output.write_all(&[tag, a, b, c, d])?;
    output.write_all(payload)
}

/// Splits the header of a frame into its tag and the length of its payload.
pub(super) const fn parse_header(header: [u8; 5]) -> (u8, usize) {
    let [tag, a, b, c, d] = header;
    (tag, u32::from_le_bytes([a, b, c, d]) as usize)
}
