//! Writers of uncompressed containers, and of FLAC with verbatim frames.

use clstm_audio::ContainerKind;

/// Name, kind and bytes of each container with these samples.
pub(super) fn all(samples: &[i16], rate: u32) -> Vec<(&'static str, ContainerKind, Vec<u8>)> {
    vec![
        ("WAV, 16 bits", ContainerKind::Wav, wav(1, 16, rate, &data(samples, i16::to_le_bytes))),
        ("WAV, floats", ContainerKind::Wav, wav(3, 32, rate, &data(samples, float))),
        ("AIFF", ContainerKind::Aiff, aiff(samples, rate)),
        ("CAF", ContainerKind::Caf, caf(samples, rate)),
        ("FLAC", ContainerKind::Flac, flac(samples, rate)),
    ]
}

fn data<const N: usize>(samples: &[i16], bytes: fn(i16) -> [u8; N]) -> Vec<u8> {
    samples.iter().flat_map(|sample| bytes(*sample)).collect()
}

fn float(sample: i16) -> [u8; 4] {
    (f32::from(sample) / 32_768.0).to_le_bytes()
}

fn wav(format: u16, bits: u16, rate: u32, data: &[u8]) -> Vec<u8> {
    let frame = bits / 8;
    let mut format_chunk = [format.to_le_bytes(), 1_u16.to_le_bytes()].concat();
    format_chunk.extend(rate.to_le_bytes());
    format_chunk.extend((rate * u32::from(frame)).to_le_bytes());
    format_chunk.extend([frame.to_le_bytes(), bits.to_le_bytes()].concat());
    let chunk = |name: &[u8], content: &[u8]| {
        [name, &(content.len() as u32).to_le_bytes(), content].concat()
    };
    let content = [b"WAVE".to_vec(), chunk(b"fmt ", &format_chunk), chunk(b"data", data)].concat();
    chunk(b"RIFF", &content)
}

fn aiff(samples: &[i16], rate: u32) -> Vec<u8> {
    // The rate as an 80-bit float: an integer with its highest bit set, and the exponent.
    let shift = rate.leading_zeros();
    let exponent = (16_383 + 31 - shift) as u16;
    let mantissa = u64::from(rate << shift) << 32;
    let mut common = [&1_u16.to_be_bytes()[..], &(samples.len() as u32).to_be_bytes()].concat();
    common.extend(16_u16.to_be_bytes());
    common.extend(exponent.to_be_bytes());
    common.extend(mantissa.to_be_bytes());
    let chunk = |name: &[u8], content: &[u8]| {
        [name, &(content.len() as u32).to_be_bytes(), content].concat()
    };
    let sound = [vec![0; 8], data(samples, i16::to_be_bytes)].concat();
    let content = [b"AIFF".to_vec(), chunk(b"COMM", &common), chunk(b"SSND", &sound)].concat();
    chunk(b"FORM", &content)
}

fn caf(samples: &[i16], rate: u32) -> Vec<u8> {
    let mut description = f64::from(rate).to_be_bytes().to_vec();
    description.extend(b"lpcm");
    // No flags: integers, big endian. Two bytes a packet, one frame a packet, one channel, 16 bits.
    for value in [0_u32, 2, 1, 1, 16] {
        description.extend(value.to_be_bytes());
    }
    let chunk = |name: &[u8], content: &[u8]| {
        [name, &(content.len() as u64).to_be_bytes(), content].concat()
    };
    // A count of edits precedes the samples.
    let sound = [vec![0; 4], data(samples, i16::to_be_bytes)].concat();
    [b"caff\0\x01\0\0".to_vec(), chunk(b"desc", &description), chunk(b"data", &sound)].concat()
}

/// A checksum with the highest bit first.
fn crc(bytes: &[u8], bits: u32, polynomial: u32) -> u32 {
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte) << (bits - 8), |sum, _| {
            let carry = sum >> (bits - 1) & 1;
            ((sum << 1) ^ (carry * polynomial)) & ((1 << bits) - 1)
        })
    })
}

/// Frames of 1024 samples, each stored as it is.
fn flac(samples: &[i16], rate: u32) -> Vec<u8> {
    const FRAME: usize = 1024;
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
        frame.extend(data(block, i16::to_be_bytes));
        frame.extend((crc(&frame, 16, 0x8005) as u16).to_be_bytes());
        file.extend(frame);
    }
    file
}
