//! CAF.

/// A mono file of 16-bit samples at `rate` in Hz.
#[must_use]
pub fn caf(samples: &[i16], rate: u32) -> Vec<u8> {
    caf_declaring(samples, rate, 4 + 2 * samples.len() as i64)
}

/// The same, with another length in bytes in the header of the data: -1 means up to the end of the file.
#[must_use]
pub fn caf_declaring(samples: &[i16], rate: u32, data_len: i64) -> Vec<u8> {
    let mut description = f64::from(rate).to_be_bytes().to_vec();
    description.extend(b"lpcm");
    // No flags: integers, big endian. Two bytes a packet, one frame a packet, one channel, 16 bits.
    for value in [0_u32, 2, 1, 1, 16] {
        description.extend(value.to_be_bytes());
    }
    let mut file = b"caff\0\x01\0\0desc".to_vec();
    file.extend((description.len() as u64).to_be_bytes());
    file.extend(description);
    // Unused bytes, which readers skip.
    file.extend(b"free\0\0\0\0\0\0\0\0");
    file.extend(b"data");
    file.extend(data_len.to_be_bytes());
    // A count of edits precedes the samples.
    file.extend([0; 4]);
    file.extend(samples.iter().flat_map(|sample| sample.to_be_bytes()));
    file
}
