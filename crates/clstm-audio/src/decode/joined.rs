//! Recordings joined to one file, as `cat a.flac b.flac` joins them.
//!
//! A container that gives its own length, or whose header cannot occur inside its samples, shows where the next
//! recording begins. That one is opened like an input of its own, of whatever format, and its samples follow.
//! Ogg and MPEG audio, which are made to be joined, do the same in their demuxers.

use symphonia::core::codecs::audio::AudioCodecParameters;

use super::demux::{Demuxer, Event};
use super::limits::DecodeLimits;
use super::open::{self, Input, Opened};
use super::scan::{Failure, Scanner};
use crate::error::AudioError;
use crate::report::Damage;
use crate::sniff::{ContainerKind, sniff};

/// Most joined recordings: a constant, and one for each 4 KiB of input.
const MIN_JOINED: u64 = 64;
const JOINED_BYTES: u64 = 4 << 10;
/// Bytes that show which container begins, and those that show it for MPEG audio, too.
const MAGIC: usize = 16;
const HEAD: usize = 4096;

/// The demuxer of one recording after the other.
pub(super) struct Joined<'a> {
    input: &'a dyn Input,
    limits: DecodeLimits,
    /// Audio track that is used of each recording, from 0.
    index: usize,
    current: Box<dyn Demuxer + 'a>,
    /// First byte of the next recording.
    next: Option<u64>,
    /// Found when the current recording was opened.
    damage: Option<Damage>,
    /// Recordings that may follow.
    left: u64,
}

impl<'a> Joined<'a> {
    /// Continues behind `first`, an input of `len` bytes, with the recording at byte `next`.
    pub(super) fn new(
        input: &'a dyn Input,
        limits: &DecodeLimits,
        index: usize,
        first: Box<dyn Demuxer + 'a>,
        next: u64,
        len: u64,
    ) -> Self {
        Self {
            input,
            limits: limits.clone(),
            index,
            current: first,
            next: Some(next),
            damage: None,
            left: MIN_JOINED + len / JOINED_BYTES,
        }
    }

    /// Opens the recording at byte `at`.
    fn open(&self, at: u64) -> Result<Opened<'a>, Failure> {
        match open::open_at(self.input, at, self.index, &self.limits) {
            // Fewer tracks than the first recording has.
            Err(Failure::Audio(AudioError::NoAudioTrack)) if self.index > 0 => {
                open::open_at(self.input, at, 0, &self.limits)
            }
            result => result,
        }
    }
}

impl Demuxer for Joined<'_> {
    fn params(&self) -> &AudioCodecParameters {
        self.current.params()
    }

    fn next(&mut self) -> Result<Option<Event>, Failure> {
        if let Some(damage) = self.damage.take() {
            return Ok(Some(Event::Damage(damage)));
        }
        if let Some(event) = self.current.next()? {
            return Ok(Some(event));
        }
        let Some(at) = self.next.take() else { return Ok(None) };
        self.left = self
            .left
            .checked_sub(1)
            .ok_or(AudioError::TooComplex { what: "recordings that are joined to one file" })?;
        match self.open(at) {
            Ok(Opened { demuxer, damage, next, .. }) => {
                (self.current, self.damage, self.next) = (demuxer, damage, next);
                Ok(Some(Event::NewStream))
            }
            Err(Failure::Audio(
                error @ (AudioError::TooComplex { .. } | AudioError::DeadlineExceeded),
            )) => Err(error.into()),
            Err(Failure::Audio(error)) => {
                let message = format!("the recording from byte {at} on was not decoded: {error}");
                Ok(Some(Event::Damage(Damage::new(message).at_byte(at))))
            }
            Err(error) => Err(error),
        }
    }

    fn delay(&self) -> u64 {
        self.current.delay()
    }

    fn header_duration_s(&self) -> Option<f64> {
        // That of the first recording is not that of the file.
        None
    }

    fn promised_frames(&self) -> Option<u64> {
        self.current.promised_frames()
    }
}

/// Whether a recording of any format begins at byte `at`. Of samples that continue there, one in some hundred millions looks
/// like two frames of MPEG audio.
pub(super) fn is_recording_at(scan: &mut Scanner<'_>, at: u64) -> Result<bool, Failure> {
    Ok(sniff(scan.bytes(at, HEAD)?).is_some())
}

/// The container that begins at byte `at`. MPEG audio and AAC, whose headers have few fixed bits, are left out.
pub(super) fn container_at(
    scan: &mut Scanner<'_>,
    at: u64,
) -> Result<Option<ContainerKind>, Failure> {
    let kind = sniff(scan.bytes(at, MAGIC)?);
    Ok(kind.filter(|kind| !matches!(kind, ContainerKind::Mpeg | ContainerKind::Adts)))
}

/// The first place from `from` on where a recording begins, found by its signature: of frames and samples without a
/// length nothing else shows where they end.
pub(super) fn find(scan: &mut Scanner<'_>, from: u64) -> Result<Option<u64>, Failure> {
    const WINDOW: usize = 64 << 10;
    let is_first = |byte: &u8| matches!(*byte, b'f' | b'R' | b'F' | b'O' | b'c' | 0x1a);
    let mut at = from;
    while at < scan.len() {
        let window = scan.bytes(at, WINDOW)?;
        let candidates = window.iter().enumerate().filter(|(_, byte)| is_first(byte));
        let mut starts = candidates.filter_map(|(found, _)| signature(window, found));
        if let Some(start) = starts.next() {
            return Ok(Some(at + start as u64));
        }
        if window.len() < WINDOW {
            return Ok(None);
        }
        // A signature may lie across the end of the window.
        at += (WINDOW - MAGIC) as u64;
    }
    Ok(None)
}

/// Where the recording begins whose signature has the byte at `found`, if there is one. Signatures have at least seven
/// fixed bytes and some of few values, so that they do not occur in audio by chance.
fn signature(window: &[u8], found: usize) -> Option<usize> {
    let bytes = &window[found..];
    let at =
        |start: usize, magic: &[u8]| bytes.get(start..).is_some_and(|rest| rest.starts_with(magic));
    if at(0, b"ftyp") {
        // Behind the length of the box; the brand that follows is a word.
        let start = found.checked_sub(4).filter(|start| window[*start..].starts_with(&[0; 3]))?;
        let brand = bytes.get(4..8)?;
        return brand.iter().all(|b| b.is_ascii_alphanumeric() || *b == b' ').then_some(start);
    }
    let is_flac = at(0, b"fLaC\0\0\0\x22") || at(0, b"fLaC\x80\0\0\x22");
    let is_wav = at(0, b"RIFF") && at(8, b"WAVE");
    let is_aiff = at(0, b"FORM") && (at(8, b"AIFF") || at(8, b"AIFC"));
    let is_ogg = at(0, b"OggS\0\x02\0\0\0\0\0\0\0\0");
    let is_caf = at(0, b"caff\0\x01\0\0desc");
    // The first field is the version, behind a length of one byte or of eight.
    let is_matroska = at(0, b"\x1aE\xdf\xa3") && (at(5, b"B\x86\x81") || at(12, b"B\x86\x81"));
    (is_flac || is_wav || is_aiff || is_ogg || is_caf || is_matroska).then_some(found)
}
