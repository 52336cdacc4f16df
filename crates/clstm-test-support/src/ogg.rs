//! A writer of Ogg pages.

use crate::crc::crc;

/// The flag of the first page of a stream.
pub const FIRST: u8 = 2;
/// The flag of the last page of a stream.
pub const LAST: u8 = 4;

/// The flag of a page that begins in a packet.
pub const CONTINUED: u8 = 1;

/// A page of whole packets; `granule` is the time at its end, in samples.
#[must_use]
pub fn page(serial: u32, number: u32, flags: u8, granule: i64, packets: &[&[u8]]) -> Vec<u8> {
    let mut table = Vec::new();
    for packet in packets {
        table.extend(std::iter::repeat_n(255, packet.len() / 255));
        table.push((packet.len() % 255) as u8);
    }
    with_table(serial, number, flags, granule, &table, &packets.concat())
}

/// A page of `segments` segments of 255 bytes, at whose end the packet is not complete.
#[must_use]
pub fn unfinished_page(serial: u32, number: u32, flags: u8, segments: u8) -> Vec<u8> {
    let table = vec![255; usize::from(segments)];
    // No packet ends here: there is no time.
    with_table(serial, number, flags, -1, &table, &vec![0xaa; 255 * table.len()])
}

fn with_table(
    serial: u32,
    number: u32,
    flags: u8,
    granule: i64,
    table: &[u8],
    body: &[u8],
) -> Vec<u8> {
    let mut page = b"OggS\0".to_vec();
    page.push(flags);
    page.extend(granule.to_le_bytes());
    page.extend(serial.to_le_bytes());
    page.extend(number.to_le_bytes());
    page.extend([0; 4]);
    page.push(u8::try_from(table.len()).expect("at most 255 segments in a page"));
    page.extend(table);
    page.extend(body);
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
