//! WAV: finds format and samples among the chunks, whatever the lengths in the header.
//!
//! The demuxer gets a header made of the format and the samples alone. A recorder that writes to a pipe
//! or that was stopped leaves a placeholder as length: the samples then end with the file. RF64 (EBU
//! Tech 3306) is WAV with its lengths elsewhere. Sizes of RIFF and of metadata chunks that do not
//! fit are passed over. Format: <https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html>.

use super::joined;
use super::limits::DecodeLimits;
use super::scan::{Failure, Scanner, le};
use super::splice::Part;
use super::tail::{ByteOrder, Tail, tail, unknown};
use crate::error::AudioError;
use crate::report::Damage;

/// Longest format chunk of any codec.
const MAX_FORMAT: u32 = 1024;
/// Length of samples above which that of RF64 was never filled in: no disk has as many bytes.
const MAX_LONG: u64 = 1 << 50;
/// Bytes searched for the samples where a metadata chunk has a wrong length.
const SEARCH: u64 = 1 << 20;

/// Format tags of integers and of floating-point numbers.
const PCM: u16 = 1;
const FLOAT: u16 = 3;
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

/// A chunk before the samples.
struct Chunk {
    id: [u8; 4],
    /// First byte behind its header.
    at: u64,
    len: u32,
}

/// Walks the chunks up to the samples.
pub(super) fn layout(scan: &mut Scanner<'_>, limits: &DecodeLimits) -> Result<Layout, Failure> {
    let too_short = || AudioError::damaged("the WAV file ends before its samples begin");
    let head: [u8; 12] = scan.array(0)?.ok_or_else(too_short)?;
    let long_form = matches!(&head[..4], b"RF64" | b"BW64");
    let riff_len = le(&head[4..8]) as u32;
    let (mut format, mut fact, mut long_data_len) = (None, None, None);
    let mut at = 12;
    let data = loop {
        let Some(chunk) = chunk_at(scan, at)? else {
            let Some(found) = find_data(scan, at)? else { return Err(too_short().into()) };
            break found;
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
        at = next_chunk(scan, &chunk)?;
    };
    let format = format.filter(|format| format.len() >= 16).ok_or_else(|| {
        AudioError::damaged("the WAV file has no description of its samples (fmt chunk)")
    })?;
    let channels = le(&format[2..4]) as usize;
    if channels > limits.max_channels {
        return Err(AudioError::TooManyChannels { channels, max: limits.max_channels }.into());
    }
    let frame_len = le(&format[12..14]).max(1);
    let byte_rate = le(&format[8..12]).max(1);
    let codec = match le(&format[..2]) as u16 {
        // The extensible form has the tag at the start of its GUID.
        0xfffe => format.get(24..26).map_or(0xfffe, |tag| le(tag) as u16),
        tag => tag,
    };
    let format = in_whole_bytes(codec, format)?;

    let available = scan.len() - data.at;
    let declared = declared_len(&data, long_data_len, riff_len, available);
    let mut data_len = declared.unwrap_or(available).min(available);
    let lost = declared.unwrap_or(0).saturating_sub(available);
    let mut damage = (lost > 0).then(|| {
        let message = format!(
            "the WAV header promises {} bytes of samples, the file has {available}; it was cut short",
            declared.unwrap_or(0)
        );
        let missing_s = (lost.div_ceil(frame_len) * frame_len) as f64 / byte_rate as f64;
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

/// The format chunk as the demuxer reads it: PCM of 12 or 20 bits fills whole bytes, at their upper end.
///
/// # Errors
/// [`AudioError::UnsupportedCodec`] for PCM of sizes that no decoder reads.
fn in_whole_bytes(codec: u16, mut format: Vec<u8>) -> Result<Vec<u8>, AudioError> {
    let (channels, frame_len) = (le(&format[2..4]), le(&format[12..14]));
    let bits = match le(&format[14..16]) {
        0 if codec == PCM && channels > 0 => frame_len / channels * 8,
        bits => bits,
    };
    let unsupported = |kind: &str| {
        let name = format!("{kind} with {bits} bits a sample in WAV");
        Err(AudioError::unsupported_codec(&name))
    };
    match codec {
        PCM if bits > 32 => return unsupported("PCM"),
        FLOAT if !matches!(bits, 0 | 32 | 64) => return unsupported("floating-point PCM"),
        PCM => format[14..16].copy_from_slice(&(bits.next_multiple_of(8) as u16).to_le_bytes()),
        _ => {}
    }
    Ok(format)
}

/// The chunk whose header is at `at`; `None` if there is none.
fn chunk_at(scan: &mut Scanner<'_>, at: u64) -> Result<Option<Chunk>, Failure> {
    let Some(header) = scan.array::<8>(at)? else { return Ok(None) };
    let (id, len) = ([header[0], header[1], header[2], header[3]], le(&header[4..]) as u32);
    Ok(is_id(&id).then_some(Chunk { id, at: at + 8, len }))
}

/// Identifiers of chunks are printable; those of no known writer are not.
fn is_id(id: &[u8; 4]) -> bool {
    id.iter().all(|byte| (0x20..0x7f).contains(byte))
}

/// Where the next chunk begins: behind a byte of padding after an odd length, which some writers leave out.
fn next_chunk(scan: &mut Scanner<'_>, chunk: &Chunk) -> Result<u64, Failure> {
    let end = chunk.at + u64::from(chunk.len);
    if chunk.len.is_multiple_of(2) {
        return Ok(end);
    }
    let unpadded: Option<[u8; 4]> = scan.array(end)?;
    let padded: Option<[u8; 4]> = scan.array(end + 1)?;
    let starts_here = unpadded.is_some_and(|id| is_id(&id)) && !padded.is_some_and(|id| is_id(&id));
    Ok(if starts_here { end } else { end + 1 })
}

/// Searches for the samples where the chain of chunks is broken.
fn find_data(scan: &mut Scanner<'_>, from: u64) -> Result<Option<Chunk>, Failure> {
    // A chunk that is too long leads past the samples: the search starts at the first chunk.
    let from = if from >= scan.len() { 12 } else { from.saturating_sub(8).max(12) };
    let mut at = from;
    while at < from + SEARCH && at + 8 <= scan.len() {
        let window = scan.bytes(at, 4096)?;
        match window.windows(4).position(|id| id == b"data") {
            Some(found) => {
                let chunk = chunk_at(scan, at + found as u64)?;
                if chunk.is_some() {
                    return Ok(chunk);
                }
                at += found as u64 + 1;
            }
            None => at += (window.len() as u64).saturating_sub(3).max(1),
        }
    }
    Ok(None)
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
