//! Detection of the AAC profile, which the decoder does not do.
//!
//! HE-AAC is AAC-LC at half the sample rate with a description of the upper half of the spectrum (SBR). The
//! decoder skips that description. Layouts: ISO/IEC 14496-3, sections 1.6.2 and 4.4.2.7.

use crate::error::AudioError;

/// Sample rates in Hz by index.
const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// What a decoder configuration describes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AacConfig {
    /// Rate of the AAC-LC part, in Hz.
    pub(super) sample_rate: u32,
    pub(super) channels: u32,
    /// Whether there is an upper half of the spectrum that is not decoded.
    pub(super) half_bandwidth: bool,
    /// The configuration of the AAC-LC part.
    pub(super) lc: Vec<u8>,
}

/// Reads an AudioSpecificConfig.
///
/// # Errors
/// If the decoder has no support for it.
pub(super) fn config(bytes: &[u8]) -> Result<AacConfig, AudioError> {
    let damaged = || AudioError::damaged("the description of the AAC track is damaged");
    let mut bits = Bits { bytes, at: 0 };
    let mut object_type = bits.object_type().ok_or_else(damaged)?;
    let sample_rate = bits.sample_rate().ok_or_else(damaged)?;
    let channel_index = bits.read(4).ok_or_else(damaged)?;
    let mut half_bandwidth = false;
    if matches!(object_type, 5 | 29) {
        half_bandwidth = true;
        bits.sample_rate().ok_or_else(damaged)?;
        object_type = bits.object_type().ok_or_else(damaged)?;
    }
    let name = match object_type {
        2 => None,
        1 => Some("AAC Main"),
        3 => Some("AAC SSR"),
        4 => Some("AAC LTP"),
        23 => Some("AAC-LD"),
        39 => Some("AAC-ELD"),
        42 => Some("xHE-AAC (USAC)"),
        36 => Some("MPEG-4 ALS"),
        _ => Some("an unknown kind of AAC"),
    };
    if let Some(name) = name {
        return Err(AudioError::unsupported_codec(name));
    }
    let has_960_samples = bits.read(1).ok_or_else(damaged)? == 1;
    if has_960_samples || !(1..=2).contains(&channel_index) {
        return Err(AudioError::unsupported_codec(match has_960_samples {
            true => "AAC with 960 samples a frame",
            false => "AAC with more than two channels",
        }));
    }
    // An extension that older decoders pass over, behind two flags.
    if bits.skip(2).is_some() && bits.read(11) == Some(0x2b7) && bits.object_type() == Some(5) {
        half_bandwidth |= bits.read(1) == Some(1);
    }
    let index = RATES.iter().position(|rate| *rate == sample_rate);
    let lc = match index {
        Some(index) => {
            (2 << 11 | (index as u16) << 7 | (channel_index as u16) << 3).to_be_bytes().to_vec()
        }
        // 24 bits of rate behind an index of 15.
        None => {
            let word = 2_u64 << 43
                | 15 << 39
                | u64::from(sample_rate) << 15
                | u64::from(channel_index) << 11;
            word.to_be_bytes()[2..7].to_vec()
        }
    };
    Ok(AacConfig { sample_rate, channels: channel_index, half_bandwidth, lc })
}

/// Bits from the highest of each byte on.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&self, at: usize) -> Option<u32> {
        Some(u32::from(self.bytes.get(at / 8)? >> (7 - at % 8) & 1))
    }

    fn read(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | self.bit(self.at)?;
            self.at += 1;
        }
        Some(value)
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.at += count;
        (self.at <= 8 * self.bytes.len()).then_some(())
    }

    fn object_type(&mut self) -> Option<u32> {
        match self.read(5)? {
            31 => Some(32 + self.read(6)?),
            index => Some(index),
        }
    }

    fn sample_rate(&mut self) -> Option<u32> {
        match self.read(4)? {
            15 => self.read(24).filter(|rate| *rate > 0),
            index => RATES.get(index as usize).copied(),
        }
    }
}

/// Packets after which the result is reliable.
const ENOUGH: u32 = 16;

/// Finds SBR in a stream whose description does not mention it, as in ADTS.
///
/// SBR is in the last element of a packet. Where that element begins would take the decoding of
/// all before it; but its length, its kind and the end mark must fit together, which they do by chance
/// in one packet of 60.
#[derive(Debug, Default)]
pub(super) struct SbrDetector {
    packets: u32,
    found: u32,
}

impl SbrDetector {
    /// Examines a packet of AAC.
    pub(super) fn observe(&mut self, packet: &[u8]) {
        if self.packets < 4 * ENOUGH {
            self.packets += 1;
            self.found += u32::from(ends_with_sbr(packet));
        }
    }

    /// Whether most packets have SBR.
    pub(super) fn has_sbr(&self) -> bool {
        self.packets >= ENOUGH && 2 * self.found > self.packets
    }
}

fn ends_with_sbr(packet: &[u8]) -> bool {
    let Some(last) = packet.iter().rposition(|byte| *byte != 0) else { return false };
    // Behind the end mark, three ones, there are only zeros.
    let end = 8 * last + 8 - packet[last].trailing_zeros() as usize;
    let Some(end) = end.checked_sub(3) else { return false };
    let bits = Bits { bytes: packet, at: 0 };
    let value = |at: usize, count: usize| {
        (at..at + count).try_fold(0, |value, at| Some(value << 1 | bits.bit(at)?))
    };
    if value(end, 3) != Some(7) {
        return false;
    }
    // The kind of element (6), its length in bytes and the kind of its content (13 or 14).
    (1..15 + 255).any(|len: usize| {
        let head = if len < 15 { 7 } else { 15 };
        let Some(at) = end.checked_sub(8 * len + head) else { return false };
        let has_length = match len {
            0..15 => value(at + 3, 4) == Some(len as u32),
            _ => value(at + 3, 4) == Some(15) && value(at + 7, 8) == Some(len as u32 - 14),
        };
        value(at, 3) == Some(6) && has_length && matches!(value(at + head, 4), Some(13 | 14))
    })
}

#[cfg(test)]
mod tests {
    use super::{AacConfig, config};

    #[test]
    fn configurations_are_read() {
        // AAC-LC, 16 kHz, mono.
        let lc = config(&[0x14, 0x08]).unwrap();
        let expected = AacConfig {
            sample_rate: 16_000,
            channels: 1,
            half_bandwidth: false,
            lc: vec![0x14, 0x08],
        };
        assert_eq!(lc, expected);
        // The same, its rate written out.
        let long = config(&[0x17, 0x80, 0x1f, 0x40, 0x08]).unwrap();
        assert_eq!((long.sample_rate, long.channels), (16_000, 1));
        // HE-AAC of 44.1 kHz, signalled at the start (object type 5) and at the end (0x2b7).
        for bytes in [&[0x2b, 0x8a, 0x08, 0x00][..], &[0x13, 0x88, 0x56, 0xe5, 0xa5, 0x48]] {
            let he = config(bytes).unwrap();
            assert!(he.half_bandwidth, "{bytes:?}");
            assert_eq!(he.sample_rate, 22_050);
        }
        assert_eq!(config(&[0xf8, 0xe8, 0x50, 0x00]).unwrap_err().kind(), "format");
        assert_eq!(config(&[]).unwrap_err().kind(), "decode");
    }
}
