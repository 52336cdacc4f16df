//! Opening an input, checking its container and handing it on as a seekable source.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use symphonia::core::io::MediaSource;

use super::limits::DecodeLimits;
use super::wav::{self, Patch};
use super::{mpeg, stream, webm};
use crate::error::AudioError;

/// A checked input, ready for the demuxer.
pub(super) struct Input<'a> {
    pub(super) media: Box<dyn MediaSource + 'a>,
    /// The extension of the name, for messages.
    pub(super) extension: Option<String>,
    /// What the walk over MPEG frames found, to be told if the demuxer says it is MP3 or ADTS.
    pub(super) mpeg: Result<(), AudioError>,
    /// Whether the last element is complete, if it is WebM.
    pub(super) webm_whole: bool,
}

/// Opens `path` and runs `then` on it.
pub(super) fn with_file<T>(
    path: &Path,
    limits: &DecodeLimits,
    then: impl FnOnce(Input<'_>) -> Result<T, AudioError>,
) -> Result<T, AudioError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => AudioError::NotFound { path: path.to_owned() },
        io::ErrorKind::IsADirectory => AudioError::IsDirectory { path: path.to_owned() },
        _ => AudioError::Io { path: path.to_owned(), source },
    };
    // Asked before opening: on Windows a folder cannot be opened at all.
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return Err(AudioError::IsDirectory { path: path.to_owned() });
    }
    let extension = path.extension().and_then(|e| e.to_str());
    let file = File::open(path).map_err(failed)?;

    if !metadata.is_file() {
        // A pipe or a device: no length and no seeking, so it is taken into memory.
        let mut bytes = Vec::new();
        let most = limits.max_bytes.saturating_add(1);
        file.take(most).read_to_end(&mut bytes).map_err(failed)?;
        return with_bytes(&bytes, extension, limits, then);
    }
    let len = metadata.len();
    let named = |error| match error {
        Failure::Audio(error) => error,
        Failure::Io(source) => failed(source),
    };
    let input = check(file, len, extension, limits).map_err(named)?;
    then(input).map_err(|error| stream::name_io(error, path))
}

/// Runs `then` on bytes in memory.
pub(super) fn with_bytes<T>(
    bytes: &[u8],
    extension: Option<&str>,
    limits: &DecodeLimits,
    then: impl FnOnce(Input<'_>) -> Result<T, AudioError>,
) -> Result<T, AudioError> {
    let input = check(Cursor::new(bytes), bytes.len() as u64, extension, limits);
    then(input.map_err(|error| match error {
        Failure::Audio(error) => error,
        // A cursor over memory fails only by ending early.
        Failure::Io(source) => AudioError::damaged(source.to_string()),
    })?)
}

/// What stops a check: the content, or the disk.
pub(super) enum Failure {
    Audio(AudioError),
    Io(io::Error),
}

impl From<AudioError> for Failure {
    fn from(error: AudioError) -> Self {
        Self::Audio(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn check<'a, R: Read + Seek + Send + Sync + 'a>(
    mut source: R,
    len: u64,
    extension: Option<&str>,
    limits: &DecodeLimits,
) -> Result<Input<'a>, Failure> {
    if len == 0 {
        return Err(AudioError::Empty.into());
    }
    if len > limits.max_bytes {
        return Err(AudioError::TooLarge { limit_bytes: limits.max_bytes }.into());
    }
    let mut reader = BufReader::new(&mut source);
    let patches = wav::check(&mut reader, len, limits)?;
    let mpeg = match mpeg::check(&mut reader, len) {
        Err(Failure::Io(error)) => return Err(error.into()),
        Err(Failure::Audio(error)) => Err(error),
        Ok(()) => Ok(()),
    };
    let webm_whole = webm::is_whole(&mut reader, len)?;
    drop(reader);
    source.seek(SeekFrom::Start(0))?;
    Ok(Input {
        media: Box::new(Patched { inner: source, len, position: 0, patches }),
        extension: extension.map(str::to_owned),
        mpeg,
        webm_whole,
    })
}

/// A source in which a few header fields read as if they had been written right.
struct Patched<R> {
    inner: R,
    len: u64,
    position: u64,
    patches: Vec<Patch>,
}

impl<R: Read> Read for Patched<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        let (start, end) = (self.position, self.position + n as u64);
        for patch in &self.patches {
            for (at, &byte) in (patch.at..).zip(&patch.bytes) {
                if (start..end).contains(&at) {
                    buf[(at - start) as usize] = byte;
                }
            }
        }
        self.position = end;
        Ok(n)
    }
}

impl<R: Seek> Seek for Patched<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.inner.seek(to)?;
        Ok(self.position)
    }
}

impl<R: Read + Seek + Send + Sync> MediaSource for Patched<R> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}
