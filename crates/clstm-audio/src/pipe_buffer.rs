//! Recordings from pipes.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::decode::{DecodeLimits, Source, check_head, seek_position};
use crate::error::AudioError;

/// Bytes that are kept in memory.
const MEMORY: u64 = 64 << 20;
/// Bytes that are read before it is clear that they are a recording.
const HEAD: u64 = 1 << 20;

/// The bytes of a recording from a pipe or a device, read to its end: some formats have their index there, and the
/// choice of the track and its channels takes a pass of its own.
///
/// Up to 64 MiB are in memory. More are in an unnamed file in the folder for temporary files (`TMPDIR`), which the system
/// deletes when the buffer or the program ends.
#[derive(Debug)]
pub struct PipeBuffer(Storage);

#[derive(Debug)]
enum Storage {
    Memory(Vec<u8>),
    File { file: File, len: u64 },
}

impl PipeBuffer {
    /// Reads `reader` to its end, if it begins like a recording: `/dev/zero` has no end. `name` is used in messages
    /// only.
    ///
    /// # Errors
    /// [`AudioError::TooLarge`] above [`max_bytes`](DecodeLimits::max_bytes) of `limits`; those of a recording whose beginning shows that it
    /// cannot be decoded; and those of the reader and of the temporary file.
    pub fn read(reader: impl Read, name: &Path, limits: &DecodeLimits) -> Result<Self, AudioError> {
        Self::read_with(reader, name, limits, MEMORY)
    }

    /// [`read`](Self::read), with at most `memory` bytes in memory beside the first [`HEAD`].
    fn read_with(
        mut reader: impl Read,
        name: &Path,
        limits: &DecodeLimits,
        memory: u64,
    ) -> Result<Self, AudioError> {
        let failed = |source| AudioError::Io { path: name.to_owned(), source };
        let mut bytes = Vec::new();
        let mut fill = |bytes: &mut Vec<u8>, to: u64| {
            let more =
                to.min(limits.max_bytes.saturating_add(1)).saturating_sub(bytes.len() as u64);
            reader.by_ref().take(more).read_to_end(bytes).map_err(failed)
        };
        fill(&mut bytes, HEAD)?;
        if bytes.is_empty() {
            return Ok(Self(Storage::Memory(bytes)));
        }
        check_head(&bytes, limits)?;
        fill(&mut bytes, memory.saturating_add(1))?;
        let too_large = AudioError::TooLarge { limit_bytes: limits.max_bytes };
        if bytes.len() as u64 > limits.max_bytes {
            return Err(too_large);
        }
        if bytes.len() as u64 <= memory {
            return Ok(Self(Storage::Memory(bytes)));
        }
        let folder = std::env::temp_dir();
        let not_written = |source| AudioError::TemporaryFile { folder: folder.clone(), source };
        let mut file = tempfile::tempfile_in(&folder).map_err(not_written)?;
        let mut len = 0;
        while !bytes.is_empty() {
            file.write_all(&bytes).map_err(not_written)?;
            len += bytes.len() as u64;
            if len > limits.max_bytes {
                return Err(too_large);
            }
            bytes.clear();
            reader.by_ref().take(HEAD).read_to_end(&mut bytes).map_err(failed)?;
        }
        Ok(Self(Storage::File { file, len }))
    }

    /// The bytes as a source, at their beginning, and their number.
    pub(crate) fn open(&self) -> (Box<dyn Source + '_>, u64) {
        match &self.0 {
            Storage::Memory(bytes) => (Box::new(Cursor::new(&bytes[..])), bytes.len() as u64),
            Storage::File { file, len } => (Box::new(FileReader { file, len: *len, at: 0 }), *len),
        }
    }
}

/// Reads a file at a position of its own, so that several readers can share the file.
struct FileReader<'f> {
    file: &'f File,
    len: u64,
    at: u64,
}

impl Read for FileReader<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = read_at(self.file, to, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for FileReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = seek_position(to, self.at, self.len)?;
        Ok(self.at)
    }
}

#[cfg(unix)]
fn read_at(file: &File, to: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, to, at)
}

#[cfg(windows)]
fn read_at(file: &File, to: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, to, at)
}

#[cfg(not(any(unix, windows)))]
fn read_at(_: &File, _: &mut [u8], _: u64) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Encoded bytes of a recording that has no path.
#[derive(Clone, Copy, Debug)]
pub enum EncodedBytes<'a> {
    /// In memory.
    Memory(&'a [u8]),
    /// From a pipe.
    Pipe(&'a PipeBuffer),
}

/// What has the encoded bytes of a recording: anything in memory, or a [`PipeBuffer`].
pub trait EncodedAudio {
    /// The bytes.
    fn encoded(&self) -> EncodedBytes<'_>;
}

impl<T: AsRef<[u8]>> EncodedAudio for T {
    fn encoded(&self) -> EncodedBytes<'_> {
        EncodedBytes::Memory(self.as_ref())
    }
}

impl EncodedAudio for PipeBuffer {
    fn encoded(&self) -> EncodedBytes<'_> {
        EncodedBytes::Pipe(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode_bytes;

    const NAME: &str = "the pipe";

    /// A WAV file of `frames` 16-bit samples at 16 kHz.
    fn wav(frames: u32) -> Vec<u8> {
        let mut wav = b"RIFF".to_vec();
        wav.extend((36 + 2 * frames).to_le_bytes());
        wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data");
        wav.extend((2 * frames).to_le_bytes());
        wav.extend((0..frames).flat_map(|n| ((n * 37 % 4001) as i16 - 2000).to_le_bytes()));
        wav
    }

    fn read(bytes: &[u8], memory: u64) -> Result<PipeBuffer, AudioError> {
        PipeBuffer::read_with(bytes, NAME.as_ref(), &DecodeLimits::default(), memory)
    }

    #[test]
    fn samples_are_the_same_from_memory_and_from_a_temporary_file() {
        let limits = DecodeLimits::default();
        // More than the head, so that the end comes in a later read.
        let one = wav(700_000);
        // A file at the end of which the next one begins: both are open at once.
        let joined = [&one[..], &wav(9_000)].concat();
        for bytes in [one, joined] {
            let expected = decode_bytes(&bytes, None, &limits).expect("a recording");
            for (memory, in_file) in [(MEMORY, false), (1000, true)] {
                let buffer = read(&bytes, memory).expect("a recording");
                assert_eq!(matches!(buffer.0, Storage::File { .. }), in_file);
                assert_eq!(decode_bytes(buffer, None, &limits).expect("a recording"), expected);
            }
        }
    }

    #[test]
    fn a_pipe_is_refused_early_if_it_is_no_recording_or_too_long() {
        let limits = DecodeLimits { max_bytes: 3 << 20, ..DecodeLimits::default() };
        let read = |reader: &mut dyn Read, memory| {
            PipeBuffer::read_with(reader, NAME.as_ref(), &limits, memory).expect_err("refused")
        };
        for memory in [MEMORY, 1000] {
            assert_eq!(read(&mut io::repeat(0), memory).kind(), "format");
            let mut endless = Cursor::new(wav(1000)).chain(io::repeat(1));
            assert_eq!(read(&mut endless, memory).kind(), "too_large");
        }
        let empty = PipeBuffer::read(io::empty(), NAME.as_ref(), &limits).expect("no bytes");
        assert_eq!(decode_bytes(empty, None, &limits).expect_err("empty").kind(), "empty");
    }

    #[test]
    fn a_read_error_has_the_name_of_the_pipe() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
        let limits = DecodeLimits::default();
        let reader = Cursor::new(wav(100)).chain(Broken);
        let error = PipeBuffer::read(reader, NAME.as_ref(), &limits).expect_err("broken");
        assert!(error.to_string().starts_with("cannot read the pipe"), "{error}");
    }
}
