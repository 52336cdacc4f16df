//! Decoding of uploads in worker processes.
//!
//! Decoders parse untrusted bytes. A header that makes one allocate gigabytes, or a defect that aborts the
//! process, must not end the service: each upload is decoded in a child process with limits on its memory, its
//! CPU time, its open files and its threads ([`DecodeWorkers`]). If the child dies, that request fails with an
//! error, and a new child takes its place.

#[cfg(unix)]
mod pool;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod protocol;
#[cfg(unix)]
mod recording;
#[cfg(not(unix))]
mod unsupported;
#[cfg(unix)]
mod worker;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use crate::Limits;

#[cfg(unix)]
pub(crate) use pool::WorkerPool;
#[cfg(unix)]
pub(crate) use recording::{Chunk, Recording};
#[cfg(not(unix))]
pub(crate) use unsupported::{Chunk, Recording, WorkerPool};
#[cfg(unix)]
pub use worker::run_decode_worker;

/// Where uploads are decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Decoding {
    /// On the compute threads of this process: decoders are limited by [`DecodeLimits`] only.
    ///
    /// [`DecodeLimits`]: clstm::audio::DecodeLimits
    #[default]
    InProcess,
    /// In worker processes, on Unix.
    Workers(DecodeWorkers),
}

/// Worker processes that decode uploads.
///
/// The program must call `run_decode_worker` when it is started with `args`; it may be the program that runs
/// the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeWorkers {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Workers for recordings that are recognised as a whole; by default one per compute thread. Timelines have
    /// half as many of their own, rounded up.
    pub count: Option<NonZeroUsize>,
    /// Address space of a worker, in bytes; by default what the limits of the server need.
    pub memory_bytes: Option<u64>,
}

/// The samples that a worker returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Samples {
    /// Mono at this rate in Hz, once all is decoded.
    Resampled(u32),
    /// Mono at the rate of the recording, while it is decoded.
    Mixed,
    /// All channels at the rate of the recording, while it is decoded.
    Channels,
}

/// What one recording may cost a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WorkerLimits {
    /// Address space of the process.
    pub(crate) memory_bytes: u64,
    /// CPU time for one recording.
    pub(crate) cpu: Duration,
}

impl WorkerLimits {
    /// Address space of an idle worker: code, libraries, an embedded model.
    const IDLE_BYTES: u64 = 128 << 20;

    /// Address space for the tables and buffers of a decoder.
    const DECODER_BYTES: u64 = 256 << 20;

    /// Limits for recordings of at most `max_duration_s`; `resample_to` in Hz for recordings that the worker
    /// keeps as a whole.
    pub(crate) fn new(
        workers: &DecodeWorkers,
        limits: &Limits,
        max_duration_s: f64,
        resample_to: Option<u32>,
    ) -> Self {
        // A float cast saturates. The factor is for the growth of the vector.
        let kept =
            resample_to.map_or(0, |rate| (2.0 * 4.0 * max_duration_s * f64::from(rate)) as u64);
        let fixed = Self::IDLE_BYTES + Self::DECODER_BYTES;
        let needed = fixed.saturating_add(limits.max_body_bytes).saturating_add(kept);
        let memory_bytes = workers.memory_bytes.unwrap_or(needed);
        // Decoding and resampling run at 100 times real time or more on a slow core.
        let whole = Duration::try_from_secs_f64(max_duration_s / 100.0).unwrap_or(Duration::MAX);
        Self { memory_bytes, cpu: limits.decode_cpu.saturating_add(whole) }
    }
}
