//! Checksums of FLAC and Ogg.

/// A cyclic redundancy check of `bits` bits, the highest bit first, which starts at 0.
pub(crate) fn crc(bytes: &[u8], bits: u32, polynomial: u32) -> u32 {
    let mask = u32::MAX >> (32 - bits);
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte) << (bits - 8), |sum, _| {
            let carry = sum >> (bits - 1) & 1;
            ((sum << 1) ^ (carry * polynomial)) & mask
        })
    })
}

#[cfg(test)]
mod tests {
    use super::crc;

    /// The check values of the catalogue of parametrised CRC algorithms (<https://reveng.sourceforge.io/crc-catalogue>):
    /// CRC-8/SMBUS and CRC-16/UMTS.
    #[test]
    fn checksums_have_their_catalogued_values() {
        assert_eq!(crc(b"123456789", 8, 0x07), 0xf4);
        assert_eq!(crc(b"123456789", 16, 0x8005), 0xfee8);
    }
}
