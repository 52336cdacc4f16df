//! Does an MP3 run from frame to frame without a break?
//!
//! MP3 has no index: each frame begins where the last one ends. A player that loses the chain
//! searches for the next thing that looks like a frame and leaves out what was between. Here the
//! chain is walked before decoding, header by header, so that a damaged or cut frame is an error.
//! Header layout: ISO/IEC 11172-3, 2.4.1.3; ID3v2.4 structure: <https://id3.org/id3v2.4.0-structure>.

use std::io::{Read, Seek, SeekFrom};

use super::source::Failure;
use super::wav::read_exactly;
use crate::error::AudioError;

/// Bitrates in kbit/s of Layer III by header index; index 0 is the free format, 15 invalid.
const BITRATES_V1: [u32; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const BITRATES_V2: [u32; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/// Sample rates in Hz of MPEG 1; MPEG 2 halves them, MPEG 2.5 quarters them.
const SAMPLE_RATES: [u32; 3] = [44_100, 48_000, 32_000];

/// Walks the frames of an MP3 that starts at byte 0 or after its ID3v2 tags.
///
/// Anything that does not start like one passes: it is the demuxer's to judge.
pub(super) fn check<R: Read + Seek>(reader: &mut R, len: u64) -> Result<(), Failure> {
    let mut at = 0;
    while let Some(tag_len) = id3v2_len(reader, at)? {
        at += tag_len;
    }
    let mut frames = 0u64;
    while at < len {
        reader.seek(SeekFrom::Start(at))?;
        let mut header = [0; 4];
        let whole = read_exactly(reader, &mut header)?;
        match whole.then(|| frame_len(header)).flatten() {
            Some(0) => return Ok(()),
            Some(frame_len) => {
                at += frame_len;
                frames += 1;
            }
            None if frames == 0 => return Ok(()),
            None if is_tail(reader, at, header)? => return Ok(()),
            None => {
                let reason =
                    format!("no MP3 frame at byte {at} of {len}, after {frames} good frames");
                return Err(AudioError::damaged(reason).into());
            }
        }
    }
    if at > len && frames > 0 {
        let reason = format!("the last MP3 frame lacks {} bytes; the file was cut short", at - len);
        return Err(AudioError::damaged(reason).into());
    }
    Ok(())
}

/// Bytes of the frame with this header, 0 for a free-format one, whose length it does not tell.
fn frame_len(header: [u8; 4]) -> Option<u64> {
    let word = u32::from_be_bytes(header);
    let version = word >> 19 & 3;
    let is_layer_3 = word >> 17 & 3 == 1;
    if word >> 21 != 0x7ff || version == 1 || !is_layer_3 {
        return None;
    }
    let bitrates = if version == 3 { &BITRATES_V1 } else { &BITRATES_V2 };
    let bitrate = *bitrates.get((word >> 12 & 15) as usize)?;
    let rate = *SAMPLE_RATES.get((word >> 10 & 3) as usize)?;
    let (rate, bytes_per_kbit) = match version {
        3 => (rate, 144_000),
        2 => (rate / 2, 72_000),
        _ => (rate / 4, 72_000),
    };
    let padding = word >> 9 & 1;
    let len = if bitrate == 0 { 0 } else { bytes_per_kbit * bitrate / rate + padding };
    Some(u64::from(len))
}

/// Whether a tag, padding or nothing but zeros follows the last frame.
fn is_tail<R: Read + Seek>(reader: &mut R, at: u64, start: [u8; 4]) -> Result<bool, Failure> {
    if [&b"TAG"[..], b"ID3", b"APE", b"LYR"].iter().any(|tag| start.starts_with(tag)) {
        return Ok(true);
    }
    reader.seek(SeekFrom::Start(at))?;
    let mut buf = [0; 4096];
    loop {
        match reader.read(&mut buf)? {
            0 => return Ok(true),
            n if buf[..n].iter().any(|&byte| byte != 0) => return Ok(false),
            _ => {}
        }
    }
}

/// Bytes of the ID3v2 tag at this position, header and footer included.
fn id3v2_len<R: Read + Seek>(reader: &mut R, at: u64) -> Result<Option<u64>, Failure> {
    reader.seek(SeekFrom::Start(at))?;
    let mut header = [0; 10];
    if !read_exactly(reader, &mut header)? || &header[..3] != b"ID3" {
        return Ok(None);
    }
    // Four bytes of seven bits each.
    let body = header[6..10].iter().fold(0, |len, &byte| len << 7 | u64::from(byte & 0x7f));
    let footer = if header[5] & 0x10 != 0 { 10 } else { 0 };
    Ok(Some(10 + body + footer))
}
