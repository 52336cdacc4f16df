//! Push demuxer for Opus in WebM.
//!
//! Symphonia's demuxer reads from a source and would block on a live one. This one is given bytes, cut anywhere,
//! and hands out what is complete. It supports what live recorders write (`MediaRecorder` of browsers): segments
//! and clusters of unknown length, and blocks without lacing. Whole recordings go through Symphonia.
//!
//! WebM is EBML (RFC 8794) with the elements of Matroska (RFC 9559). Children follow the header of their
//! parent, so that going into an element is reading on behind its header, and where it ends does not matter.

use super::AudioError;
use super::demux::Ticks;
use super::scan::be;

/// Elements by their numbers, which are written with their length marker (RFC 9559, section 5).
pub(super) mod id {
    pub(in super::super) const INFO: u32 = 0x1549_A966;
    pub(in super::super) const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
    pub(in super::super) const TIMESTAMP: u32 = 0xE7;
    pub(in super::super) const CODEC_DELAY: u32 = 0x56AA;
    pub(in super::super) const EBML: u32 = 0x1A45_DFA3;
    pub(in super::super) const SEGMENT: u32 = 0x1853_8067;
    pub(in super::super) const TRACKS: u32 = 0x1654_AE6B;
    pub(in super::super) const TRACK_ENTRY: u32 = 0xAE;
    pub(in super::super) const TRACK_NUMBER: u32 = 0xD7;
    pub(in super::super) const TRACK_TYPE: u32 = 0x83;
    pub(in super::super) const CODEC_ID: u32 = 0x86;
    pub(in super::super) const CODEC_PRIVATE: u32 = 0x63A2;
    pub(in super::super) const CONTENT_ENCODINGS: u32 = 0x6D80;
    pub(in super::super) const CLUSTER: u32 = 0x1F43_B675;
    pub(in super::super) const BLOCK_GROUP: u32 = 0xA0;
    pub(in super::super) const BLOCK: u32 = 0xA1;
    pub(in super::super) const SIMPLE_BLOCK: u32 = 0xA3;
}

/// Most bytes of an element that is held until it is complete. The longest packet of Opus has 48 frames of 1275
/// bytes (RFC 6716, section 3.2.5), which is less.
const MAX_HELD: u64 = 64 << 10;

/// What the bytes hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// The header of the Opus stream, before its packets.
    Head(&'a [u8]),
    /// A packet and its presentation time.
    Packet(&'a [u8], Ticks),
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
    /// Nanoseconds of a tick, 1 ms if it is 0.
    scale: u64,
    /// Ticks of the encoder's delay.
    delay: i64,
    /// Ticks of the open cluster.
    cluster: i64,
}

/// The header of an element.
pub(super) struct Element {
    pub(super) id: u32,
    /// Bytes of its header.
    pub(super) head: usize,
    /// Bytes behind its header; `None` if it ends where an element of a higher level begins.
    pub(super) len: Option<u64>,
}

impl Demuxer {
    /// Hands out what `bytes` complete.
    ///
    /// # Errors
    /// If it is not WebM or has no Opus, is damaged, or `take` fails. The stream cannot continue then.
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

    /// The number of bytes that are used.
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
                id::INFO | id::TRACKS | id::TIMESTAMP | id::BLOCK | id::SIMPLE_BLOCK => {
                    let len = len.filter(|len| *len <= MAX_HELD);
                    let len = len.ok_or_else(|| AudioError::damaged("an element is too long"))?;
                    let end = head + len as usize;
                    let Some(inside) = rest.get(head..end) else { return Ok(at) };
                    match id {
                        id::INFO => self.info(inside)?,
                        id::TRACKS => self.tracks(inside, &mut take)?,
                        id::TIMESTAMP => {
                            self.cluster = i64::try_from(be(inside)).unwrap_or(0);
                        }
                        _ => self.block(inside, &mut take)?,
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

    /// Reads the length of a tick.
    fn info(&mut self, info: &[u8]) -> Result<(), AudioError> {
        for field in children(info) {
            if let (id::TIMESTAMP_SCALE, value) = field? {
                self.scale = be(value);
            }
        }
        Ok(())
    }

    /// Nanoseconds of a tick.
    fn scale(&self) -> u64 {
        if self.scale == 0 { 1_000_000 } else { self.scale }
    }

    /// Finds the Opus track.
    fn tracks(
        &mut self,
        tracks: &[u8],
        take: &mut impl FnMut(Part<'_>) -> Result<(), AudioError>,
    ) -> Result<(), AudioError> {
        for entry in children(tracks) {
            let (id::TRACK_ENTRY, entry) = entry? else { continue };
            let (mut number, mut opus, mut head, mut delay) = (None, false, None, 0);
            for field in children(entry) {
                match field? {
                    (id::TRACK_NUMBER, value) if (1..=8).contains(&value.len()) => {
                        number = Some(be(value));
                    }
                    (id::CODEC_ID, value) => opus = value == b"A_OPUS",
                    (id::CODEC_PRIVATE, value) => head = Some(value),
                    (id::CODEC_DELAY, value) => delay = be(value),
                    (id::CONTENT_ENCODINGS, _) => {
                        return Err(unsupported("the track is compressed or encrypted"));
                    }
                    _ => {}
                }
            }
            if opus && number.is_some() {
                self.track = number;
                self.delay = i64::try_from(delay / self.scale()).unwrap_or(0);
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
        // Two bytes of time in the cluster, and one of flags.
        let Some(([time_0, time_1, flags], packet)) = block[len..].split_first_chunk() else {
            return Err(damaged());
        };
        if number != track {
            return Ok(());
        }
        if flags & 0b110 != 0 {
            return Err(unsupported("several packets share a block (lacing)"));
        }
        let time = i64::from(i16::from_be_bytes([*time_0, *time_1]));
        let value = self.cluster.saturating_add(time).saturating_sub(self.delay);
        let per_second = u32::try_from(1_000_000_000 / self.scale()).unwrap_or(0);
        take(Part::Packet(packet, Ticks { value, per_second }))
    }
}

impl Element {
    /// The element at the beginning of `bytes`; `None` if its header is not complete.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, AudioError> {
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
pub(super) fn children(mut bytes: &[u8]) -> impl Iterator<Item = Result<(u32, &[u8]), AudioError>> {
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
