//! Ogg, whose checksums would refuse most of what a fuzzer changes.

use crate::audio::decode;

fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            crc << 1 ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 }
        })
    })
}

/// Sets the checksum of each page.
pub(crate) fn repair(data: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = data[at..].windows(4).position(|bytes| bytes == b"OggS") {
        let start = at + found;
        let Some(&segments) = data.get(start + 26) else { return };
        let table = start + 27;
        let body = table + usize::from(segments);
        let Some(lengths) = data.get(table..body) else { return };
        let end = body + lengths.iter().map(|length| usize::from(*length)).sum::<usize>();
        let end = end.min(data.len());
        data[start + 22..start + 26].fill(0);
        let sum = crc(&data[start..end]).to_le_bytes();
        data[start + 22..start + 26].copy_from_slice(&sum);
        at = (start + 4).max(if end > body { end } else { body });
    }
}

/// An Ogg file with valid checksums.
pub(crate) fn decode_repaired(data: &[u8]) {
    let mut data = data.to_vec();
    repair(&mut data);
    decode(&data);
}

fn page(number: u32, flags: u8, granule: i64, packet: &[u8]) -> Vec<u8> {
    let mut page = b"OggS\0".to_vec();
    page.push(flags);
    page.extend(granule.to_le_bytes());
    page.extend(1_u32.to_le_bytes());
    page.extend(number.to_le_bytes());
    page.extend([0; 4]);
    let table: Vec<u8> =
        std::iter::repeat_n(255, packet.len() / 255).chain([(packet.len() % 255) as u8]).collect();
    page.push(table.len() as u8);
    page.extend(table);
    page.extend_from_slice(packet);
    page
}

/// Packets of Opus in a valid file: the first byte gives the channels, then a byte of length before each packet.
pub(crate) fn opus_packets(data: &[u8]) {
    let Some((&first, mut data)) = data.split_first() else { return };
    let mut head = b"OpusHead\x01".to_vec();
    head.push(1 + first % 2);
    head.extend([0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0]);
    let mut file = [page(0, 2, 0, &head), page(1, 0, 0, b"OpusTags\0\0\0\0\0\0\0\0")].concat();
    let (mut number, mut granule) = (2, 0);
    while let Some((&length, rest)) = data.split_first() {
        // Lengths of speech at usual rates, and some larger ones.
        let length = usize::from(length) * if first & 0x80 == 0 { 1 } else { 5 };
        let (packet, rest) = rest.split_at(length.min(rest.len()));
        granule += 960;
        file.extend(page(number, if rest.is_empty() { 4 } else { 0 }, granule, packet));
        number += 1;
        data = rest;
    }
    repair(&mut file);
    decode(&file);
}

#[cfg(test)]
mod tests {
    use super::{page, repair};

    #[test]
    fn a_page_with_a_wrong_checksum_is_repaired() {
        let mut file = [page(0, 2, 0, b"one"), page(1, 4, 5, &[7; 300])].concat();
        repair(&mut file);
        let whole = file.clone();
        file[23] ^= 1;
        repair(&mut file);
        assert_eq!(file, whole);
        // The checksum of a page of RFC 3533's form, with the checksum field zero.
        let sum = u32::from_le_bytes([file[22], file[23], file[24], file[25]]);
        file[22..26].fill(0);
        assert_eq!(sum, super::crc(&file[..31]));
    }
}
