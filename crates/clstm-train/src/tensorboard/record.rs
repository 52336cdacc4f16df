//! TFRecord framing: length, its checksum, data, their checksum
//! (<https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details>).

/// A record with its frame: `u64` length and `u32` checksums, little-endian.
pub(super) fn frame(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut framed = Vec::with_capacity(data.len() + 16);
    framed.extend_from_slice(&length);
    framed.extend_from_slice(&masked_crc(&length).to_le_bytes());
    framed.extend_from_slice(data);
    framed.extend_from_slice(&masked_crc(data).to_le_bytes());
    framed
}

/// CRC-32C, rotated by 15 bits and moved by a constant so that a checksum of checksums stays one.
fn masked_crc(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}
