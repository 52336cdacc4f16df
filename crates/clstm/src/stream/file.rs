//! The timeline of a recording in a file.

use std::path::Path;

use clstm_audio::{AudioError, DecodeLimits, stream_file};

use super::{Event, Stream, StreamConfig, StreamError};
use crate::Recognizer;

impl Recognizer {
    /// The timeline of a recording in a file, told event by event: its length does not matter to the
    /// memory, and `limits` alone bound it.
    ///
    /// # Errors
    /// If the file cannot be decoded within the limits, a setting is out of its range, or an error of
    /// `tell`.
    pub fn timeline_file<E: From<StreamError>>(
        &self,
        path: &Path,
        limits: &DecodeLimits,
        config: &StreamConfig,
        mut tell: impl FnMut(Event) -> Result<(), E>,
    ) -> Result<(), E> {
        config.sizes(&self.info().frontend)?;
        let mut events = Vec::new();
        let mut stream: Option<Stream> = None;
        // Decoders give some thousand samples at a time, which would be a product for each moment.
        let mut gathered = Vec::new();
        stream_file(path, limits, |chunk, rate| -> Result<(), Told<E>> {
            let stream = match &mut stream {
                Some(stream) => stream,
                empty => empty.insert(Stream::new(self, rate, config)?),
            };
            gathered.extend_from_slice(chunk);
            if gathered.len() >= stream.piece() {
                stream.push(&gathered, &mut events)?;
                gathered.clear();
            }
            events.drain(..).try_for_each(&mut tell).map_err(Told)
        })
        .map_err(|Told(error)| error)?;
        if let Some(stream) = &mut stream {
            stream.push(&gathered, &mut events)?;
            stream.finish(&mut events)?;
        }
        events.drain(..).try_for_each(tell)
    }
}

/// An error of whoever is told, into which those of the sound go as well.
struct Told<E>(E);

impl<E: From<StreamError>> From<AudioError> for Told<E> {
    fn from(error: AudioError) -> Self {
        Self(StreamError::from(error).into())
    }
}

impl<E: From<StreamError>> From<StreamError> for Told<E> {
    fn from(error: StreamError) -> Self {
        Self(error.into())
    }
}
