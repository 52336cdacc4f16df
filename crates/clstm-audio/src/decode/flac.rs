//! FLAC: the stream description without the other metadata.
//!
//! Format: RFC 9639, sections 6 and 8.

use super::joined::find;
use super::mpeg::id3v2_len;
use super::scan::{Failure, Scanner, be};
use super::splice::Part;
use super::tail::len_without_tags;
use crate::error::AudioError;

/// Fewest samples in a block that is not the last.
const MIN_BLOCK: u16 = 16;
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
    let mut info =
        info.ok_or_else(|| AudioError::damaged("the FLAC stream description is missing"))?;
    match block_len(scan.bytes(at, 16)?) {
        Some(BlockLen::Fixed(len)) => {
            info[..2].copy_from_slice(&len.to_be_bytes());
            info[2..4].copy_from_slice(&len.to_be_bytes());
        }
        // Equal lengths would make the time stamps numbers of frames.
        Some(BlockLen::Variable) if info[..2] == info[2..4] => {
            info[..2].copy_from_slice(&MIN_BLOCK.to_be_bytes());
        }
        _ => {}
    }
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

/// Samples in the blocks of a stream by its first frame.
#[derive(Debug, PartialEq, Eq)]
enum BlockLen {
    /// All blocks but the last have this length.
    Fixed(u16),
    Variable,
}

/// The length of blocks by the header of a frame (RFC 9639, section 9.1): the times of all frames are computed from it,
/// and that in the stream description may be wrong.
fn block_len(frame: &[u8]) -> Option<BlockLen> {
    match frame.get(..2)? {
        [0xff, 0xf9] => return Some(BlockLen::Variable),
        [0xff, 0xf8] => {}
        _ => return None,
    }
    // Behind four bytes and the number of the frame, which is written like a character of UTF-8.
    let number_len = match frame.get(4)?.leading_ones() {
        0 => 1,
        ones @ 2..=7 => ones as usize,
        _ => return None,
    };
    let rest = frame.get(4 + number_len..)?;
    let len = match frame.get(2)? >> 4 {
        1 => 192,
        code @ 2..=5 => 576 << (code - 2),
        6 => u32::from(*rest.first()?) + 1,
        7 => be(rest.get(..2)?) as u32 + 1,
        code @ 8..=15 => 256 << (code - 8),
        _ => return None,
    };
    // A stream of one short block may have less than the least length of others.
    u16::try_from(len).ok().filter(|len| *len >= MIN_BLOCK).map(BlockLen::Fixed)
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
