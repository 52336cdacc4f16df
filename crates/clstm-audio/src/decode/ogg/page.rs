//! Pages of Ogg (RFC 3533, section 6).

use crate::decode::scan::{Failure, Scanner, le};
use crate::report::Damage;

/// Bytes of a page's header before the table of its segments.
const HEADER_LEN: usize = 27;

/// A page whose checksum is right.
#[derive(Debug)]
pub(super) struct Page {
    /// First byte in the input.
    pub(super) at: u64,
    pub(super) serial: u32,
    /// Number of the page in its stream.
    pub(super) number: u32,
    /// Time behind the last packet that ends on the page; `None` if none ends on it.
    pub(super) granule: Option<i64>,
    /// Whether the first packet began on the page before.
    pub(super) continues: bool,
    pub(super) is_first: bool,
    pub(super) is_last: bool,
    table: Vec<u8>,
    body: Vec<u8>,
}

impl Page {
    /// The parts of packets on the page, and whether the packet ends there.
    pub(super) fn segments(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let (mut table, mut body) = (&self.table[..], &self.body[..]);
        std::iter::from_fn(move || {
            if table.is_empty() {
                return None;
            }
            let whole = table.iter().position(|len| *len < 255);
            let count = whole.map_or(table.len(), |last| last + 1);
            let len = table[..count].iter().map(|len| usize::from(*len)).sum();
            let (part, rest) = body.split_at_checked(len)?;
            (table, body) = (&table[count..], rest);
            Some((part, whole.is_some()))
        })
    }
}

/// Reads pages one after the other and passes over what is none.
pub(super) struct Pages<'a> {
    scan: Scanner<'a>,
    at: u64,
}

impl<'a> Pages<'a> {
    pub(super) fn new(scan: Scanner<'a>) -> Self {
        Self { scan, at: 0 }
    }

    /// The next intact page; what is passed over before it is added to `damages`.
    pub(super) fn next(&mut self, damages: &mut Vec<Damage>) -> Result<Option<Page>, Failure> {
        let from = self.at;
        while self.at < self.scan.len() {
            // The table gives the length of the body.
            let head = self.scan.bytes(self.at, HEADER_LEN + 255)?;
            if let Some(len) = page_len(head)
                && let Some((page, len)) = read(self.scan.bytes(self.at, len)?)
            {
                let page = Page { at: self.scan.base() + self.at, ..page };
                self.passed_over(from, damages);
                self.at += len as u64;
                return Ok(Some(page));
            }
            let bytes = self.scan.bytes(self.at, 4096)?;
            let next = bytes.windows(4).skip(1).position(|magic| magic == b"OggS");
            self.at += match next {
                Some(next) => next as u64 + 1,
                None => (bytes.len() as u64).saturating_sub(3).max(1),
            };
        }
        self.passed_over(from, damages);
        Ok(None)
    }

    fn passed_over(&self, from: u64, damages: &mut Vec<Damage>) {
        // A tag or zeros behind the last page are harmless, and so is a byte or two.
        if self.at > from + 3 {
            let n = self.at - from;
            let at = self.scan.base() + from;
            let message = format!("{n} bytes from byte {at} on are not an intact Ogg page");
            damages.push(Damage::new(message).at_byte(at));
        }
    }
}

/// What the first bytes of a part of a file are.
#[cfg(feature = "opus")]
pub(super) enum First {
    /// An intact page, and its length.
    Page(Page, usize),
    /// The beginning of a page.
    Incomplete,
    NoPage,
}

/// The page at the start of `bytes`, which may end anywhere.
#[cfg(feature = "opus")]
pub(super) fn first(bytes: &[u8]) -> First {
    let known = bytes.len().min(5);
    if bytes[..known] != b"OggS\0"[..known] {
        return First::NoPage;
    }
    match page_len(bytes).filter(|len| *len <= bytes.len()) {
        None => First::Incomplete,
        Some(len) => {
            read(&bytes[..len]).map_or(First::NoPage, |(page, len)| First::Page(page, len))
        }
    }
}

/// Bytes of the page whose header is at the start of `bytes`.
fn page_len(bytes: &[u8]) -> Option<usize> {
    let header = bytes.get(..HEADER_LEN).filter(|header| header.starts_with(b"OggS\0"))?;
    let table = bytes.get(HEADER_LEN..HEADER_LEN + usize::from(header[26]))?;
    Some(HEADER_LEN + table.len() + table.iter().map(|len| usize::from(*len)).sum::<usize>())
}

/// The page at the start of `bytes` and its length.
fn read(bytes: &[u8]) -> Option<(Page, usize)> {
    let header = bytes.get(..HEADER_LEN).filter(|header| header.starts_with(b"OggS\0"))?;
    let table = bytes.get(HEADER_LEN..HEADER_LEN + usize::from(header[26]))?;
    let body_len: usize = table.iter().map(|len| usize::from(*len)).sum();
    let body_at = HEADER_LEN + table.len();
    let body = bytes.get(body_at..body_at + body_len)?;
    let stored = le(&header[22..26]) as u32;
    let checksum = [&header[..22], &[0; 4], &header[26..], table, body]
        .iter()
        .fold(0, |crc, part| crc32(crc, part));
    if checksum != stored {
        return None;
    }
    let granule = le(&header[6..14]) as i64;
    let page = Page {
        at: 0,
        serial: le(&header[14..18]) as u32,
        number: le(&header[18..22]) as u32,
        granule: (granule >= 0).then_some(granule),
        continues: header[5] & 1 != 0,
        is_first: header[5] & 2 != 0,
        is_last: header[5] & 4 != 0,
        table: table.to_vec(),
        body: body.to_vec(),
    };
    Some((page, body_at + body_len))
}

/// The checksum of Ogg: polynomial 0x04c11db7, from the highest bit on, without inversion.
fn crc32(start: u32, bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut i = 0;
        while i < 256 {
            let mut value = (i as u32) << 24;
            let mut bit = 0;
            while bit < 8 {
                value = value << 1 ^ if value >> 31 == 1 { 0x04c1_1db7 } else { 0 };
                bit += 1;
            }
            table[i] = value;
            i += 1;
        }
        table
    };
    bytes.iter().fold(start, |crc, &byte| crc << 8 ^ TABLE[(crc >> 24 ^ u32::from(byte)) as usize])
}

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn the_checksum_is_that_of_the_specification() {
        // CRC-32/MPEG-2 without its initial value, of "123456789".
        assert_eq!(crc32(0, b"123456789"), 0x89a1_897f);
    }
}
