//! Streams of live audio.

use std::sync::{Mutex, MutexGuard, PoisonError};

use clstm::{
    ChannelEvent, ChannelSelection, ChannelStream, Event, Recognizer, Stream, StreamConfig,
    StreamError,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use serde_json::Value;

use crate::compute::compute_detached;
use crate::errors::Failure;
use crate::input::samples;
use crate::results::{self, EventRow};

/// Samples that a stream is prepared for at once, in seconds.
const CHUNK_S: usize = 1;

/// A stream of audio.
#[pyclass(frozen, module = "clstm._clstm", name = "NativeStream")]
pub(crate) struct NativeStream {
    stream: Mutex<Live>,
    sample_rate: u32,
}

/// A stream of mono audio, or of the channels of interleaved audio.
enum Live {
    Mono(Box<Stream>),
    Channels(Box<ChannelStream>),
}

/// These settings with the fields of a JSON object replaced.
pub(crate) fn stream_config(config: StreamConfig, changes: &str) -> PyResult<StreamConfig> {
    let invalid = |error: serde_json::Error| PyValueError::new_err(error.to_string());
    let mut value = serde_json::to_value(config).map_err(invalid)?;
    let changes: Value = serde_json::from_str(changes).map_err(invalid)?;
    if let (Value::Object(fields), Value::Object(changes)) = (&mut value, changes) {
        fields.extend(changes);
    }
    serde_json::from_value(value).map_err(invalid)
}

impl NativeStream {
    pub(crate) fn open(
        recognizer: &Recognizer,
        sample_rate: u32,
        selection: ChannelSelection,
        config: &StreamConfig,
    ) -> Result<Self, Failure> {
        let stream = match selection {
            ChannelSelection::Mix => {
                let mut stream = Stream::new(recognizer, sample_rate, config)?;
                stream.warm_up(CHUNK_S * sample_rate as usize);
                Live::Mono(Box::new(stream))
            }
            _ => {
                let stream = ChannelStream::new(recognizer, sample_rate, selection, config)?;
                Live::Channels(Box::new(stream))
            }
        };
        Ok(Self { stream: Mutex::new(stream), sample_rate })
    }

    /// Runs without the GIL: another thread may be waiting for the stream with it.
    fn advance(
        &self,
        py: Python<'_>,
        mono: impl FnOnce(&mut Stream, &mut Vec<Event>) -> Result<(), StreamError> + Send,
        each: impl FnOnce(&mut ChannelStream, &mut Vec<ChannelEvent>) -> Result<(), StreamError> + Send,
    ) -> PyResult<Vec<EventRow>> {
        let advanced = py.detach(|| {
            // Not on the threads for computation: one of them may begin the work of another caller while it waits for the others.
            let mut locked = self.lock();
            let live: &mut Live = &mut locked;
            compute_detached(|_| match live {
                Live::Mono(stream) => {
                    let mut events = Vec::new();
                    mono(stream, &mut events)?;
                    Ok(events.into_iter().map(results::event).collect())
                }
                Live::Channels(stream) => {
                    let mut events = Vec::new();
                    each(stream, &mut events)?;
                    Ok(events.into_iter().map(results::channel_event).collect())
                }
            })
        });
        advanced.map_err(|failure| failure.exception(py))
    }

    fn lock(&self) -> MutexGuard<'_, Live> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl NativeStream {
    /// Processes samples, native-endian `f32`, of `channels` interleaved channels, and returns the resulting frames and segments.
    fn push(
        &self,
        py: Python<'_>,
        chunk: PyBackedBytes,
        channels: usize,
    ) -> PyResult<Vec<EventRow>> {
        self.advance(
            py,
            |stream, events| stream.push(&samples(&chunk), events),
            |stream, events| stream.push(&samples(&chunk), channels, self.sample_rate, events),
        )
    }

    /// Ends the stream and returns the last frames and segments.
    fn finish(&self, py: Python<'_>) -> PyResult<Vec<EventRow>> {
        self.advance(py, Stream::finish, ChannelStream::finish)
    }

    /// Seconds from the end of a frame to the last sample that its prediction needs, at most.
    #[getter]
    fn latency_s(&self, py: Python<'_>) -> f64 {
        py.detach(|| match &*self.lock() {
            Live::Mono(stream) => stream.latency_s(),
            Live::Channels(stream) => stream.latency_s(),
        })
    }
}
