//! FLAC with verbatim frames.

use crate::crc::crc;

/// Samples of a frame.
const FRAME: usize = 1024;

/// A mono file of 16-bit samples at `rate` in Hz: frames of 1024 samples, each stored as it is.
///
/// # Panics
/// If there are more than a million frames.
#[must_use]
pub fn flac(samples: &[i16], rate: u32) -> Vec<u8> {
    let mut file = b"fLaC\x80\0\0\x22".to_vec();
    file.extend((FRAME as u16).to_be_bytes());
    file.extend((FRAME as u16).to_be_bytes());
    // Frame sizes are not known.
    file.extend([0; 6]);
    let facts = u64::from(rate) << 44 | 15 << 36 | samples.len() as u64;
    file.extend(facts.to_be_bytes());
    // No MD5 sum.
    file.extend([0; 16]);
    for (number, block) in samples.chunks(FRAME).enumerate() {
        // Fixed block size, given below; the rate and 16 bits as in the stream's description; mono.
        let mut frame = vec![0xff, 0xf8, 0x70, 0x08];
        // Frames are counted in the form of UTF-8.
        let number = char::from_u32(number as u32).expect("a small number");
        frame.extend(number.encode_utf8(&mut [0; 4]).as_bytes());
        frame.extend((block.len() as u16 - 1).to_be_bytes());
        frame.push(crc(&frame, 8, 0x07) as u8);
        frame.push(0b0000_0010);
        frame.extend(block.iter().flat_map(|sample| sample.to_be_bytes()));
        frame.extend((crc(&frame, 16, 0x8005) as u16).to_be_bytes());
        file.extend(frame);
    }
    file
}
