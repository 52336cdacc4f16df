//! Finding packets of Opus in WebM that is still on its way.
//!
//! Symphonia's demuxer wants a source to read from, and would have to wait in it for what has not come; this
//! one is given bytes, cut anywhere, and hands over what is complete. It knows what live recorders write
//! (`MediaRecorder` of browsers): segments and clusters of unknown length, and blocks without lacing. Whole
//! recordings go through Symphonia, after [`is_whole`] has looked where they end.
//!
//! WebM is EBML (RFC 8794) with the elements of Matroska (RFC 9559). Children follow the header of their
//! parent, so that going into an element is reading on behind its header, and where it ends does not matter.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::AudioError;
use super::source::Failure;

/// Elements by their numbers, which are written with their length marker (RFC 9559, section 5).
mod id {
    pub(super) const EBML: u32 = 0x1A45_DFA3;
    pub(super) const SEGMENT: u32 = 0x1853_8067;
    pub(super) const TRACKS: u32 = 0x1654_AE6B;
    pub(super) const TRACK_ENTRY: u32 = 0xAE;
    pub(super) const TRACK_NUMBER: u32 = 0xD7;
    pub(super) const CODEC_ID: u32 = 0x86;
    pub(super) const CODEC_PRIVATE: u32 = 0x63A2;
    pub(super) const CONTENT_ENCODINGS: u32 = 0x6D80;
    pub(super) const CLUSTER: u32 = 0x1F43_B675;
    pub(super) const BLOCK_GROUP: u32 = 0xA0;
    pub(super) const BLOCK: u32 = 0xA1;
    pub(super) const SIMPLE_BLOCK: u32 = 0xA3;
}

/// Most bytes of an element that is held until it is complete. The longest packet of Opus has 48 frames of 1275
/// bytes (RFC 6716, section 3.2.5), which is less.
const MAX_HELD: u64 = 64 << 10;

/// What the bytes hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// The header of the Opus stream, before its packets.
    Head(&'a [u8]),
    Packet(&'a [u8]),
}

/// Takes WebM in pieces.
#[derive(Debug, Default)]
pub(super) struct Demuxer {
    /// The beginning of an element whose rest has not come.
    held: Vec<u8>,
    /// Bytes to come that do not matter.
    skip: u64,
    begun: bool,
    /// The number of the Opus track.
    track: Option<u64>,
}

/// Where an element is and how long.
struct Element {
    id: u32,
    /// Bytes of its header.
    head: usize,
    /// Bytes behind it; `None` where it ends with what comes after it.
    len: Option<u64>,
}

impl Demuxer {
    /// Hands over what `bytes` complete.
    ///
    /// # Errors
    /// If it is not WebM or has no Opus, is damaged, or `take` says so. The stream cannot go on then.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        take: impl FnMut(Part<'_>) -> Result<(), AudioError>,
    ) -> Result<(), AudioError> {
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let done = self.parse(&all, take)?;
        all.drain(..done);
        self.held = all;
        Ok(())
    }

    /// How many bytes are done with.
    fn parse(
        &mut self,
        all: &[u8],
        mut take: impl FnMut(Part<'_>) -> Result<(), AudioError>,
    ) -> Result<usize, AudioError> {
        let mut at = 0;
        loop {
            let rest = &all[at..];
            if self.skip > 0 {
                let skipped = self.skip.min(rest.len() as u64);
                self.skip -= skipped;
                at += skipped as usize;
                if self.skip > 0 {
                    return Ok(at);
                }
                continue;
            }
            if !self.begun {
                let first = id::EBML.to_be_bytes();
                let known = rest.len().min(first.len());
                if rest[..known] != first[..known] {
                    return Err(unsupported("it does not begin like WebM"));
                }
                self.begun = known == first.len();
            }
            let Some(Element { id, head, len }) = Element::read(rest)? else { return Ok(at) };
            match id {
                id::SEGMENT | id::CLUSTER | id::BLOCK_GROUP => at += head,
                id::TRACKS | id::BLOCK | id::SIMPLE_BLOCK => {
                    let len = len.filter(|len| *len <= MAX_HELD);
                    let len = len.ok_or_else(|| AudioError::damaged("an element is too long"))?;
                    let end = head + len as usize;
                    let Some(inside) = rest.get(head..end) else { return Ok(at) };
                    if id == id::TRACKS {
                        self.tracks(inside, &mut take)?
                    } else {
                        self.block(inside, &mut take)?
                    }
                    at += end;
                }
                _ => {
                    let len = len.ok_or_else(|| AudioError::damaged("an element has no length"))?;
                    at += head;
                    self.skip = len;
                }
            }
        }
    }

    /// Finds the Opus track.
    fn tracks(
        &mut self,
        tracks: &[u8],
        take: &mut impl FnMut(Part<'_>) -> Result<(), AudioError>,
    ) -> Result<(), AudioError> {
        for entry in children(tracks) {
            let (id::TRACK_ENTRY, entry) = entry? else { continue };
            let (mut number, mut opus, mut head) = (None, false, None);
            for field in children(entry) {
                match field? {
                    (id::TRACK_NUMBER, value) if (1..=8).contains(&value.len()) => {
                        number =
                            Some(value.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)));
                    }
                    (id::CODEC_ID, value) => opus = value == b"A_OPUS",
                    (id::CODEC_PRIVATE, value) => head = Some(value),
                    (id::CONTENT_ENCODINGS, _) => {
                        return Err(unsupported("the track is compressed or encrypted"));
                    }
                    _ => {}
                }
            }
            if opus && number.is_some() {
                self.track = number;
                let head = head.ok_or_else(|| AudioError::damaged("the Opus header is missing"))?;
                return take(Part::Head(head));
            }
        }
        Err(unsupported("the WebM has no track of Opus"))
    }

    /// The packet of a block, where it is one of the Opus track.
    fn block(
        &self,
        block: &[u8],
        take: &mut impl FnMut(Part<'_>) -> Result<(), AudioError>,
    ) -> Result<(), AudioError> {
        let Some(track) = self.track else {
            return Err(AudioError::damaged("sound comes before the description of its track"));
        };
        let damaged = || AudioError::damaged("a block is too short");
        let (number, len) = number(block)?.ok_or_else(damaged)?;
        // Two bytes of time, in which sound has no gaps, and one of flags.
        let Some(([_, _, flags], packet)) = block[len..].split_first_chunk() else {
            return Err(damaged());
        };
        if number != track {
            return Ok(());
        }
        if flags & 0b110 != 0 {
            return Err(unsupported("several packets share a block (lacing)"));
        }
        take(Part::Packet(packet))
    }
}

impl Element {
    /// The element at the beginning of `bytes`; `None` if its header is not complete.
    fn read(bytes: &[u8]) -> Result<Option<Self>, AudioError> {
        let Some(first) = bytes.first() else { return Ok(None) };
        let id_len = first.leading_zeros() as usize + 1;
        // EBMLMaxIDLength of Matroska.
        if id_len > 4 {
            return Err(AudioError::damaged("something is not an element of WebM"));
        }
        let Some(id) = bytes.get(..id_len) else { return Ok(None) };
        let id = id.iter().fold(0, |all, byte| all << 8 | u32::from(*byte));
        let Some((len, len_len)) = number(&bytes[id_len..])? else { return Ok(None) };
        // All ones: it is not known.
        let unknown = (1 << (7 * len_len)) - 1;
        Ok(Some(Self { id, head: id_len + len_len, len: (len != unknown).then_some(len) }))
    }
}

/// Whether a recording of `len` bytes ends where an element ends; `true` for what is no WebM at all.
///
/// Where the length of a segment is not known, as in all that browsers record, a demuxer cannot tell the end
/// of it from a copy that was cut short.
pub(super) fn is_whole<R: Read + Seek>(
    reader: &mut BufReader<R>,
    len: u64,
) -> Result<bool, Failure> {
    reader.seek(SeekFrom::Start(0))?;
    let mut at = 0_u64;
    while at < len {
        // The longest header: 4 bytes of number, 8 of length.
        let mut header = [0; 12];
        let known = (len - at).min(12) as usize;
        reader.read_exact(&mut header[..known])?;
        if at == 0 && header[..4] != id::EBML.to_be_bytes() {
            return Ok(true);
        }
        // What is damaged is the demuxer's to judge.
        let Ok(element) = Element::read(&header[..known]) else { return Ok(true) };
        let Some(Element { id, head, len: inside }) = element else { return Ok(false) };
        let inside = match (id, inside) {
            (id::SEGMENT | id::CLUSTER | id::BLOCK_GROUP, Some(inside))
                if inside > len - at - head as u64 =>
            {
                return Ok(false);
            }
            (id::SEGMENT | id::CLUSTER | id::BLOCK_GROUP, _) => 0,
            (_, Some(inside)) => inside,
            (_, None) => return Ok(true),
        };
        let next = (at + head as u64).saturating_add(inside);
        if next > len {
            return Ok(false);
        }
        // Within what is buffered, where it can be.
        let ahead = i64::try_from(next - at).map_err(io::Error::other)? - known as i64;
        reader.seek_relative(ahead)?;
        at = next;
    }
    Ok(true)
}

/// A number of variable length (RFC 8794, section 4) and how many bytes it has; `None` if some are missing.
fn number(bytes: &[u8]) -> Result<Option<(u64, usize)>, AudioError> {
    let Some(first) = bytes.first() else { return Ok(None) };
    let len = first.leading_zeros() as usize + 1;
    if len > 8 {
        return Err(AudioError::damaged("a number has more than 8 bytes"));
    }
    let Some(all) = bytes.get(..len) else { return Ok(None) };
    let value = all.iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
    Ok(Some((value & !(1 << (7 * len)), len)))
}

/// The elements inside of one that is complete.
fn children(mut bytes: &[u8]) -> impl Iterator<Item = Result<(u32, &[u8]), AudioError>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let whole = Element::read(bytes).and_then(|element| {
            let whole = element.and_then(|Element { id, head, len }| {
                let end = head.checked_add(usize::try_from(len?).ok()?)?;
                let inside = bytes.get(head..end)?;
                bytes = &bytes[end..];
                Some((id, inside))
            });
            whole.ok_or_else(|| AudioError::damaged("an element is longer than what it is in"))
        });
        if whole.is_err() {
            bytes = &[];
        }
        Some(whole)
    })
}

fn unsupported(reason: &str) -> AudioError {
    AudioError::UnsupportedFormat { reason: reason.to_owned(), extension: None }
}

#[cfg(test)]
mod tests;
