//! The header of a WAV stream, for samples that are processed as they arrive.

use crate::args::SampleFormat;

/// Where the samples of a WAV file begin, and how they are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WavHeader {
    pub(super) format: SampleFormat,
    pub(super) channels: usize,
    /// Hz.
    pub(super) rate: u32,
    /// Offset of the first sample in bytes.
    pub(super) data_at: usize,
    /// Bytes of samples; the largest number where the header does not know it, as in pipes.
    pub(super) data_bytes: u64,
}

/// `WAVE_FORMAT_PCM`.
const PCM: u16 = 1;
/// `WAVE_FORMAT_IEEE_FLOAT`.
const FLOAT: u16 = 3;
/// `WAVE_FORMAT_EXTENSIBLE`; the format follows in the first two bytes of the subformat.
const EXTENSIBLE: u16 = 0xfffe;
/// From here on a size is a placeholder of a writer that could not seek.
const PLACEHOLDER: u32 = 0x7fff_f000;

impl WavHeader {
    /// The header of 16-bit or 32-bit floating-point samples, if the beginning of a file holds all of it; `None` for
    /// other encodings, which the decoder reads.
    pub(super) fn parse(head: &[u8]) -> Option<Self> {
        if !head.starts_with(b"RIFF") || head.get(8..12)? != b"WAVE" {
            return None;
        }
        let u16_at = |at: usize| Some(u16::from_le_bytes(head.get(at..at + 2)?.try_into().ok()?));
        let u32_at = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
        let (mut at, mut encoding) = (12, None);
        loop {
            let (name, size) = (head.get(at..at + 4)?, u32_at(at + 4)?);
            let body = at + 8;
            match name {
                b"fmt " => {
                    let tag = match u16_at(body)? {
                        EXTENSIBLE => u16_at(body + 24)?,
                        tag => tag,
                    };
                    let format = match (tag, u16_at(body + 14)?) {
                        (PCM, 16) => SampleFormat::S16le,
                        (FLOAT, 32) => SampleFormat::F32le,
                        _ => return None,
                    };
                    let channels = usize::from(u16_at(body + 2)?);
                    let rate = u32_at(body + 4)?;
                    let plausible = (1..=32).contains(&channels) && rate > 0;
                    encoding = plausible.then_some((format, channels, rate));
                }
                b"data" => {
                    let (format, channels, rate) = encoding?;
                    // A length of 0 is true where the length of the file fits it.
                    let file_len = u64::from(u32_at(4)?) + 8;
                    let is_filled_in = file_len < u64::from(PLACEHOLDER) && file_len > body as u64;
                    let known = (size > 0 || is_filled_in) && size < PLACEHOLDER;
                    let data_bytes = if known { u64::from(size) } else { u64::MAX };
                    return Some(Self { format, channels, rate, data_at: body, data_bytes });
                }
                _ => {}
            }
            // Chunks are padded to an even length.
            at = body.checked_add(size as usize)?.checked_add(size as usize % 2)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SampleFormat, WavHeader};

    fn header(tag: u16, bits: u16, data: u32) -> Vec<u8> {
        let mut file = b"RIFF\xff\xff\xff\xffWAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0".to_vec();
        file.extend(tag.to_le_bytes());
        file.extend(2_u16.to_le_bytes());
        file.extend(48_000_u32.to_le_bytes());
        file.extend([0; 6]);
        file.extend(bits.to_le_bytes());
        file.extend(b"data");
        file.extend(data.to_le_bytes());
        file
    }

    #[test]
    fn samples_begin_behind_the_header() {
        let file = header(1, 16, 400);
        let expected = WavHeader {
            format: SampleFormat::S16le,
            channels: 2,
            rate: 48_000,
            data_at: file.len(),
            data_bytes: 400,
        };
        assert_eq!(WavHeader::parse(&file), Some(expected));
        let unknown = WavHeader { data_bytes: u64::MAX, ..expected };
        assert_eq!(WavHeader::parse(&header(1, 16, u32::MAX)), Some(unknown));
        assert_eq!(WavHeader::parse(&header(1, 16, 0)), Some(unknown));
        let float = WavHeader { format: SampleFormat::F32le, ..expected };
        assert_eq!(WavHeader::parse(&header(3, 32, 400)), Some(float));
        assert_eq!(WavHeader::parse(&header(1, 24, 400)), None);
        for length in 0..file.len() {
            assert_eq!(WavHeader::parse(&file[..length]), None, "{length}");
        }
    }
}
