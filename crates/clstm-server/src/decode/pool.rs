//! A pool of worker processes.

use std::io;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use clstm::audio::{Damage, DecodeLimits, Waveform};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::process::Worker;
use super::protocol::Request;
use super::recording::Recording;
use super::{DecodeWorkers, Samples, WorkerLimits};
use crate::api_error::ApiError;
use crate::metrics::Metrics;

/// Worker processes; each decodes one recording at a time.
pub(crate) struct WorkerPool {
    workers: DecodeWorkers,
    pub(super) limits: WorkerLimits,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Worker>>,
    metrics: Metrics,
}

/// The use of a worker for one recording. Dropping it kills the worker, unless it was given back.
pub(super) struct Lease {
    pub(super) pool: Arc<WorkerPool>,
    pub(super) worker: Worker,
    _permit: OwnedSemaphorePermit,
}

impl WorkerPool {
    /// Starts `count` workers and has one of them decode an empty recording.
    ///
    /// # Errors
    /// If the program cannot be started or is not a worker.
    pub(crate) async fn start(
        workers: DecodeWorkers,
        count: NonZeroUsize,
        limits: WorkerLimits,
        metrics: Metrics,
    ) -> io::Result<Arc<Self>> {
        let permits = Arc::new(Semaphore::new(count.get()));
        let started: io::Result<_> = (0..count.get()).map(|_| Worker::spawn(&workers)).collect();
        let idle = Mutex::new(started?);
        let pool = Arc::new(Self { workers, limits, permits, idle, metrics });
        match pool.load(&[], 16_000, &DecodeLimits::default()).await {
            Err(error) if error.word() == "empty" => Ok(pool),
            _ => Err(io::Error::other("the program is not a decode worker of this release")),
        }
    }

    /// Decodes a recording and resamples it to `rate` in Hz; also returns what is missing of it.
    pub(crate) async fn load(
        self: &Arc<Self>,
        body: &[u8],
        rate: u32,
        limits: &DecodeLimits,
    ) -> Result<(Waveform, Option<Damage>), ApiError> {
        let mut waveform = Waveform { samples: Vec::new(), sample_rate: rate };
        let mut recording = self.open(body, Samples::Resampled(rate), limits).await?;
        while let Some(chunk) = recording.next().await? {
            waveform.samples.extend_from_slice(chunk.samples);
        }
        Ok((waveform, recording.damage()))
    }

    /// Starts decoding a recording. Waits for an idle worker.
    pub(crate) async fn open(
        self: &Arc<Self>,
        body: &[u8],
        samples: Samples,
        limits: &DecodeLimits,
    ) -> Result<Recording, ApiError> {
        let request = Request {
            resample_to: match samples {
                Samples::Resampled(rate) => Some(rate),
                Samples::Mixed | Samples::Channels => None,
            },
            apart: samples == Samples::Channels,
            max_duration_s: limits.max_duration_s,
            max_channels: limits.max_channels,
            min_sample_rate: limits.min_sample_rate,
            max_sample_rate: limits.max_sample_rate,
            max_bytes: limits.max_bytes,
            max_memory_bytes: self.limits.memory_bytes,
            max_cpu_s: self.limits.cpu.as_secs(),
            body_bytes: body.len() as u64,
        };
        Recording::start(self.lease().await?, &request, body).await
    }

    /// Waits for an idle worker; replaces one that has died.
    async fn lease(self: &Arc<Self>) -> Result<Lease, ApiError> {
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|_| ApiError::shutting_down())?;
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut worker = idle();
        while worker.as_mut().is_some_and(|worker| !worker.is_alive()) {
            worker = idle();
        }
        let worker = match worker {
            Some(worker) => worker,
            None => {
                self.metrics.decode_worker_restarted();
                Worker::spawn(&self.workers).map_err(|error| {
                    tracing::error!("cannot start a decode worker: {error}");
                    ApiError::overloaded("no decode worker can be started")
                })?
            }
        };
        Ok(Lease { pool: self.clone(), worker, _permit: permit })
    }
}

impl Lease {
    /// Makes the worker available again.
    pub(super) fn give_back(self) {
        self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(self.worker);
    }
}
