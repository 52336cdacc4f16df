//! Streams of live audio.

use std::sync::{Mutex, PoisonError};

use clstm::{Event, Recognizer, Stream, StreamConfig, StreamError};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use serde_json::Value;

use crate::errors::KnownError;
use crate::input::samples;
use crate::results::{self, ItemRow};

/// Samples that a stream is prepared for at once, in seconds.
const CHUNK_S: usize = 1;

/// A stream of mono audio.
#[pyclass(frozen, module = "clstm._clstm", name = "NativeStream")]
pub(crate) struct NativeStream(Mutex<Stream>);

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
        py: Python<'_>,
        recognizer: &Recognizer,
        sample_rate: u32,
        config: &StreamConfig,
    ) -> PyResult<Self> {
        let opened = py.detach(|| {
            let mut stream = Stream::new(recognizer, sample_rate, config)?;
            stream.warm_up(CHUNK_S * sample_rate as usize);
            Ok(stream)
        });
        let stream = opened.map_err(|error: StreamError| error.exception(py))?;
        Ok(Self(Mutex::new(stream)))
    }

    /// Runs without the GIL: another thread may be waiting for the stream with it.
    fn advance(
        &self,
        py: Python<'_>,
        advance: impl FnOnce(&mut Stream, &mut Vec<Event>) -> Result<(), StreamError> + Send,
    ) -> PyResult<Vec<(&'static str, ItemRow)>> {
        let advanced = py.detach(|| {
            let mut events = Vec::new();
            let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            advance(&mut stream, &mut events).map(|()| events)
        });
        let events = advanced.map_err(|error| error.exception(py))?;
        Ok(events.into_iter().map(results::item).collect())
    }
}

#[pymethods]
impl NativeStream {
    /// Processes samples, native-endian `f32`, and returns the resulting frames and segments.
    fn push(&self, py: Python<'_>, chunk: PyBackedBytes) -> PyResult<Vec<(&'static str, ItemRow)>> {
        self.advance(py, |stream, events| stream.push(&samples(&chunk), events))
    }

    /// Ends the stream and returns the last frames and segments.
    fn finish(&self, py: Python<'_>) -> PyResult<Vec<(&'static str, ItemRow)>> {
        self.advance(py, |stream, events| stream.finish(events))
    }

    /// Seconds from the end of a frame to the last sample that its prediction needs, at most.
    #[getter]
    fn latency_s(&self, py: Python<'_>) -> f64 {
        py.detach(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).latency_s())
    }
}
