//! WAV that is processed while it arrives: what follows a chunk of samples.

use std::io::{self, Read};

use super::wav_header::WavHeader;

/// Bytes that the header of a joined recording is read from.
const HEAD: usize = 4096;
/// Bytes of the header of a chunk.
const CHUNK: usize = 8;
/// Bytes by which text is recognised.
const TEXT: usize = 64;

/// What follows a chunk of samples.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing, or metadata.
    End,
    /// More samples of the same recording, of this number of bytes.
    Samples(u64),
    /// Another WAV, which begins here.
    Recording(WavHeader),
    /// Samples that the header does not count, up to the end.
    Uncounted,
    /// Something that is no audio, or audio that cannot be processed as it arrives.
    NoAudio,
}

/// The bytes of a WAV, in their order.
pub(super) struct WavStream<R> {
    reader: R,
    /// Bytes that were read ahead.
    ahead: Vec<u8>,
}

impl<R: Read> WavStream<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, ahead: Vec::new() }
    }

    /// Passes over `count` bytes; returns whether there are as many.
    ///
    /// # Errors
    /// Of the reader.
    pub(super) fn skip(&mut self, count: u64) -> io::Result<bool> {
        Ok(io::copy(&mut self.by_ref().take(count), &mut io::sink())? == count)
    }

    /// What follows a chunk of `len` bytes of samples.
    ///
    /// # Errors
    /// Of the reader.
    pub(super) fn after_samples(&mut self, len: u64) -> io::Result<Next> {
        let mut is_odd = len % 2 == 1;
        let mut is_first = true;
        loop {
            self.fill(CHUNK + 1)?;
            // Some writers leave the byte of padding out.
            let here = self.ahead.first_chunk().is_some_and(is_id);
            let behind = self.ahead.get(1..).and_then(<[u8]>::first_chunk).is_some_and(is_id);
            if is_odd && (behind || !here) && !self.ahead.is_empty() {
                self.ahead.remove(0);
                self.fill(CHUNK)?;
            }
            let Some((id, rest)) = self.ahead.split_first_chunk::<4>() else {
                return Ok(Next::End);
            };
            let Some(size) = rest.first_chunk().map(|size| u32::from_le_bytes(*size)) else {
                return Ok(Next::End);
            };
            match id {
                b"data" => {
                    self.ahead.drain(..CHUNK);
                    return Ok(Next::Samples(u64::from(size)));
                }
                b"RIFF" => {
                    self.fill(HEAD)?;
                    return Ok(WavHeader::parse(&self.ahead).map_or(Next::NoAudio, Next::Recording));
                }
                [b'T', b'A', b'G', _] | [0, 0, 0, 0] => return Ok(Next::End),
                id if is_id(id) => {
                    self.fill(TEXT)?;
                    if is_first && self.ahead.len() >= TEXT && self.ahead.iter().all(is_text) {
                        return Ok(Next::NoAudio);
                    }
                    self.ahead.drain(..CHUNK);
                    if !self.skip(u64::from(size))? {
                        return Ok(Next::NoAudio);
                    }
                    is_odd = size % 2 == 1;
                }
                _ if is_first => return Ok(Next::Uncounted),
                _ => return Ok(Next::NoAudio),
            }
            is_first = false;
        }
    }

    /// Reads ahead until there are `count` bytes, or the end.
    fn fill(&mut self, count: usize) -> io::Result<()> {
        let missing = count.saturating_sub(self.ahead.len()) as u64;
        (&mut self.reader).take(missing).read_to_end(&mut self.ahead)?;
        Ok(())
    }
}

impl<R: Read> Read for WavStream<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.ahead.is_empty() {
            return self.reader.read(to);
        }
        let count = to.len().min(self.ahead.len());
        to[..count].copy_from_slice(&self.ahead[..count]);
        self.ahead.drain(..count);
        Ok(count)
    }
}

/// Identifiers of chunks are printable.
fn is_id(id: &[u8; 4]) -> bool {
    id.iter().all(|byte| (0x20..0x7f).contains(byte))
}

fn is_text(byte: &u8) -> bool {
    byte.is_ascii_graphic() || byte.is_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use super::{Next, WavStream};

    fn after(len: u64, bytes: &[u8]) -> Next {
        WavStream::new(bytes).after_samples(len).expect("bytes in memory")
    }

    #[test]
    fn what_follows_samples_is_recognised() {
        assert_eq!(after(4, b""), Next::End);
        assert_eq!(after(3, b"\0"), Next::End);
        assert_eq!(after(4, &[0; 100]), Next::End);
        assert_eq!(after(4, b"data\x02\0\0\0ab"), Next::Samples(2));
        assert_eq!(after(3, b"\0data\x02\0\0\0ab"), Next::Samples(2));
        assert_eq!(after(3, b"data\x02\0\0\0ab"), Next::Samples(2), "without padding");
        let list = b"LIST\x03\0\0\0abc\0data\x05\0\0\0";
        assert_eq!(after(4, list), Next::Samples(5));
        assert_eq!(after(4, b"LIST\x04\0\0\0abcd"), Next::End);
        assert_eq!(after(4, b"LIST\x04\0\0\0ab"), Next::NoAudio, "a chunk that was cut");
        assert_eq!(after(4, &b"<html>504 Gateway Timeout</html> ".repeat(3)), Next::NoAudio);
        assert_eq!(after(4, &[7, 0, 250, 255, 3, 0, 9, 0, 4, 0]), Next::Uncounted);
        assert_eq!(after(4, b"RIFF\0\0\0\0AVI LIST"), Next::NoAudio);
    }
}
