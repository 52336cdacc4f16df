//! A source assembled from byte ranges of another one and from bytes in memory.
//!
//! Demuxers get only what they need: metadata, padding and junk are left out before they can allocate
//! memory for them, and header fields with wrong lengths are replaced by right ones. The source also
//! counts what is read, so that no demuxer reads an input over and over.

use std::io::{self, Read, Seek, SeekFrom};
use std::time::Instant;

use symphonia::core::io::MediaSource;

/// A seekable input.
pub(crate) trait Source: Read + Seek + Send + Sync {}

impl<T: Read + Seek + Send + Sync> Source for T {}

/// One piece of a spliced source.
#[derive(Debug)]
pub(super) enum Part {
    /// Bytes in memory.
    Bytes(Vec<u8>),
    /// A range of the input.
    Range {
        /// First byte.
        at: u64,
        /// Number of bytes.
        len: u64,
    },
}

impl Part {
    fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Range { len, .. } => *len,
        }
    }
}

/// Why a read was refused by [`Spliced`] itself; carried inside an [`io::Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// [`DecodeLimits::deadline`](super::DecodeLimits::deadline) has passed.
    Deadline,
    /// The demuxer has read several times the size of the input.
    Work,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Deadline => "the deadline has passed",
            Self::Work => "the input was read too often",
        })
    }
}

impl std::error::Error for Refused {}

/// A failure of the underlying file, as opposed to damaged content; carried inside an [`io::Error`].
#[derive(Debug)]
pub(super) struct DiskFailure(pub(super) io::Error);

impl std::fmt::Display for DiskFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for DiskFailure {}

/// How many times the size of the input a demuxer may read, plus a constant for small inputs.
const READ_FACTOR: u64 = 8;
const READ_EXTRA: u64 = 16 << 20;
/// What a seek costs, in bytes.
const SEEK_COST: u64 = 256;

/// A source that reads as its parts one after the other.
pub(super) struct Spliced<'a> {
    source: Box<dyn Source + 'a>,
    parts: Vec<Part>,
    /// Position of each part in the spliced source.
    starts: Vec<u64>,
    len: u64,
    position: u64,
    /// Position of `source`, where it is known.
    source_at: Option<u64>,
    budget: u64,
    deadline: Option<Instant>,
}

impl<'a> Spliced<'a> {
    pub(super) fn new(
        source: Box<dyn Source + 'a>,
        parts: Vec<Part>,
        deadline: Option<Instant>,
    ) -> Self {
        let mut starts = Vec::with_capacity(parts.len());
        let mut len = 0_u64;
        for part in &parts {
            starts.push(len);
            len = len.saturating_add(part.len());
        }
        let budget = len.saturating_mul(READ_FACTOR).saturating_add(READ_EXTRA);
        Self { source, parts, starts, len, position: 0, source_at: None, budget, deadline }
    }

    fn spend(&mut self, cost: u64) -> io::Result<()> {
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(io::Error::other(Refused::Deadline));
        }
        match self.budget.checked_sub(cost) {
            Some(rest) => self.budget = rest,
            None => return Err(io::Error::other(Refused::Work)),
        }
        Ok(())
    }
}

impl Read for Spliced<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.len || buf.is_empty() {
            return Ok(0);
        }
        let index = self.starts.partition_point(|start| *start <= self.position) - 1;
        let offset = self.position - self.starts[index];
        let n = match &self.parts[index] {
            Part::Bytes(bytes) => {
                let rest = &bytes[offset as usize..];
                let n = rest.len().min(buf.len());
                buf[..n].copy_from_slice(&rest[..n]);
                n
            }
            Part::Range { at, len } => {
                let wanted = at + offset;
                let n = (len - offset).min(buf.len() as u64) as usize;
                let result = if self.source_at == Some(wanted) {
                    Ok(wanted)
                } else {
                    self.source.seek(SeekFrom::Start(wanted))
                };
                let result = result.and_then(|_| self.source.read(&mut buf[..n]));
                let n = result.map_err(|error| match error.kind() {
                    io::ErrorKind::Interrupted => error,
                    kind => io::Error::new(kind, DiskFailure(error)),
                })?;
                self.source_at = Some(wanted + n as u64);
                n
            }
        };
        self.spend(n as u64 + 1)?;
        self.position += n as u64;
        Ok(n)
    }
}

impl Seek for Spliced<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.spend(SEEK_COST)?;
        self.position = seek_position(to, self.position, self.len)?;
        Ok(self.position)
    }
}

/// The position after a seek in `len` bytes from byte `at`; it may be behind the end.
///
/// # Errors
/// [`InvalidInput`](io::ErrorKind::InvalidInput) before the first byte.
pub(crate) fn seek_position(to: SeekFrom, at: u64, len: u64) -> io::Result<u64> {
    let position = match to {
        SeekFrom::Start(position) => Some(position),
        SeekFrom::End(by) => len.checked_add_signed(by),
        SeekFrom::Current(by) => at.checked_add_signed(by),
    };
    position.ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

impl MediaSource for Spliced<'_> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spliced(budget: u64) -> Spliced<'static> {
        let source = Box::new(io::Cursor::new(b"0123456789".to_vec()));
        let parts = vec![
            Part::Bytes(b"ab".to_vec()),
            Part::Range { at: 4, len: 3 },
            Part::Bytes(Vec::new()),
            Part::Range { at: 0, len: 2 },
        ];
        Spliced { budget, ..Spliced::new(source, parts, None) }
    }

    #[test]
    fn parts_read_as_one() {
        let mut source = spliced(10_000);
        let mut all = String::new();
        source.read_to_string(&mut all).unwrap();
        assert_eq!(all, "ab45601");
        source.seek(SeekFrom::End(-3)).unwrap();
        all.clear();
        source.read_to_string(&mut all).unwrap();
        assert_eq!(all, "601");
        assert_eq!(source.byte_len(), Some(7));
    }

    #[test]
    fn reading_over_and_over_ends() {
        let mut source = spliced(2_000);
        let error = std::iter::repeat_with(|| source.seek(SeekFrom::Start(0)))
            .take(100)
            .find_map(Result::err)
            .unwrap();
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Refused>());
        assert_eq!(inner, Some(&Refused::Work));
    }

    #[test]
    fn a_read_error_is_distinguished_from_damaged_content() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        impl Seek for Failing {
            fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
                Ok(0)
            }
        }
        let parts = vec![Part::Range { at: 0, len: 10 }];
        let mut source = Spliced::new(Box::new(Failing), parts, None);
        let error = source.read(&mut [0; 4]).unwrap_err();
        assert!(error.get_ref().is_some_and(|inner| inner.is::<DiskFailure>()));
    }
}
