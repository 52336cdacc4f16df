//! What follows the samples of a file: metadata, another recording, or samples that the header left out.

use super::chunks::ByteOrder;
use super::joined::is_recording_at;
use super::mpeg;
use super::scan::{Failure, Scanner};
use crate::describe::text_of;
use crate::report::Damage;

/// What begins at the end of the samples by the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// Nothing but metadata.
    Metadata,
    /// Another recording.
    Recording {
        /// Its first byte.
        at: u64,
    },
    /// Samples: the header gives too short a length.
    Samples,
    /// Another chunk of samples of the same recording.
    MoreSamples {
        /// First byte of the samples.
        at: u64,
        /// Their number of bytes.
        len: u64,
    },
    /// Something that is neither.
    Unknown {
        /// Its first byte.
        at: u64,
    },
}

/// Walks over the chunks from `from` on.
pub(super) fn tail(scan: &mut Scanner<'_>, from: u64, order: ByteOrder) -> Result<Tail, Failure> {
    let mut at = from;
    loop {
        if scan.len().saturating_sub(at) < 8 || is_tag(scan, at)? {
            return Ok(Tail::Metadata);
        }
        // Odd lengths are padded by some writers and not by others.
        for start in [at, at + 1] {
            if is_recording_at(scan, start)? {
                return Ok(Tail::Recording { at: start });
            }
        }
        let mut next = None;
        for start in [at + at % 2, at] {
            let header = scan.array::<8>(start)?.unwrap_or_default();
            let len = order.number(&header[4..]);
            let is_chunk = header[..4].iter().all(|byte| (0x20..0x7f).contains(byte));
            let is_in_file = start + 8 + len <= scan.len();
            if is_in_file && order == ByteOrder::Little && header[..4] == *b"data" {
                return Ok(Tail::MoreSamples { at: start + 8, len });
            }
            if is_chunk && is_in_file {
                next = Some(start + 8 + len);
                break;
            }
        }
        match next {
            Some(next) => at = next,
            // A chunk that was cut off, a page of HTML.
            None if at > from || text_of(scan.bytes(at, 64)?).is_some() => {
                return Ok(Tail::Unknown { at });
            }
            None => return Ok(Tail::Samples),
        }
    }
}

/// Damage for bytes that are neither audio nor metadata.
pub(super) fn unknown(scan: &Scanner<'_>, at: u64) -> Damage {
    let bytes = scan.len() - at;
    let message = format!("{bytes} bytes behind the samples are not audio");
    Damage::new(message).at_byte(scan.base() + at)
}

/// Whether there is nothing from `at` on but a tag that other software appends, or zeros.
pub(super) fn is_tag(scan: &mut Scanner<'_>, at: u64) -> Result<bool, Failure> {
    match mpeg::tail_len(scan, at)? {
        Some(len) => Ok(at + len + 8 > scan.len()),
        None => Ok(false),
    }
}

/// The length of the input without the tags and zeros at its end.
pub(super) fn len_without_tags(scan: &mut Scanner<'_>) -> Result<u64, Failure> {
    let mut end = scan.len();
    if end >= 128 && scan.bytes(end - 128, 3)? == b"TAG" {
        end -= 128;
    }
    while end > 0 {
        let from = end.saturating_sub(4096);
        let window = scan.bytes(from, (end - from) as usize)?;
        match window.iter().rposition(|byte| *byte != 0) {
            Some(last) => return Ok(from + last as u64 + 1),
            None => end = from,
        }
    }
    Ok(0)
}
