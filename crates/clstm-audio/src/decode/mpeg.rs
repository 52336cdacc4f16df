//! Does an MP3 or ADTS stream run from frame to frame without a break?
//!
//! These streams have no index: each frame begins where the last one ends. A player that loses the
//! chain searches for the next thing that looks like a frame and leaves out what was between. Here
//! the chain is walked before decoding, header by header, so that a damaged or cut frame is an
//! error. Layouts: MP3 header ISO/IEC 11172-3, 2.4.1.3; ADTS header ISO/IEC 13818-7, 6.2; Xing
//! header <http://gabriel.mp3-tech.org/mp3infotag.html>; ID3v2 <https://id3.org/id3v2.4.0-structure>.

use std::io::{Read, Seek, SeekFrom};

use super::source::Failure;
use super::wav::read_exactly;
use crate::error::AudioError;

/// Bitrates in kbit/s of Layer III by header index; index 0 is the free format, 15 invalid.
const BITRATES_V1: [u32; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const BITRATES_V2: [u32; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/// Sample rates in Hz of MPEG 1; MPEG 2 halves them, MPEG 2.5 quarters them.
const SAMPLE_RATES: [u32; 3] = [44_100, 48_000, 32_000];

/// Bytes of a header that tell the length of its frame, for both kinds.
const HEADER_LEN: usize = 6;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mp3,
    Adts,
}

/// Walks the frames of a stream that starts at byte 0 or after its ID3v2 tags.
///
/// Anything that does not start like one passes: it is the demuxer's to judge.
pub(super) fn check<R: Read + Seek>(reader: &mut R, len: u64) -> Result<(), Failure> {
    let mut at = 0;
    while let Some(tag_len) = id3v2_len(reader, at)? {
        at += tag_len;
    }
    let first = at;
    let Some(kind) = header_at(reader, first)?.and_then(kind_of) else { return Ok(()) };

    let mut frames = 0u64;
    while at < len {
        let frame_len = header_at(reader, at)?.and_then(|header| frame_len(kind, header));
        match frame_len {
            // The free format does not tell the length of its frames.
            Some(0) => return Ok(()),
            Some(frame_len) => {
                at += frame_len;
                frames += 1;
            }
            None if frames == 0 => return Ok(()),
            None if is_tail(reader, at)? => break,
            None => {
                let reason = format!("no frame at byte {at} of {len}, after {frames} good frames");
                return Err(AudioError::damaged(reason).into());
            }
        }
    }
    if at > len {
        let reason = format!("the last frame lacks {} bytes; the file was cut short", at - len);
        return Err(AudioError::damaged(reason).into());
    }
    // Some encoders count the frame of the Xing header itself, so one frame of doubt remains.
    match promised_frames(reader, kind, first)? {
        Some(promised) if frames < promised => {
            let reason = format!("the header promises {promised} frames, the file has {frames}");
            Err(AudioError::damaged(reason).into())
        }
        _ => Ok(()),
    }
}

/// The bytes at a position, zeros where the file ends within them; None at its end.
fn header_at<R: Read + Seek>(reader: &mut R, at: u64) -> Result<Option<[u8; HEADER_LEN]>, Failure> {
    reader.seek(SeekFrom::Start(at))?;
    let mut header = Vec::with_capacity(HEADER_LEN);
    reader.take(HEADER_LEN as u64).read_to_end(&mut header)?;
    if header.is_empty() {
        return Ok(None);
    }
    header.resize(HEADER_LEN, 0);
    Ok(header.try_into().ok())
}

fn kind_of(header: [u8; HEADER_LEN]) -> Option<Kind> {
    [Kind::Mp3, Kind::Adts].into_iter().find(|&kind| frame_len(kind, header).is_some())
}

/// Bytes of the frame with this header, 0 for a free-format one.
fn frame_len(kind: Kind, header: [u8; HEADER_LEN]) -> Option<u64> {
    match kind {
        Kind::Mp3 => {
            mp3_frame_len(u32::from_be_bytes([header[0], header[1], header[2], header[3]]))
        }
        Kind::Adts => adts_frame_len(header),
    }
    .map(u64::from)
}

fn mp3_frame_len(word: u32) -> Option<u32> {
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
    Some(if bitrate == 0 { 0 } else { bytes_per_kbit * bitrate / rate + padding })
}

fn adts_frame_len(header: [u8; HEADER_LEN]) -> Option<u32> {
    let is_sync = header[0] == 0xff && header[1] & 0xf6 == 0xf0;
    let len = u32::from_be_bytes([0, header[3] & 3, header[4], header[5]]) >> 5;
    // The header itself has seven bytes.
    (is_sync && len > 7).then_some(len)
}

/// The number of frames in the Xing header of an MP3.
fn promised_frames<R: Read + Seek>(
    reader: &mut R,
    kind: Kind,
    first: u64,
) -> Result<Option<u64>, Failure> {
    let mut frame = [0; 48];
    reader.seek(SeekFrom::Start(first))?;
    if kind != Kind::Mp3 || !read_exactly(reader, &mut frame)? {
        return Ok(None);
    }
    let is_v1 = frame[1] & 0x08 != 0;
    let is_mono = frame[3] >> 6 == 3;
    // Behind the header and the side information.
    let tag = match (is_v1, is_mono) {
        (true, false) => 36,
        (true, true) | (false, false) => 21,
        (false, true) => 13,
    };
    let Some(tag) = frame.get(tag..tag + 12) else { return Ok(None) };
    let has_count = matches!(&tag[..4], b"Xing" | b"Info") && tag[7] & 1 != 0;
    let count = tag[8..12].iter().fold(0, |count, &byte| count << 8 | u64::from(byte));
    Ok(has_count.then_some(count))
}

/// Whether a tag or nothing but zeros follows the last frame.
fn is_tail<R: Read + Seek>(reader: &mut R, at: u64) -> Result<bool, Failure> {
    let start = header_at(reader, at)?.unwrap_or_default();
    if [&b"TAG"[..], b"ID3", b"APETAG", b"LYRICS"].iter().any(|tag| start.starts_with(tag)) {
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
