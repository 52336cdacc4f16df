//! Core Audio Format: the chunks that describe and hold the samples, checked.
//!
//! Format: Apple Core Audio Format Specification 1.0.

mod packets;

use packets::{PacketSizes, PacketTable};

use super::joined::is_recording_at;
use super::limits::DecodeLimits;
use super::scan::{Failure, Scanner, be};
use super::splice::Part;
use super::tail::{is_tag, unknown};
use super::{opus_head, wav};
use crate::error::AudioError;
use crate::report::Damage;

/// Longest codec description, channel layout and packet table. A packet takes a byte or two of the table
/// and 32 bytes in the demuxer.
const MAX_COOKIE: u64 = 64 << 10;
const MAX_PACKET_TABLE: u64 = 1 << 20;
/// Largest packet of fixed size, in bytes and in frames.
const MAX_PACKET_BYTES: u64 = 1 << 20;
const MAX_PACKET_FRAMES: u64 = 1 << 16;
/// Bytes at the start of the data: a number of edits.
const EDIT_COUNT: u64 = 4;

/// Where the samples are.
#[derive(Default)]
pub(super) struct Layout {
    /// A file for the demuxer without other chunks.
    pub(super) parts: Vec<Part>,
    /// Whether that file is a WAV: the demuxer of CAF does not support all codecs that both have.
    pub(super) is_wav: bool,
    pub(super) damage: Option<Damage>,
    /// First byte of a recording that is joined to this one.
    pub(super) next: Option<u64>,
    /// Decoded frames at the beginning and at the end that are not presented.
    pub(super) priming: u64,
    pub(super) padding: u64,
    /// Bytes of all packets, where a table lists them.
    pub(super) packet_bytes: Option<u64>,
}

/// Walks the chunks.
pub(super) fn layout(scan: &mut Scanner<'_>, limits: &DecodeLimits) -> Result<Layout, Failure> {
    let too_short = || AudioError::damaged("the CAF file ends before its samples");
    let mut header: Vec<u8> = scan.array::<8>(0)?.ok_or_else(too_short)?.to_vec();
    let (mut data, mut damage, mut next) = (None, None, None);
    let (mut description, mut bytes_per_second, mut table) = (None, None, None);
    let mut at = 8;
    while let Some(chunk) = scan.array::<12>(at)? {
        let available = scan.len() - at - 12;
        let declared = be(&chunk[4..]) as i64;
        let len = u64::try_from(declared).unwrap_or(u64::MAX);
        if data.is_some() {
            if is_tag(scan, at)? {
                break;
            }
            if is_recording_at(scan, at)? {
                next = Some(at);
                break;
            }
            let is_chunk = chunk[..4].iter().all(|byte| (0x20..0x7f).contains(byte));
            if !is_chunk || len > available {
                damage = damage.or(Some(unknown(scan, at)));
                break;
            }
        }
        at += 12;
        let keep = match &chunk[..4] {
            b"desc" => {
                let read = scan.array(at)?.ok_or_else(too_short)?;
                check_description(&read, limits)?;
                bytes_per_second = constant_rate(&read);
                description = Some(read);
                len == 32
            }
            // Opus has a header of its own, which some writers leave out.
            b"kuki" if description.is_some_and(|it| is_opus(&it)) => false,
            b"kuki" | b"chan" => len <= MAX_COOKIE,
            b"pakt" if len > MAX_PACKET_TABLE => {
                return Err(AudioError::TooComplex { what: "packets of a CAF file" }.into());
            }
            b"pakt" => {
                table = Some(scan.bytes(at, len as usize)?.to_vec());
                false
            }
            b"data" if data.is_none() => {
                // A length of -1: the samples end with the file.
                let cut_short = declared >= 0 && len > available;
                if cut_short {
                    let message = format!(
                        "the CAF header promises {len} bytes of samples, the file has {available}; \
                         it was cut short"
                    );
                    let lost = (len - available) as f64;
                    let missing_s = bytes_per_second.map_or(0.0, |rate| lost / rate);
                    let cut = Damage::new(message).missing(missing_s);
                    damage = Some(cut.at_byte(scan.base() + scan.len()));
                }
                data = Some((at, len.min(available)));
                false
            }
            _ => false,
        };
        if keep && len <= available {
            header.extend(chunk);
            header.extend_from_slice(scan.bytes(at, len as usize)?);
        }
        at = at.saturating_add(len);
        if at >= scan.len() {
            break;
        }
    }
    let (data_at, data_len) = data.ok_or_else(too_short)?;
    let description = description.ok_or_else(too_short)?;
    let samples_len = data_len.saturating_sub(EDIT_COUNT);
    if let Some(tag) = law(&description) {
        let (channels, rate) = (be(&description[24..28]) as u16, rate(&description) as u32);
        let header = wav::law_header(tag, channels, rate, samples_len);
        let samples = Part::Range { at: scan.base() + data_at + EDIT_COUNT, len: samples_len };
        let parts = vec![Part::Bytes(header), samples];
        return Ok(Layout { parts, is_wav: true, damage, next, ..Layout::default() });
    }
    let sizes = PacketSizes { bytes: be(&description[16..20]), frames: be(&description[20..24]) };
    // Packets of one size need no table, and the demuxer refuses one.
    let has_table = bytes_per_second.is_none();
    let table = table.filter(|_| has_table);
    let table = table.and_then(|table| PacketTable::read(&table, sizes, samples_len));
    let table = table.unwrap_or_default();
    if is_opus(&description) {
        push_chunk(&mut header, b"kuki", &opus_head::of(description[27]));
    }
    if !table.chunk.is_empty() {
        push_chunk(&mut header, b"pakt", &table.chunk);
    }
    header.extend(b"data");
    header.extend(data_len.to_be_bytes());
    let parts = vec![Part::Bytes(header), Part::Range { at: scan.base() + data_at, len: data_len }];
    // Of a file that was cut short the last packet is another one; a packet of ALAC gives its frames itself.
    let fills_packets = is_opus(&description) || description[8..12] == *b"aac ";
    let padding = if damage.is_some() || !fills_packets { 0 } else { table.remainder };
    let scale = |frames: u64| match is_opus(&description) {
        true => (frames as f64 * f64::from(opus_head::RATE) / rate(&description)).round() as u64,
        false => frames,
    };
    Ok(Layout {
        parts,
        is_wav: false,
        damage,
        next,
        priming: scale(table.priming),
        padding,
        packet_bytes: has_table.then_some(samples_len),
    })
}

fn push_chunk(file: &mut Vec<u8>, kind: &[u8; 4], content: &[u8]) {
    file.extend(kind);
    file.extend((content.len() as u64).to_be_bytes());
    file.extend(content);
}

fn is_opus(description: &[u8; 32]) -> bool {
    description[8..12] == *b"opus"
}

/// In Hz.
fn rate(description: &[u8; 32]) -> f64 {
    f64::from_bits(be(&description[..8]))
}

/// The format tag of WAV for samples of A-law or mu-law.
fn law(description: &[u8; 32]) -> Option<u16> {
    match &description[8..12] {
        b"alaw" => Some(wav::A_LAW),
        b"ulaw" => Some(wav::MU_LAW),
        _ => None,
    }
}

/// The demuxer computes with these numbers before the limits see them.
fn check_description(desc: &[u8; 32], limits: &DecodeLimits) -> Result<(), AudioError> {
    let rate = rate(desc);
    let (min, max) = (limits.min_sample_rate, limits.max_sample_rate);
    if !(f64::from(min)..=f64::from(max)).contains(&rate) {
        return Err(AudioError::BadSampleRate { rate: rate as u32, min, max });
    }
    let channels = be(&desc[24..28]) as usize;
    if channels > limits.max_channels {
        return Err(AudioError::TooManyChannels { channels, max: limits.max_channels });
    }
    if be(&desc[16..20]) > MAX_PACKET_BYTES || be(&desc[20..24]) > MAX_PACKET_FRAMES {
        return Err(AudioError::damaged("the packets of the CAF file are impossibly large"));
    }
    Ok(())
}

/// Bytes of a second, if all packets have one size.
fn constant_rate(desc: &[u8; 32]) -> Option<f64> {
    let (bytes, frames) = (be(&desc[16..20]), be(&desc[20..24]));
    (bytes > 0 && frames > 0).then(|| bytes as f64 / frames as f64 * rate(desc))
}
