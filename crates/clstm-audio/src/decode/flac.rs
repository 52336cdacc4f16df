//! FLAC: the stream description without the other metadata.
//!
//! Format: RFC 9639, sections 6 and 8.

use super::joined::find;
use super::mpeg::id3v2_len;
use super::scan::{Failure, Scanner, be};
use super::splice::Part;
use super::tail::len_without_tags;
use crate::error::AudioError;

/// Longest ID3v2 tag that is looked for before a joined recording.
const MAX_TAG: u64 = 1 << 20;

/// Where the frames are.
pub(super) struct Layout {
    /// A file for the demuxer that has nothing but the stream description and the frames: seek tables, comments
    /// and pictures can be any number and size.
    pub(super) parts: Vec<Part>,
    /// Bytes of the frames.
    pub(super) frame_bytes: u64,
    /// First byte of a recording that is joined to this one.
    pub(super) next: Option<u64>,
}

/// Walks the metadata and searches the frames for another recording.
pub(super) fn layout(scan: &mut Scanner<'_>) -> Result<Layout, Failure> {
    let too_short = || AudioError::damaged("the FLAC file ends within its metadata");
    let mut info = None;
    let mut at = 4;
    loop {
        let header: [u8; 4] = scan.array(at)?.ok_or_else(too_short)?;
        let len = be(&header[1..]);
        at += 4;
        if header[0] & 0x7f == 0 && len == 34 {
            info = scan.array::<34>(at)?;
        }
        at += len;
        if header[0] & 0x80 != 0 {
            break;
        }
    }
    let info = info.ok_or_else(|| AudioError::damaged("the FLAC stream description is missing"))?;
    let next = next_recording(scan, at)?;
    let end = match next {
        Some(next) => next,
        None => len_without_tags(scan)?,
    };
    let file_end = next.unwrap_or(scan.len());
    let header = [&b"fLaC\x80\0\0\x22"[..], &info].concat();
    let frames = Part::Range { at: scan.base() + at, len: file_end.saturating_sub(at) };
    let parts = vec![Part::Bytes(header), frames];
    Ok(Layout { parts, frame_bytes: end.saturating_sub(at), next })
}

/// Where another recording begins, perhaps with an ID3v2 tag.
fn next_recording(scan: &mut Scanner<'_>, from: u64) -> Result<Option<u64>, Failure> {
    let Some(next) = find(scan, from)? else { return Ok(None) };
    let mut at = from.max(next.saturating_sub(MAX_TAG));
    while at < next {
        let window = scan.bytes(at, (next - at).min(4096) as usize)?;
        match window.windows(3).position(|bytes| bytes == b"ID3") {
            Some(tag) => {
                let tag = at + tag as u64;
                if id3v2_len(scan, tag)?.is_some_and(|len| tag + len == next) {
                    return Ok(Some(tag));
                }
                at = tag + 1;
            }
            None => at += (window.len() as u64).saturating_sub(2).max(1),
        }
    }
    Ok(Some(next))
}
