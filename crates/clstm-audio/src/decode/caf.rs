//! Core Audio Format: the chunks that describe and hold the samples, checked.
//!
//! Format: Apple Core Audio Format Specification 1.0.

use super::joined::is_recording_at;
use super::limits::DecodeLimits;
use super::scan::{Failure, Scanner, be};
use super::splice::Part;
use super::tail::{is_tag, unknown};
use crate::error::AudioError;
use crate::report::Damage;

/// Longest codec description, channel layout and packet table. A packet takes a byte or two of the table
/// and 32 bytes in the demuxer.
const MAX_COOKIE: u64 = 64 << 10;
const MAX_PACKET_TABLE: u64 = 1 << 20;
/// Largest packet of fixed size, in bytes and in frames.
const MAX_PACKET_BYTES: u64 = 1 << 20;
const MAX_PACKET_FRAMES: u64 = 1 << 16;

/// Where the samples are.
pub(super) struct Layout {
    /// A file for the demuxer without other chunks.
    pub(super) parts: Vec<Part>,
    pub(super) damage: Option<Damage>,
    /// First byte of a recording that is joined to this one.
    pub(super) next: Option<u64>,
}

/// Walks the chunks.
pub(super) fn layout(scan: &mut Scanner<'_>, limits: &DecodeLimits) -> Result<Layout, Failure> {
    let too_short = || AudioError::damaged("the CAF file ends before its samples");
    let mut header: Vec<u8> = scan.array::<8>(0)?.ok_or_else(too_short)?.to_vec();
    let (mut data, mut damage, mut next) = (None, None, None);
    let mut bytes_per_second = None;
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
                let description = scan.array(at)?.ok_or_else(too_short)?;
                check_description(&description, limits)?;
                bytes_per_second = constant_rate(&description);
                len == 32
            }
            b"kuki" | b"chan" => len <= MAX_COOKIE,
            b"pakt" if len > MAX_PACKET_TABLE => {
                return Err(AudioError::TooComplex { what: "packets of a CAF file" }.into());
            }
            b"pakt" => true,
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
    header.extend(b"data");
    header.extend(data_len.to_be_bytes());
    let parts = vec![Part::Bytes(header), Part::Range { at: scan.base() + data_at, len: data_len }];
    Ok(Layout { parts, damage, next })
}

/// The demuxer computes with these numbers before the limits see them.
fn check_description(desc: &[u8; 32], limits: &DecodeLimits) -> Result<(), AudioError> {
    let rate = f64::from_bits(be(&desc[..8]));
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
    (bytes > 0 && frames > 0).then(|| bytes as f64 / frames as f64 * f64::from_bits(be(&desc[..8])))
}
