//! The description of the samples of AIFF and AIFC, rewritten for the demuxer.

use crate::decode::limits::DecodeLimits;
use crate::decode::scan::be;
use crate::decode::wav;
use crate::error::AudioError;

/// Bytes of the description in AIFF; AIFC has the codec behind it.
const BASIC: usize = 18;

/// The description of the samples.
pub(super) struct Common {
    /// The fields that AIFF has.
    basic: Vec<u8>,
    channels: u64,
    /// Bits of a sample in the file.
    bits: u64,
    /// In Hz.
    rate: f64,
    /// Codec of AIFC; `None` for AIFF.
    codec: Option<[u8; 4]>,
}

impl Common {
    /// Reads a chunk of AIFF, or of AIFC.
    ///
    /// # Errors
    /// If it is too short, of a codec that is not supported, or has too many channels.
    pub(super) fn read(
        chunk: &[u8],
        is_aifc: bool,
        limits: &DecodeLimits,
    ) -> Result<Self, AudioError> {
        let too_short = || AudioError::damaged("the description of the AIFF file is too short");
        let basic = chunk.get(..BASIC).ok_or_else(too_short)?.to_vec();
        let channels = be(&basic[..2]);
        if channels as usize > limits.max_channels {
            let (channels, max) = (channels as usize, limits.max_channels);
            return Err(AudioError::TooManyChannels { channels, max });
        }
        let (bits, rate) = (be(&basic[6..8]), extended(&basic[8..18]));
        let codec = match chunk.get(BASIC..BASIC + 4).and_then(<[u8]>::first_chunk::<4>) {
            Some(codec) if is_aifc => Some(*codec),
            None if is_aifc => return Err(too_short()),
            _ => None,
        };
        if let Some(name) = codec.as_ref().and_then(unsupported_codec) {
            return Err(AudioError::unsupported_codec(name));
        }
        // Laws have a byte for a sample, and give the bits of the decoded one.
        let is_law = |codec: [u8; 4]| codec[1..].eq_ignore_ascii_case(b"law");
        let bits = if codec.is_some_and(is_law) { 8 } else { bits };
        Ok(Self { basic, channels, bits, rate, codec })
    }

    /// Bytes of a frame; at least 1.
    pub(super) fn frame_len(&self) -> u64 {
        (self.channels * self.bits.div_ceil(8)).max(1)
    }

    /// Frames a second; at least 1.
    pub(super) fn rate(&self) -> f64 {
        self.rate.max(1.0)
    }

    /// Whether the samples are little-endian integers of more than one byte.
    pub(super) fn is_little_endian(&self) -> bool {
        self.codec.is_some_and(|codec| codec.eq_ignore_ascii_case(b"sowt")) && self.bits > 8
    }

    /// The beginning of a file with `len` bytes of samples: of an AIFF, or of a WAV for little-endian samples.
    pub(super) fn header(&self, len: u64) -> Vec<u8> {
        if self.is_little_endian() {
            let bits = self.bits.next_multiple_of(8);
            return wav::pcm_header(self.channels as u16, self.rate as u32, bits as u16, len);
        }
        let size = |len: u64| u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
        let mut chunks = Vec::new();
        let mut common = self.basic.clone();
        match &self.codec {
            None => chunks.extend(b"AIFF"),
            Some(codec) => {
                chunks.extend(b"AIFCFVER\0\0\0\x04\xa2\x80\x51\x40");
                // Big-endian integers of any size; of one byte both orders are the same.
                let is_integer =
                    [b"twos", b"sowt"].iter().any(|it| codec.eq_ignore_ascii_case(it.as_slice()));
                common.extend(if is_integer { b"NONE" } else { codec });
                // An empty name of the codec.
                common.extend([0, 0]);
            }
        }
        chunks.extend(b"COMM");
        chunks.extend(size(common.len() as u64));
        chunks.extend(common);
        chunks.extend(b"SSND");
        chunks.extend(size(len.saturating_add(8)));
        // Neither an offset nor blocks.
        chunks.extend([0; 8]);
        [&b"FORM"[..], &size((chunks.len() as u64).saturating_add(len)), &chunks].concat()
    }
}

/// Codecs of AIFC that are not decoded.
fn unsupported_codec(codec: &[u8; 4]) -> Option<&'static str> {
    Some(match codec {
        b"ima4" => "IMA ADPCM in AIFF",
        b"MAC3" | b"MAC6" => "MACE",
        b"GSM " | b"agsm" => "GSM 6.10",
        b"QDMC" | b"QDM2" => "QDesign Music",
        b"Qclp" | b"QCLP" => "QCELP",
        b"G722" => "G.722",
        b"G726" => "G.726",
        b"dwvw" | b"DWVW" => "DWVW",
        _ => return None,
    })
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
