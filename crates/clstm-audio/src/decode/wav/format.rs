//! The format chunk of WAV, rewritten for the demuxer.
//!
//! The demuxer accepts chunks of few lengths and refuses fields that contradict each other, though samples of a constant
//! size need no more than the codec, the channels, the rate and the bytes of a sample. Layout of the chunk:
//! <https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html>.

use crate::decode::limits::DecodeLimits;
use crate::decode::scan::le;
use crate::error::AudioError;

/// Format tags.
const PCM: u16 = 1;
const ADPCM_MS: u16 = 2;
const FLOAT: u16 = 3;
pub(in super::super) const A_LAW: u16 = 6;
pub(in super::super) const MU_LAW: u16 = 7;
const ADPCM_IMA: u16 = 0x11;
const EXTENSIBLE: u16 = 0xfffe;

/// Bytes of the fields that all codecs have.
const BASIC: usize = 16;
/// Bytes of the description of ADPCM that the demuxer passes over: the coefficients of Microsoft's.
const COEFFICIENTS: usize = 32;

/// What the format chunk gives.
pub(super) struct Format {
    /// The format tag, which names the codec.
    pub(super) codec: u16,
    /// Bytes of a frame of samples, or of a block of compressed ones; at least 1.
    pub(super) frame_len: u64,
    /// Bytes of a second; 0 if it is not known.
    pub(super) bytes_per_second: u64,
    /// The chunk for the demuxer, without its header.
    pub(super) chunk: Vec<u8>,
}

impl Format {
    /// Reads a chunk of at least 16 bytes.
    ///
    /// # Errors
    /// [`AudioError::UnsupportedCodec`] for samples of sizes that no decoder reads, and
    /// [`AudioError::TooManyChannels`].
    pub(super) fn read(chunk: &[u8], limits: &DecodeLimits) -> Result<Self, AudioError> {
        let field = |at: usize| le(&chunk[at..at + 2]);
        let codec = match field(0) as u16 {
            // The extensible form has the tag at the start of its GUID.
            EXTENSIBLE => chunk.get(24..26).map_or(EXTENSIBLE, |tag| le(tag) as u16),
            tag => tag,
        };
        let (channels, rate, frame_len) = (field(2), le(&chunk[4..8]), field(12));
        if channels as usize > limits.max_channels {
            let (channels, max) = (channels as usize, limits.max_channels);
            return Err(AudioError::TooManyChannels { channels, max });
        }
        let given = Self {
            codec,
            frame_len: frame_len.max(1),
            bytes_per_second: le(&chunk[8..12]),
            chunk: chunk.to_vec(),
        };
        let bits = match codec {
            PCM | FLOAT => sample_bits(codec, chunk)?,
            A_LAW | MU_LAW => 8,
            ADPCM_MS | ADPCM_IMA if field(14) == 4 => return Ok(given.with_plain_extension()),
            _ => return Ok(given),
        };
        Ok(Self::of_samples(codec, channels as u16, rate as u32, bits))
    }

    /// Integers of `bits` bits.
    pub(super) fn of_pcm(channels: u16, rate: u32, bits: u16) -> Self {
        Self::of_samples(PCM, channels, rate, bits)
    }

    /// Samples that occupy `bits` bits each.
    pub(super) fn of_samples(codec: u16, channels: u16, rate: u32, bits: u16) -> Self {
        let frame_len = u64::from(channels) * u64::from(bits / 8);
        let bytes_per_second = u64::from(rate) * frame_len;
        let mut chunk = codec.to_le_bytes().to_vec();
        chunk.extend(channels.to_le_bytes());
        chunk.extend(rate.to_le_bytes());
        chunk.extend((bytes_per_second.min(u64::from(u32::MAX)) as u32).to_le_bytes());
        chunk.extend((frame_len as u16).to_le_bytes());
        chunk.extend(bits.to_le_bytes());
        if matches!(codec, A_LAW | MU_LAW) {
            // The length of an extension, which is empty.
            chunk.extend([0, 0]);
        }
        Self { codec, frame_len: frame_len.max(1), bytes_per_second, chunk }
    }

    /// ADPCM with an extension of the length that the demuxer requires; it computes the samples of a block itself.
    fn with_plain_extension(mut self) -> Self {
        let len = if self.codec == ADPCM_MS { COEFFICIENTS } else { 2 };
        self.chunk.truncate(BASIC);
        self.chunk[..2].copy_from_slice(&self.codec.to_le_bytes());
        self.chunk.extend((len as u16).to_le_bytes());
        self.chunk.resize(BASIC + 2 + len, 0);
        self
    }
}

/// Bits that a sample occupies: PCM of 12 or 20 bits fills whole bytes, at their upper end.
///
/// # Errors
/// [`AudioError::UnsupportedCodec`] for sizes that no decoder reads.
fn sample_bits(codec: u16, chunk: &[u8]) -> Result<u16, AudioError> {
    let field = |at: usize| le(&chunk[at..at + 2]);
    let (channels, rate, frame_len) = (field(2), le(&chunk[4..8]), field(12));
    let written = field(14);
    // What a sample occupies by the length of a frame.
    let occupied = match channels {
        0 => 0,
        channels if frame_len.is_multiple_of(channels) => 8 * (frame_len / channels),
        _ => 0,
    };
    let bits = match written {
        0 => occupied,
        // 24 bits in four bytes. The length of a frame may be wrong: the bytes of a second must confirm it.
        17..32 if codec == PCM && occupied == 32 && le(&chunk[8..12]) == rate * frame_len => 32,
        written => written,
    };
    let (name, is_supported) = match codec {
        PCM => ("PCM", (1..=32).contains(&bits)),
        _ => ("floating-point PCM", matches!(bits, 32 | 64)),
    };
    match is_supported {
        true => Ok(bits.next_multiple_of(8) as u16),
        false => {
            Err(AudioError::unsupported_codec(&format!("{name} with {bits} bits a sample in WAV")))
        }
    }
}
