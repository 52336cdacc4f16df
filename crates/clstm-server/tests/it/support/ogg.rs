//! A writer of Ogg pages.

/// A page of whole packets; `time` is that at its end.
pub(crate) fn page(flags: u8, sequence: u32, time: i64, packets: &[&[u8]]) -> Vec<u8> {
    let mut lacing = Vec::new();
    for packet in packets {
        lacing.extend(std::iter::repeat_n(255, packet.len() / 255));
        lacing.push((packet.len() % 255) as u8);
    }
    let mut page =
        [b"OggS\0".as_slice(), &[flags], &time.to_le_bytes(), &1_u32.to_le_bytes()].concat();
    page.extend(sequence.to_le_bytes());
    page.extend([0; 4]);
    page.push(lacing.len() as u8);
    page.extend(lacing);
    packets.iter().for_each(|packet| page.extend(*packet));
    let crc = page.iter().fold(0_u32, |crc, byte| {
        (0..8).fold(crc ^ (u32::from(*byte) << 24), |crc, _| {
            if crc >> 31 == 1 { (crc << 1) ^ 0x04c1_1db7 } else { crc << 1 }
        })
    });
    page[22..26].copy_from_slice(&crc.to_le_bytes());
    page
}
