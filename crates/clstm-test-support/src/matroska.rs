//! A writer of Matroska with PCM samples.

/// An element of known length.
///
/// # Panics
/// If `id` is 0.
#[must_use]
pub fn element(id: u32, inside: &[u8]) -> Vec<u8> {
    let id = id.to_be_bytes();
    let id = &id[id.iter().position(|byte| *byte > 0).expect("an identifier")..];
    let len = (inside.len() as u64 | 1 << 56).to_be_bytes();
    [id, &len, inside].concat()
}

fn number(id: u32, value: u32) -> Vec<u8> {
    element(id, &value.to_be_bytes())
}

/// A track of mono 16-bit PCM at `rate` Hz: a cluster for each block, at its time in milliseconds.
#[must_use]
pub fn matroska(rate: u32, blocks: &[(u32, Vec<i16>)]) -> Vec<u8> {
    let audio =
        [element(0xB5, &f64::from(rate).to_be_bytes()), number(0x9F, 1), number(0x6264, 16)];
    let track = [
        number(0xD7, 1),
        number(0x73C5, 1),
        number(0x83, 2),
        element(0x86, b"A_PCM/INT/LIT"),
        element(0xE1, &audio.concat()),
    ];
    let writer = b"a test";
    let info = [number(0x2A_D7B1, 1_000_000), element(0x4D80, writer), element(0x5741, writer)];
    let mut segment = [
        element(0x1549_A966, &info.concat()),
        element(0x1654_AE6B, &element(0xAE, &track.concat())),
    ]
    .concat();
    for (time, samples) in blocks {
        let data: Vec<u8> = samples.iter().flat_map(|x| x.to_le_bytes()).collect();
        let block = element(0xA3, &[&[0x81, 0, 0, 0x80][..], &data].concat());
        segment.extend(element(0x1F43_B675, &[number(0xE7, *time), block].concat()));
    }
    let header = element(0x1A45_DFA3, &element(0x4282, b"matroska"));
    [header, element(0x1853_8067, &segment)].concat()
}
