//! FLAC: the stream description without the other metadata.
//!
//! Format: RFC 9639, sections 6 and 8.

use super::scan::{Failure, Scanner, be};
use super::splice::Part;
use crate::error::AudioError;

/// A file for the demuxer that has nothing but the stream description and the frames: seek tables,
/// comments and pictures can be any number and size.
pub(super) fn parts(scan: &mut Scanner<'_>) -> Result<Vec<Part>, Failure> {
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
    let header = [&b"fLaC\x80\0\0\x22"[..], &info].concat();
    let frames = Part::Range { at: scan.base() + at, len: scan.len().saturating_sub(at) };
    Ok(vec![Part::Bytes(header), frames])
}
