//! One recording in a worker.

use std::io;
use std::os::unix::process::ExitStatusExt;

use axum::http::StatusCode;
use clstm::audio::Damage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::pool::Lease;
use super::protocol::{
    CHANNELS, END, ERROR, FRAME_BYTES, Failure, RATE, REPORT_BYTES, Report, Request, SAMPLES,
    parse_header,
};
use crate::api_error::{ApiError, ErrorKind};

/// Number of SIGXCPU on Linux, macOS and the BSDs: the limit of CPU time is reached.
const SIGXCPU: i32 = 24;

/// Words that a worker may return. Any other becomes `decode`: a worker that was taken over cannot invent
/// labels of metrics.
const KINDS: [&str; 13] = [
    "empty",
    "too_large",
    "format",
    "decode",
    "no_audio",
    "no_samples",
    "non_finite",
    "too_long",
    "sample_rate",
    "channels",
    "config",
    "too_complex",
    "deadline",
];

/// A recording that a worker decodes. If it is dropped before the end, the worker is killed.
pub(crate) struct Recording {
    /// `None` after the end.
    lease: Option<Lease>,
    max_duration_s: f64,
    /// Most channels of a sample frame: 1 where they are mixed down.
    max_channels: usize,
    channels: usize,
    /// Set by the first frame.
    rate: Option<u32>,
    /// Samples that may still come. The worker checks the duration itself; one that was taken over must not fill
    /// the server's memory.
    samples_left: u64,
    payload: Vec<u8>,
    samples: Vec<f32>,
    /// Set by the last frame.
    report: Report,
}

/// Decoded samples.
pub(crate) struct Chunk<'a> {
    /// `[frames, channels]`
    pub(crate) samples: &'a [f32],
    /// 1 where the channels are mixed down. It may change within a recording.
    pub(crate) channels: usize,
    /// In Hz; the same for all chunks.
    pub(crate) rate: u32,
}

/// One frame of the response.
enum Frame {
    Rate(u32),
    Channels,
    Samples,
    End(Report),
    Failed(ApiError),
}

impl Recording {
    /// Sends the recording to the worker.
    pub(super) async fn start(
        mut lease: Lease,
        request: &Request,
        body: &[u8],
    ) -> Result<Self, ApiError> {
        let socket = &mut lease.worker.socket;
        let sent = async {
            socket.write_all(&request.to_bytes()?).await?;
            socket.write_all(body).await
        };
        if sent.await.is_err() {
            return Err(ended(lease).await);
        }
        Ok(Self {
            lease: Some(lease),
            max_duration_s: request.max_duration_s,
            max_channels: if request.apart { request.max_channels } else { 1 },
            channels: 1,
            rate: None,
            samples_left: 0,
            payload: Vec::new(),
            samples: Vec::new(),
            report: Report::default(),
        })
    }

    /// The next samples; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Chunk<'_>>, ApiError> {
        loop {
            let Ok(frame) = self.frame().await else {
                let Some(lease) = self.lease.take() else { return Ok(None) };
                return Err(ended(lease).await);
            };
            match (frame, self.rate) {
                (Frame::Rate(rate), _) => {
                    self.rate = Some(rate);
                    // Resamplers may add some samples at the end.
                    let frames = ((self.max_duration_s + 1.0) * f64::from(rate)) as u64;
                    self.samples_left = frames.saturating_mul(self.max_channels as u64);
                }
                (Frame::Channels, _) => {}
                (Frame::Samples, rate) => {
                    let (samples, channels) = (&self.samples, self.channels);
                    return Ok(Some(Chunk { samples, channels, rate: rate.unwrap_or_default() }));
                }
                (Frame::End(report), _) => {
                    self.report = report;
                    if let Some(lease) = self.lease.take() {
                        lease.give_back();
                    }
                    return Ok(None);
                }
                (Frame::Failed(error), _) => {
                    if let Some(lease) = self.lease.take() {
                        lease.give_back();
                    }
                    return Err(error);
                }
            }
        }
    }

    /// What is missing of a recording that has ended.
    pub(crate) fn damage(self) -> Option<Damage> {
        self.report.damage
    }

    /// Reads a frame.
    ///
    /// # Errors
    /// If the worker has died, or does not keep to the protocol.
    async fn frame(&mut self) -> io::Result<Frame> {
        let invalid = || io::Error::from(io::ErrorKind::InvalidData);
        let Some(lease) = &mut self.lease else { return Err(invalid()) };
        let socket = &mut lease.worker.socket;
        let mut header = [0; 5];
        socket.read_exact(&mut header).await?;
        let (tag, length) = parse_header(header);
        if length > FRAME_BYTES {
            return Err(invalid());
        }
        self.payload.resize(length, 0);
        socket.read_exact(&mut self.payload).await?;
        match (tag, self.rate) {
            (RATE, None) => {
                let rate = self.payload.as_slice().try_into().map_err(|_| invalid())?;
                Ok(Frame::Rate(u32::from_le_bytes(rate)))
            }
            (CHANNELS, Some(_)) => {
                let count = self.payload.as_slice().try_into().map_err(|_| invalid())?;
                let count = u32::from_le_bytes(count) as usize;
                if !(1..=self.max_channels).contains(&count) {
                    return Err(invalid());
                }
                self.channels = count;
                Ok(Frame::Channels)
            }
            (SAMPLES, Some(_)) => {
                let (words, _) = self.payload.as_chunks::<4>();
                if !words.len().is_multiple_of(self.channels) {
                    return Err(invalid());
                }
                self.samples.clear();
                self.samples.extend(words.iter().map(|word| f32::from_le_bytes(*word)));
                let left = self.samples_left.checked_sub(words.len() as u64);
                self.samples_left = left.ok_or_else(invalid)?;
                Ok(Frame::Samples)
            }
            (END, _) if length <= REPORT_BYTES => {
                Ok(Frame::End(serde_json::from_slice(&self.payload)?))
            }
            (ERROR, _) => Ok(Frame::Failed(failure(&self.payload)?)),
            _ => Err(invalid()),
        }
    }
}

fn failure(payload: &[u8]) -> io::Result<ApiError> {
    let failure: Failure = serde_json::from_slice(payload)?;
    let kind = KINDS.into_iter().find(|kind| *kind == failure.kind).unwrap_or("decode");
    let status = StatusCode::from_u16(failure.status).ok().filter(StatusCode::is_client_error);
    let status = status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    Ok(ApiError::new(ErrorKind::Library(status, kind), failure.message))
}

/// The error for a recording whose worker died; one line in the log.
async fn ended(lease: Lease) -> ApiError {
    let limits = lease.pool.limits;
    let signal = match lease.worker.end().await {
        Ok(status) => {
            tracing::warn!("a decode worker ended on a recording: {status}");
            status.signal()
        }
        Err(error) => {
            tracing::warn!("a decode worker ended on a recording: {error}");
            None
        }
    };
    let limit = if signal == Some(SIGXCPU) {
        format!("{} s of CPU time", limits.cpu.as_secs())
    } else {
        format!("{} MiB of memory, or the decoder failed", limits.memory_bytes >> 20)
    };
    let message = format!(
        "decoding this recording takes more than {limit}; convert it, for example with \
         `ffmpeg -i INPUT OUTPUT.wav`"
    );
    ApiError::new(ErrorKind::DecodeLimit, message)
}
