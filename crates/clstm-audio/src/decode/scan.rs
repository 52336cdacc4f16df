//! Reading an input at any position, for the walks over containers.

use std::io::{self, SeekFrom};
use std::time::Instant;

use super::splice::{Refused, Source};
use crate::error::AudioError;

/// Bytes read at once.
const WINDOW: usize = 64 << 10;

/// What stops a walk: the content, or the disk.
#[derive(Debug)]
pub(super) enum Failure {
    /// The content of the input.
    Audio(AudioError),
    /// The operating system.
    Io(io::Error),
}

impl From<AudioError> for Failure {
    fn from(error: AudioError) -> Self {
        Self::Audio(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Refused>()) {
            Some(refused) => Self::Audio((*refused).into()),
            None => Self::Io(error),
        }
    }
}

impl From<Refused> for AudioError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Deadline => Self::DeadlineExceeded,
            Refused::Work => Self::TooComplex { what: "reads of the input" },
        }
    }
}

/// A window on a seekable input.
///
/// It counts the bytes that it reads; walks that go back and forth over an input end with
/// [`AudioError::TooComplex`].
pub(super) struct Scanner<'a> {
    source: Box<dyn Source + 'a>,
    /// Offset of byte 0 in the source: the length of leading ID3v2 tags.
    base: u64,
    len: u64,
    window: Vec<u8>,
    window_at: u64,
    budget: u64,
    deadline: Option<Instant>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(source: Box<dyn Source + 'a>, len: u64, deadline: Option<Instant>) -> Self {
        Self {
            source,
            base: 0,
            len,
            window: Vec::new(),
            window_at: 0,
            budget: len.saturating_mul(16).saturating_add(64 << 20),
            deadline,
        }
    }

    /// Bytes of the input.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Makes byte `at` the first one.
    pub(super) fn skip_head(&mut self, at: u64) {
        self.base += at;
        self.len -= at.min(self.len);
        self.window.clear();
    }

    /// Makes `len` bytes the whole input.
    pub(super) fn truncate(&mut self, len: u64) {
        self.len = self.len.min(len);
        self.window.clear();
    }

    /// Bytes left out by [`skip_head`](Self::skip_head).
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    /// The source, whose first byte is still that of the whole input.
    pub(super) fn into_source(self) -> Box<dyn Source + 'a> {
        self.source
    }

    /// The `n` bytes from `at` on, fewer where the input ends within them.
    pub(super) fn bytes(&mut self, at: u64, n: usize) -> io::Result<&[u8]> {
        let n = (n as u64).min(self.len.saturating_sub(at)) as usize;
        let offset = at.wrapping_sub(self.window_at);
        let known = self.window.len() as u64;
        if at < self.window_at || offset > known || known - offset < n as u64 {
            self.fill(at, n)?;
        }
        let offset = (at - self.window_at) as usize;
        let end = self.window.len().min(offset + n);
        Ok(self.window.get(offset..end).unwrap_or_default())
    }

    /// `N` bytes from `at` on; `None` where the input ends within them.
    pub(super) fn array<const N: usize>(&mut self, at: u64) -> io::Result<Option<[u8; N]>> {
        Ok(self.bytes(at, N)?.try_into().ok())
    }

    fn fill(&mut self, at: u64, n: usize) -> io::Result<()> {
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(io::Error::other(Refused::Deadline));
        }
        let wanted = (n.max(WINDOW) as u64).min(self.len.saturating_sub(at)) as usize;
        // A jump costs more than its bytes: one that reads few is not free.
        let cost = wanted as u64 / 4 + n as u64 + 64;
        self.budget = match self.budget.checked_sub(cost) {
            Some(rest) => rest,
            None => return Err(io::Error::other(Refused::Work)),
        };
        self.source.seek(SeekFrom::Start(self.base + at))?;
        self.window.resize(wanted, 0);
        self.window_at = at;
        let mut filled = 0;
        while filled < wanted {
            match self.source.read(&mut self.window[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.window.clear();
                    return Err(error);
                }
            }
        }
        self.window.truncate(filled);
        Ok(())
    }
}

/// A big-endian number of up to 8 bytes.
pub(super) fn be(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// A little-endian number of up to 8 bytes.
pub(super) fn le(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
}
