//! Is the WAV as long as its header says?
//!
//! A header that promises more data than the file has means a copy cut short: an error. But a
//! recorder that writes to a pipe, or one that was stopped, cannot go back to fill in the lengths
//! and leaves a placeholder: there the data end with the file. Such lengths are mended in what the
//! demuxer reads, as is RF64 (EBU Tech 3306), which is WAV with its lengths moved elsewhere.

use std::io::{self, Read, Seek, SeekFrom};

use super::limits::DecodeLimits;
use super::source::Failure;
use crate::error::AudioError;

/// Four bytes that read differently from what the file holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Patch {
    pub(super) at: u64,
    pub(super) bytes: [u8; 4],
}

/// RIFF chunks before the data that are looked at: more is no recording.
const MAX_CHUNKS: usize = 1024;

/// Checks the header of a RIFF/WAVE file, at the start of `reader`.
///
/// Anything else passes without a patch: it is the demuxer's to judge.
pub(super) fn check<R: Read + Seek>(
    reader: &mut R,
    len: u64,
    limits: &DecodeLimits,
) -> Result<Vec<Patch>, Failure> {
    reader.seek(SeekFrom::Start(0))?;
    let mut head = [0; 12];
    if !read_exactly(reader, &mut head)? || &head[8..12] != b"WAVE" {
        return Ok(Vec::new());
    }
    let long_form = matches!(&head[..4], b"RF64" | b"BW64");
    if !long_form && &head[..4] != b"RIFF" {
        return Ok(Vec::new());
    }
    let riff_len = le_u32(&head[4..8]);

    let mut at = 12;
    let mut long_data_len = None;
    for _ in 0..MAX_CHUNKS {
        let mut chunk = [0; 8];
        reader.seek(SeekFrom::Start(at))?;
        if !read_exactly(reader, &mut chunk)? {
            let reason = "the WAV file ends before its data begin";
            return Err(AudioError::damaged(reason).into());
        }
        let chunk_len = le_u32(&chunk[4..8]);
        at += 8;
        match &chunk[..4] {
            b"ds64" if long_form => {
                let mut lengths = [0; 16];
                if read_exactly(reader, &mut lengths)? {
                    let low = u64::from(le_u32(&lengths[8..12]));
                    let high = u64::from(le_u32(&lengths[12..16]));
                    long_data_len = Some(high << 32 | low);
                }
            }
            b"fmt " => {
                // The demuxer computes with this number before the limits see it.
                let mut format = [0; 4];
                let known = read_exactly(reader, &mut format)?;
                let channels = usize::from(u16::from_le_bytes([format[2], format[3]]));
                if known && channels > limits.max_channels {
                    let max = limits.max_channels;
                    return Err(AudioError::TooManyChannels { channels, max }.into());
                }
            }
            b"data" => {
                return data_patches(&DataChunk {
                    at,
                    len: chunk_len,
                    long_len: long_data_len,
                    riff_len,
                    long_form,
                    file_len: len,
                });
            }
            _ => {}
        }
        // Chunks are padded to an even length.
        at += u64::from(chunk_len) + u64::from(chunk_len % 2);
    }
    Ok(Vec::new())
}

/// Where the samples are, and what was written about their length.
struct DataChunk {
    /// Position of the first sample.
    at: u64,
    len: u32,
    /// The length that an RF64 header gives elsewhere.
    long_len: Option<u64>,
    riff_len: u32,
    long_form: bool,
    file_len: u64,
}

fn data_patches(data: &DataChunk) -> Result<Vec<Patch>, Failure> {
    let available = data.file_len.saturating_sub(data.at);
    let never_filled_in = is_placeholder(data.riff_len) || u64::from(data.riff_len) + 8 <= data.at;
    let declared = match data.long_len {
        Some(len) if data.len == u32::MAX => Some(len).filter(|&len| len > 0),
        // A length of 0 is true of a recording without samples, whose RIFF length fits it.
        _ if data.len == 0 && !never_filled_in => Some(0),
        _ if is_placeholder(data.len) && u64::from(data.len) != available => None,
        _ => Some(u64::from(data.len)),
    };
    if let Some(declared) = declared.filter(|&declared| declared > available) {
        let reason = format!(
            "the WAV header promises {declared} bytes of samples, the file has {available}; it \
             was cut short"
        );
        return Err(AudioError::damaged(reason).into());
    }
    if declared.is_some() && !data.long_form && !is_placeholder(data.riff_len) {
        return Ok(Vec::new());
    }
    let data_len = declared.unwrap_or(available);
    let patched = |len: u64| u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
    Ok(vec![
        Patch { at: 0, bytes: *b"RIFF" },
        Patch { at: 4, bytes: patched((data.at - 8).saturating_add(data_len)) },
        Patch { at: data.at - 4, bytes: patched(data_len) },
    ])
}

/// Lengths that writers leave who cannot seek back: 0 and all ones (FFmpeg), just under 2^31 (SoX)
/// and 2^31 (arecord). Whether 0 is one depends on the rest of the header.
fn is_placeholder(len: u32) -> bool {
    len == 0 || (0x7fff_f000..=0x8000_0024).contains(&len) || len >= 0xffff_ff00
}

/// Fills `buf`; false if the file ends before.
pub(super) fn read_exactly<R: Read>(reader: &mut R, buf: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buf) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn le_u32(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte))
}
