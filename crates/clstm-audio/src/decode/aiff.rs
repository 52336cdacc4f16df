//! AIFF and AIFC: finds format and samples among the chunks, whatever their order and the lengths in the header.
//!
//! Format: <http://paulbourke.net/dataformats/audio/>.

mod common;

use common::Common;

use super::chunks::{ByteOrder, Chunk, FIRST, chunk_at, find_chunk, next_chunk};
use super::limits::DecodeLimits;
use super::scan::{Failure, Scanner, be};
use super::splice::Part;
use super::tail::{Tail, tail, unknown};
use crate::error::AudioError;
use crate::report::Damage;

/// Longest description of the samples: 22 bytes and the name of the codec.
const MAX_COMMON: u32 = 512;
/// Bytes between the header of the chunk of samples and the first sample: an offset and a block size.
const SOUND_HEADER: u64 = 8;

/// Where the samples are.
pub(super) struct Layout {
    /// A file for the demuxer that has nothing but format and samples.
    pub(super) parts: Vec<Part>,
    /// Whether that file is a WAV: of little-endian samples, which are supported in few sizes in AIFC.
    pub(super) is_wav: bool,
    pub(super) damage: Option<Damage>,
    /// First byte of a recording that is joined to this one.
    pub(super) next: Option<u64>,
}

/// Walks the chunks up to the description and the samples, and over those behind them.
pub(super) fn layout(scan: &mut Scanner<'_>, limits: &DecodeLimits) -> Result<Layout, Failure> {
    let too_short = || AudioError::damaged("the AIFF file ends before its samples begin");
    let head: [u8; 12] = scan.array(0)?.ok_or_else(too_short)?;
    let (common, sound) = walk(scan)?;
    let (common, sound) = common.zip(sound).ok_or_else(too_short)?;
    let common = Common::read(&common, &head[8..12] == b"AIFC", limits)?;
    let (data_at, declared) = (sound.at, u64::from(sound.len));
    let available = scan.len() - data_at;
    // Of a length that was never filled in the samples end with the file.
    let declared = Some(declared).filter(|declared| !is_placeholder(*declared, available));
    let mut len = declared.unwrap_or(available).min(available);
    let lost = declared.unwrap_or(0).saturating_sub(available);
    let mut damage = (lost > 0).then(|| {
        let message = format!(
            "the AIFF header promises {} bytes of samples, the file has {available}; it was cut short",
            declared.unwrap_or(0)
        );
        let frames = lost.div_ceil(common.frame_len()) as f64;
        Damage::new(message).missing(frames / common.rate()).at_byte(scan.base() + scan.len())
    });
    let next = match tail(scan, data_at + len, ByteOrder::Big)? {
        Tail::Metadata => None,
        Tail::Recording { at } => Some(at),
        // Chunks of this name are RIFF's.
        Tail::MoreSamples { at, .. } | Tail::Unknown { at } => {
            damage = Some(unknown(scan, at));
            None
        }
        Tail::Samples => {
            let message = format!(
                "the AIFF header promises {len} bytes of samples, {} more follow; all were decoded",
                available - len
            );
            damage = Some(Damage::new(message).at_byte(scan.base() + data_at + len));
            len = available;
            None
        }
    };
    let samples = len.checked_sub(SOUND_HEADER).ok_or_else(too_short)?;
    // Bytes before the first sample, by which writers align it.
    let offset = scan.array::<4>(data_at)?.map_or(0, |offset| be(&offset));
    let offset = if offset <= samples { offset } else { 0 };
    let at = scan.base() + data_at + SOUND_HEADER + offset;
    let len = samples - offset;
    let parts = vec![Part::Bytes(common.header(len)), Part::Range { at, len }];
    Ok(Layout { parts, is_wav: common.is_little_endian(), damage, next })
}

/// The description of the samples and the chunk of the samples, which may be in any order.
fn walk(scan: &mut Scanner<'_>) -> Result<(Option<Vec<u8>>, Option<Chunk>), Failure> {
    let (mut common, mut sound) = (None, None);
    let (mut at, mut before) = (FIRST, FIRST);
    while common.is_none() || sound.is_none() {
        let found = match chunk_at(scan, at, ByteOrder::Big)? {
            Some(found) => found,
            // What is missing is behind a chunk with a wrong length.
            None => {
                let id = if common.is_none() { *b"COMM" } else { *b"SSND" };
                match find_chunk(scan, at, before, id, ByteOrder::Big)? {
                    Some(found) => found,
                    None => break,
                }
            }
        };
        match &found.id {
            b"COMM" if common.is_none() => {
                common = Some(scan.bytes(found.at, found.len.min(MAX_COMMON) as usize)?.to_vec());
            }
            b"SSND" if sound.is_none() => sound = Some(found),
            _ => {}
        }
        before = found.at;
        at = next_chunk(scan, &found)?;
    }
    Ok((common, sound))
}

/// Lengths that writers leave who cannot seek back: less than the 8 bytes before the samples, all ones, just below
/// 2^31 - 2^24 (SoX), and about 2^31.
fn is_placeholder(len: u64, available: u64) -> bool {
    let is_one = len < SOUND_HEADER
        || (0x7eff_f000..=0x7f00_0040).contains(&len)
        || (0x7fff_f000..=0x8000_0040).contains(&len)
        || len >= 0xffff_ff00;
    is_one && len != available
}
