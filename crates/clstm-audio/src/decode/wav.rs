//! WAV: finds format and samples among the chunks, whatever the lengths in the header.
//!
//! The demuxer gets a header made of the format and the samples alone. A recorder that writes to a pipe
//! or that was stopped leaves a placeholder as length: the samples then end with the file. RF64 (EBU
//! Tech 3306) is WAV with its lengths elsewhere. Sizes of RIFF and of metadata chunks that do not
//! fit are passed over. Format: <https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html>.

mod format;

use format::Format;
pub(super) use format::{A_LAW, MU_LAW};

use super::chunks::{ByteOrder, Chunk, FIRST, chunk_at, find_chunk, next_chunk};
use super::joined;
use super::limits::DecodeLimits;
use super::scan::{Failure, Scanner, le};
use super::splice::Part;
use super::tail::{Tail, tail, unknown};
use crate::error::AudioError;
use crate::report::Damage;

/// Longest format chunk of any codec.
const MAX_FORMAT: u32 = 1024;
/// Length of samples above which that of RF64 was never filled in: no disk has as many bytes.
const MAX_LONG: u64 = 1 << 50;
/// Most chunks of samples.
const MAX_DATA: usize = 1 << 16;

/// Where the samples are.
pub(super) struct Layout {
    /// The format tag, which names the codec.
    pub(super) codec: u16,
    /// First byte of the samples.
    pub(super) data_at: u64,
    /// First byte behind the samples.
    pub(super) data_end: u64,
    /// A file for the demuxer.
    pub(super) parts: Vec<Part>,
    pub(super) damage: Option<Damage>,
    /// First byte of a recording that is joined to this one.
    pub(super) next: Option<u64>,
}

/// Codecs of WAV that are not decoded.
pub(super) fn unsupported_codec(tag: u16) -> Option<&'static str> {
    Some(match tag {
        0x0031 | 0x0049 => "GSM 6.10",
        0x0065 | 0x028f => "G.722",
        0x0014 | 0x0042 | 0x0111 => "G.723",
        0x0040 | 0x0045 | 0x0064 | 0x0140 => "G.726",
        0x0083 | 0x0133 | 0x0134 => "G.729",
        0x0022 => "TrueSpeech",
        0x00ff | 0x1600..=0x1602 | 0xa106 => "AAC",
        0x0160..=0x0163 => "Windows Media Audio",
        0xa109 => "Speex",
        0x2000 => "AC-3",
        0x566f | 0x674f..=0x6751 | 0x676f..=0x6771 => "Vorbis in WAV",
        _ => return None,
    })
}

/// Walks the chunks up to the samples.
pub(super) fn layout(scan: &mut Scanner<'_>, limits: &DecodeLimits) -> Result<Layout, Failure> {
    let too_short = || AudioError::damaged("the WAV file ends before its samples begin");
    let head: [u8; 12] = scan.array(0)?.ok_or_else(too_short)?;
    let long_form = matches!(&head[..4], b"RF64" | b"BW64");
    let riff_len = le(&head[4..8]) as u32;
    let (mut format, mut fact, mut long_data_len) = (None, None, None);
    let (mut at, mut before) = (FIRST, FIRST);
    let data = loop {
        let Some(chunk) = chunk_at(scan, at, ByteOrder::Little)? else {
            let found = find_chunk(scan, at, before, *b"data", ByteOrder::Little)?;
            break found.ok_or_else(too_short)?;
        };
        match &chunk.id {
            b"ds64" if long_form => {
                long_data_len = scan.array::<16>(chunk.at)?.map(|sizes| le(&sizes[8..]));
            }
            b"fmt " if format.is_none() => {
                let len = chunk.len.min(MAX_FORMAT) as usize;
                format = Some(scan.bytes(chunk.at, len)?.to_vec());
            }
            b"fact" => fact = scan.array::<4>(chunk.at)?,
            b"data" => break chunk,
            _ => {}
        }
        before = chunk.at;
        at = next_chunk(scan, &chunk)?;
    };
    let format = format.filter(|format| format.len() >= 16).ok_or_else(|| {
        AudioError::damaged("the WAV file has no description of its samples (fmt chunk)")
    })?;
    let Format { codec, frame_len, bytes_per_second, chunk: format } =
        Format::read(&format, limits)?;

    let available = scan.len() - data.at;
    let declared = declared_len(&data, long_data_len, riff_len, available);
    let mut data_len = declared.unwrap_or(available).min(available);
    let lost = declared.unwrap_or(0).saturating_sub(available);
    let mut damage = (lost > 0).then(|| {
        let message = format!(
            "the WAV header promises {} bytes of samples, the file has {available}; it was cut short",
            declared.unwrap_or(0)
        );
        let missing_s = match bytes_per_second {
            0 => 0.0,
            rate => (lost.div_ceil(frame_len) * frame_len) as f64 / rate as f64,
        };
        Damage::new(message).missing(missing_s).at_byte(scan.base() + scan.len())
    });
    let mut more = Vec::new();
    let next = match declared {
        // Samples up to the end: only the header of another recording can end them.
        None => {
            let next = joined::find(scan, data.at)?;
            data_len = next.map_or(data_len, |next| next - data.at);
            next
        }
        Some(_) => loop {
            let (last_at, last_len) = more.last().copied().unwrap_or((data.at, data_len));
            match tail(scan, last_at + last_len, ByteOrder::Little)? {
                Tail::Metadata => break None,
                Tail::Recording { at } => break Some(at),
                Tail::MoreSamples { at, len } if more.len() < MAX_DATA => more.push((at, len)),
                Tail::MoreSamples { .. } => {
                    return Err(AudioError::TooComplex { what: "chunks of samples" }.into());
                }
                Tail::Samples => {
                    let message = format!(
                        "the WAV header promises {last_len} bytes of samples, {} more follow; all \
                         were decoded",
                        scan.len() - last_at - last_len
                    );
                    let end = last_at + last_len;
                    damage = Some(Damage::new(message).at_byte(scan.base() + end));
                    match more.last_mut() {
                        Some((at, len)) => *len = scan.len() - *at,
                        None => data_len = available,
                    }
                    break None;
                }
                Tail::Unknown { at } => {
                    damage = Some(unknown(scan, at));
                    break None;
                }
            }
        },
    };
    // Whole frames of each chunk, so that those of the next one stay in step.
    if let Some((_, before)) = more.split_last_mut() {
        let lens = before.iter_mut().map(|(_, len)| len).chain([&mut data_len]);
        lens.for_each(|len| *len -= *len % frame_len);
    }
    let data_end = more.last().map_or(data.at + data_len, |(at, len)| at + len);
    let total = data_len + more.iter().map(|(_, len)| len).sum::<u64>();
    let mut parts = vec![Part::Bytes(header(&format, fact, total))];
    let ranges = std::iter::once((data.at, data_len)).chain(more);
    parts.extend(ranges.map(|(at, len)| Part::Range { at: scan.base() + at, len }));
    Ok(Layout { codec, data_at: data.at, data_end, parts, damage, next })
}

/// The length of the samples by the header; `None` if it was never filled in.
fn declared_len(data: &Chunk, long: Option<u64>, riff_len: u32, available: u64) -> Option<u64> {
    let never_filled_in = is_placeholder(riff_len) || u64::from(riff_len) + 8 <= data.at;
    match long {
        Some(len) if data.len == u32::MAX => Some(len).filter(|len| (1..MAX_LONG).contains(len)),
        // A length of 0 is true of a recording without samples, whose RIFF length fits it.
        _ if data.len == 0 && !never_filled_in => Some(0),
        _ if is_placeholder(data.len) && u64::from(data.len) != available => None,
        _ => Some(u64::from(data.len)),
    }
}

/// Lengths that writers leave who cannot seek back: 0 and all ones (FFmpeg), just under 2^31 (SoX)
/// and 2^31 (arecord). Whether 0 is one depends on the rest of the header.
fn is_placeholder(len: u32) -> bool {
    len == 0 || (0x7fff_f000..=0x8000_0024).contains(&len) || len >= 0xffff_ff00
}

/// The header of a file with `data_len` bytes of integers of `bits` bits, little-endian.
pub(super) fn pcm_header(channels: u16, rate: u32, bits: u16, data_len: u64) -> Vec<u8> {
    header(&Format::of_pcm(channels, rate, bits).chunk, None, data_len)
}

/// The header of a file with `data_len` bytes of A-law or mu-law, which `tag` names.
pub(super) fn law_header(tag: u16, channels: u16, rate: u32, data_len: u64) -> Vec<u8> {
    header(&Format::of_samples(tag, channels, rate, 8).chunk, None, data_len)
}

/// The header of a file that has nothing but format and samples.
fn header(format: &[u8], fact: Option<[u8; 4]>, data_len: u64) -> Vec<u8> {
    let size = |len: u64| u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
    let mut chunks = b"WAVEfmt ".to_vec();
    chunks.extend(size(format.len() as u64));
    chunks.extend(format);
    chunks.resize(chunks.len() + format.len() % 2, 0);
    if let Some(fact) = fact {
        chunks.extend(b"fact\x04\0\0\0");
        chunks.extend(fact);
    }
    chunks.extend(b"data");
    chunks.extend(size(data_len));
    [&b"RIFF"[..], &size(chunks.len() as u64 + data_len), &chunks].concat()
}
