//! A writer of Ogg pages.

use crate::crc::crc;

/// The flag of the first page of a stream.
pub const FIRST: u8 = 2;
/// The flag of the last page of a stream.
pub const LAST: u8 = 4;

/// A page of whole packets; `granule` is the time at its end, in samples.
#[must_use]
pub fn page(serial: u32, number: u32, flags: u8, granule: i64, packets: &[&[u8]]) -> Vec<u8> {
    let mut table = Vec::new();
    for packet in packets {
        table.extend(std::iter::repeat_n(255, packet.len() / 255));
        table.push((packet.len() % 255) as u8);
    }
    let mut page = b"OggS\0".to_vec();
    page.push(flags);
    page.extend(granule.to_le_bytes());
    page.extend(serial.to_le_bytes());
    page.extend(number.to_le_bytes());
    page.extend([0; 4]);
    page.push(table.len() as u8);
    page.extend(&table);
    packets.iter().for_each(|packet| page.extend_from_slice(packet));
    let sum = crc(&page, 32, 0x04c1_1db7).to_le_bytes();
    page[22..26].copy_from_slice(&sum);
    page
}

/// The header packet of mono Opus.
#[must_use]
pub fn opus_head(pre_skip: u16) -> Vec<u8> {
    let [skip_0, skip_1] = pre_skip.to_le_bytes();
    [&b"OpusHead\x01\x01"[..], &[skip_0, skip_1, 0x80, 0xbb, 0, 0, 0, 0, 0]].concat()
}

/// The pages of both headers of Opus.
#[must_use]
pub fn opus_headers(serial: u32, pre_skip: u16) -> Vec<u8> {
    let tags = b"OpusTags\0\0\0\0\0\0\0\0";
    [page(serial, 0, FIRST, 0, &[&opus_head(pre_skip)]), page(serial, 1, 0, 0, &[tags])].concat()
}
