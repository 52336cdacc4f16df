//! Systems without decode workers.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use clstm::audio::{Damage, DecodeLimits, Waveform};

use super::{DecodeWorkers, Samples, WorkerLimits};
use crate::api_error::ApiError;
use crate::metrics::Metrics;

/// Has no values: [`WorkerPool::start`] always fails.
pub(crate) enum WorkerPool {}

/// Has no values.
pub(crate) enum Recording {}

/// Decoded samples.
pub(crate) struct Chunk<'a> {
    pub(crate) samples: &'a [f32],
    pub(crate) channels: usize,
    pub(crate) rate: u32,
}

impl WorkerPool {
    pub(crate) async fn start(
        _: DecodeWorkers,
        _: NonZeroUsize,
        _: WorkerLimits,
        _: Metrics,
    ) -> io::Result<Arc<Self>> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "decode workers need Unix"))
    }

    pub(crate) async fn load(
        self: &Arc<Self>,
        _: &[u8],
        _: u32,
        _: &DecodeLimits,
    ) -> Result<(Waveform, Option<Damage>), ApiError> {
        match **self {}
    }

    pub(crate) async fn open(
        self: &Arc<Self>,
        _: &[u8],
        _: Samples,
        _: &DecodeLimits,
    ) -> Result<Recording, ApiError> {
        match **self {}
    }
}

impl Recording {
    pub(crate) fn damage(self) -> Option<Damage> {
        match self {}
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Chunk<'_>>, ApiError> {
        match *self {}
    }
}
