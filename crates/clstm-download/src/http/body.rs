//! The body of an answer, as far as it goes and not a byte further.

use std::io::{self, BufRead, Read};
use std::time::Duration;

use crate::http::connection::Connection;
use crate::http::head::Framing;

/// After the last byte that was declared, another is waited for so long: a server that closes does
/// so at once, and one that sent more has it on the way already.
const AFTERWARDS: Duration = Duration::from_millis(500);

/// Reads the body from a connection.
pub(crate) struct Body {
    connection: Connection,
    framing: Framing,
    /// Bytes left of the length, or of the chunk.
    left: u64,
    done: bool,
}

fn malformed(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem.to_owned())
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the connection broke off")
}

impl Body {
    pub(crate) fn new(connection: Connection, framing: Framing) -> Self {
        let left = if let Framing::Length(length) = framing { length } else { 0 };
        Self { connection, framing, left, done: framing == Framing::Length(0) }
    }

    /// The connection, for the next request, where this body has been read to its end.
    pub(crate) fn into_connection(self) -> Option<Connection> {
        let clean = self.done && self.framing != Framing::Close;
        (clean && self.connection.buffer().is_empty()).then_some(self.connection)
    }

    /// Fails where the server sends more than it declared. To be asked at the end of a body on a
    /// connection that is not used again.
    pub(crate) fn ends_here(&mut self) -> io::Result<()> {
        if !self.done || !matches!(self.framing, Framing::Length(_)) {
            return Ok(());
        }
        self.connection.get_ref().set_read_timeout(AFTERWARDS)?;
        match self.connection.fill_buf() {
            Ok(more) if !more.is_empty() => {
                Err(malformed("the server sent more bytes than it declared"))
            }
            // Closed, still open, or closed without TLS's goodbye: nothing more came.
            _ => Ok(()),
        }
    }

    /// A line of the chunked coding, without its end.
    fn line(&mut self) -> io::Result<Vec<u8>> {
        // A chunk's size has 16 digits at most; extensions and trailers of this length are absurd.
        const MAX: u64 = 4 << 10;
        let mut line = Vec::new();
        (&mut self.connection).take(MAX).read_until(b'\n', &mut line)?;
        match line.pop() {
            Some(b'\n') => {
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                Ok(line)
            }
            Some(_) if line.len() as u64 + 1 == MAX => Err(malformed("a chunk's line is endless")),
            _ => Err(cut_off()),
        }
    }

    /// Goes to the next chunk; false after the last.
    fn next_chunk(&mut self) -> io::Result<bool> {
        let mut line = self.line()?;
        line.extend_from_slice(b"\r\n");
        self.left = match httparse::parse_chunk_size(&line) {
            Ok(httparse::Status::Complete((_, size))) => size,
            _ => return Err(malformed("a chunk's size is no number")),
        };
        if self.left == 0 {
            while !self.line()?.is_empty() {}
        }
        Ok(self.left > 0)
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.done || buffer.is_empty() {
            return Ok(0);
        }
        if self.framing == Framing::Close {
            let count = self.connection.read(buffer)?;
            self.done = count == 0;
            return Ok(count);
        }
        if self.framing == Framing::Chunked && self.left == 0 && !self.next_chunk()? {
            self.done = true;
            return Ok(0);
        }
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = self.connection.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(cut_off());
        }
        self.left -= count as u64;
        if self.left == 0 {
            if self.framing != Framing::Chunked {
                self.done = true;
            } else if !self.line()?.is_empty() {
                return Err(malformed("a chunk is longer than its size"));
            }
        }
        Ok(count)
    }
}
