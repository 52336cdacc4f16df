//! AIFF and AIFC: finds format and samples among the chunks, whatever the lengths in the header.
//!
//! Format: <http://paulbourke.net/dataformats/audio/>.

use super::limits::DecodeLimits;
use super::scan::{Failure, Scanner, be};
use super::splice::Part;
use super::tail::{ByteOrder, Tail, tail, unknown};
use crate::error::AudioError;
use crate::report::Damage;

/// Longest description of the samples: 22 bytes and the name of the codec.
const MAX_COMMON: u64 = 512;

/// Where the samples are.
pub(super) struct Layout {
    /// A file for the demuxer that has nothing but format and samples.
    pub(super) parts: Vec<Part>,
    pub(super) damage: Option<Damage>,
    /// First byte of a recording that is joined to this one.
    pub(super) next: Option<u64>,
}

/// Walks the chunks up to the samples, and over those behind them.
pub(super) fn layout(scan: &mut Scanner<'_>, limits: &DecodeLimits) -> Result<Layout, Failure> {
    let too_short = || AudioError::damaged("the AIFF file ends before its samples begin");
    let head: [u8; 12] = scan.array(0)?.ok_or_else(too_short)?;
    let mut common = None;
    let mut at = 12;
    let (data_at, declared) = loop {
        let chunk: [u8; 8] = scan.array(at)?.ok_or_else(too_short)?;
        let len = be(&chunk[4..]);
        match &chunk[..4] {
            b"COMM" => common = Some(scan.bytes(at + 8, len.min(MAX_COMMON) as usize)?.to_vec()),
            b"SSND" if common.is_some() => break (at + 8, len),
            _ => {}
        }
        at += 8 + len + len % 2;
    };
    let common = common.filter(|common| common.len() >= 18).ok_or_else(too_short)?;
    let channels = be(&common[..2]) as usize;
    if channels > limits.max_channels {
        return Err(AudioError::TooManyChannels { channels, max: limits.max_channels }.into());
    }
    let available = scan.len() - data_at;
    // Of a length that was never filled in the samples end with the file.
    let declared = Some(declared).filter(|declared| !is_placeholder(*declared, available));
    let mut len = declared.unwrap_or(available).min(available);
    let lost = declared.unwrap_or(0).saturating_sub(available);
    let frame_len = channels as u64 * be(&common[6..8]).div_ceil(8);
    let mut damage = (lost > 0).then(|| {
        let message = format!(
            "the AIFF header promises {} bytes of samples, the file has {available}; it was cut short",
            declared.unwrap_or(0)
        );
        let frames = lost.div_ceil(frame_len.max(1)) as f64;
        Damage::new(message)
            .missing(frames / extended(&common[8..18]).max(1.0))
            .at_byte(scan.base() + scan.len())
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
    let size = |len: u64| u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
    let mut chunks = head[8..12].to_vec();
    if &head[8..12] == b"AIFC" {
        chunks.extend(b"FVER\0\0\0\x04\xa2\x80\x51\x40");
    }
    chunks.extend(b"COMM");
    chunks.extend(size(common.len() as u64));
    chunks.extend(&common);
    chunks.resize(chunks.len() + common.len() % 2, 0);
    chunks.extend(b"SSND");
    chunks.extend(size(len));
    let header = [&b"FORM"[..], &size(chunks.len() as u64 + len), &chunks].concat();
    let parts = vec![Part::Bytes(header), Part::Range { at: scan.base() + data_at, len }];
    Ok(Layout { parts, damage, next })
}

/// Lengths that writers leave who cannot seek back: less than the 8 bytes before the samples, all ones, just below
/// 2^31 - 2^24 (SoX), and about 2^31.
fn is_placeholder(len: u64, available: u64) -> bool {
    let is_one = len < 8
        || (0x7eff_f000..=0x7f00_0040).contains(&len)
        || (0x7fff_f000..=0x8000_0040).contains(&len)
        || len >= 0xffff_ff00;
    is_one && len != available
}

/// An 80-bit number of IEEE 754, as AIFF writes sample rates.
fn extended(bytes: &[u8]) -> f64 {
    let exponent = (be(&bytes[..2]) & 0x7fff) as i32 - 16_383 - 63;
    be(&bytes[2..10]) as f64 * f64::from(exponent).exp2()
}

#[cfg(test)]
mod tests {
    #[test]
    fn sample_rates_are_read() {
        let rate = [0x40, 0x0e, 0xbb, 0x80, 0, 0, 0, 0, 0, 0];
        assert_eq!(super::extended(&rate), 48_000.0);
    }
}
