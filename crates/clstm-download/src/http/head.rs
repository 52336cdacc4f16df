//! The head of an answer: status and headers, and by them how long the body is.

use std::io::{self, BufRead, Read};

/// A head may have so many bytes; that of a signed address of a cloud's store has four thousand.
const MAX_HEAD: u64 = 64 << 10;
/// And so many headers.
const MAX_HEADERS: usize = 128;

/// Status and headers.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) reason: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    keep_alive: bool,
}

/// How the end of a body is known (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// By the last chunk.
    Chunked,
    /// When the connection is closed.
    Close,
}

fn malformed(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not a proper HTTP answer: {problem}"))
}

impl Head {
    /// Reads a head; those of interim answers (1xx) are passed over.
    pub(crate) fn read(from: &mut impl BufRead) -> io::Result<Self> {
        loop {
            let head = Self::read_one(from)?;
            if !(100..200).contains(&head.status) {
                return Ok(head);
            }
        }
    }

    fn read_one(from: &mut impl BufRead) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let mut limited = from.take(MAX_HEAD);
        loop {
            let line = limited.read_until(b'\n', &mut bytes)?;
            if line == 0 {
                return Err(match (bytes.len() as u64, limited.limit()) {
                    (_, 0) => malformed("its head does not end"),
                    _ => io::Error::new(io::ErrorKind::UnexpectedEof, "the server hung up"),
                });
            }
            if bytes.ends_with(b"\n\r\n") || bytes.ends_with(b"\n\n") {
                break;
            }
        }
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        match response.parse(&bytes) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(malformed("its head is cut off")),
            Err(error) => return Err(malformed(&error.to_string())),
        }
        let text = |value: &[u8]| String::from_utf8_lossy(value).trim().to_owned();
        let headers: Vec<_> = response
            .headers
            .iter()
            .map(|header| (header.name.to_ascii_lowercase(), text(header.value)))
            .collect();
        let mut head = Self {
            status: response.code.ok_or_else(|| malformed("it has no status"))?,
            reason: response.reason.unwrap_or_default().to_owned(),
            headers,
            keep_alive: response.version == Some(1),
        };
        if let Some(connection) = head.header("connection") {
            let closes = connection.split(',').any(|o| o.trim().eq_ignore_ascii_case("close"));
            head.keep_alive &= !closes;
        }
        Ok(head)
    }

    /// Value of the first header of this name (in lower case).
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether the connection may serve again.
    pub(crate) fn keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// How the end of the body is known.
    pub(crate) fn framing(&self) -> io::Result<Framing> {
        // 204 and 304 have no body whatever their headers say.
        if matches!(self.status, 204 | 304) {
            return Ok(Framing::Length(0));
        }
        let mut lengths = self.headers.iter().filter(|(name, _)| name == "content-length");
        if let Some((_, coding)) = self.headers.iter().find(|(name, _)| name == "transfer-encoding")
        {
            // Both at once is how requests are smuggled; a download has no use for it.
            if !coding.eq_ignore_ascii_case("chunked") || lengths.next().is_some() {
                return Err(malformed("it says in two ways how long it is"));
            }
            return Ok(Framing::Chunked);
        }
        let Some((_, length)) = lengths.next() else { return Ok(Framing::Close) };
        if lengths.any(|(_, other)| other != length) {
            return Err(malformed("it gives two lengths"));
        }
        if length.is_empty() || !length.bytes().all(|b| b.is_ascii_digit()) {
            return Err(malformed("its length is no number"));
        }
        let length = length.parse().map_err(|_| malformed("its length is no number"))?;
        Ok(Framing::Length(length))
    }

    /// First byte, and length of the whole, that a `Content-Range` names; either may be missing
    /// (`bytes */1234`, `bytes 5-9/*`).
    pub(crate) fn content_range(&self) -> Option<(Option<u64>, Option<u64>)> {
        let (range, total) =
            self.header("content-range")?.strip_prefix("bytes ")?.split_once('/')?;
        let first = match range {
            "*" => None,
            range => Some(range.split_once('-')?.0.parse().ok()?),
        };
        Some((first, total.parse().ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> io::Result<Head> {
        Head::read(&mut text.as_bytes())
    }

    #[test]
    fn the_length_is_known_in_one_of_three_ways() {
        let framing = |headers: &str| {
            head(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n")).unwrap().framing().ok()
        };
        assert_eq!(framing("Content-Length: 12\r\n"), Some(Framing::Length(12)));
        assert_eq!(framing("Transfer-Encoding: chunked\r\n"), Some(Framing::Chunked));
        assert_eq!(framing(""), Some(Framing::Close));
        assert_eq!(framing("Content-Length: 1\r\nContent-Length: 1\r\n"), Some(Framing::Length(1)));
        for wrong in [
            "Content-Length: 1\r\nContent-Length: 2\r\n",
            "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: +1\r\n",
            "Content-Length: -1\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
        ] {
            assert_eq!(framing(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ranges_are_read() {
        let range = |value: &str| {
            let text = format!("HTTP/1.1 206 P\r\nContent-Range: {value}\r\n\r\n");
            head(&text).unwrap().content_range()
        };
        assert_eq!(range("bytes 5-9/10"), Some((Some(5), Some(10))));
        assert_eq!(range("bytes */10"), Some((None, Some(10))));
        assert_eq!(range("bytes 5-9/*"), Some((Some(5), None)));
        assert_eq!(range("lines 5-9/10"), None);
        assert_eq!(range("bytes x-9/10"), None);
    }

    #[test]
    fn endless_and_broken_heads_are_refused() {
        assert!(head("").is_err());
        assert!(head("HTTP/1.1 200 OK\r\nA: b\r\n").is_err());
        assert!(head("SSH-2.0-OpenSSH\r\n\r\n").is_err());
        let endless = format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "b".repeat(70_000));
        assert!(head(&endless).is_err());
    }

    #[test]
    fn interim_answers_are_passed_over() {
        let text = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n";
        assert_eq!(head(text).unwrap().status, 404);
    }
}
