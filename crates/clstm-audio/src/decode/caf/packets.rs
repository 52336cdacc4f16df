//! The table of packets of CAF, rewritten so that it lists the packets that the file has.
//!
//! Writers reserve more bytes for the table than it takes, and its number of packets may be wrong; the demuxer refuses both.

use crate::decode::scan::be;

/// Bytes of the numbers before the sizes of packets.
const NUMBERS: usize = 24;
/// Most frames of the encoder's delay, and of what fills its last packet; more is no such thing.
const MAX_DISCARDED: i32 = 1 << 14;

/// A table of packets.
#[derive(Debug, Default)]
pub(super) struct PacketTable {
    /// The chunk for the demuxer, without its header.
    pub(super) chunk: Vec<u8>,
    /// Frames before the sound, and behind it in the last packet.
    pub(super) priming: u64,
    pub(super) remainder: u64,
}

/// What packets have in common, by the description of the samples.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PacketSizes {
    /// Bytes and frames of a packet; 0 if they differ.
    pub(super) bytes: u64,
    pub(super) frames: u64,
}

impl PacketTable {
    /// Reads the content of the chunk, for packets that fill `data_len` bytes; `None` if it is too short.
    pub(super) fn read(chunk: &[u8], sizes: PacketSizes, data_len: u64) -> Option<Self> {
        let (numbers, mut entries) = chunk.split_at_checked(NUMBERS)?;
        let discarded = |field: &[u8]| {
            let frames = be(field) as u32 as i32;
            if (1..=MAX_DISCARDED).contains(&frames) { u64::from(frames.unsigned_abs()) } else { 0 }
        };
        let (mut count, mut bytes, mut used) = (0_u64, 0_u64, 0);
        while bytes < data_len {
            let Some((size, frames, len)) = entry(entries, sizes) else { break };
            // What is reserved is filled with zeros.
            if size == 0 || frames == 0 {
                break;
            }
            entries = &entries[len..];
            bytes = bytes.saturating_add(size);
            (count, used) = (count + 1, used + len);
        }
        let mut table = count.to_be_bytes().to_vec();
        table.extend(&numbers[8..]);
        table.extend(&chunk[NUMBERS..NUMBERS + used]);
        let (priming, remainder) = (discarded(&numbers[16..20]), discarded(&numbers[20..]));
        Some(Self { chunk: table, priming, remainder })
    }
}

/// Bytes and frames of the packet whose entry is at the start of `entries`, and bytes of the entry.
fn entry(entries: &[u8], sizes: PacketSizes) -> Option<(u64, u64, usize)> {
    let mut len = 0;
    let mut next = |constant: u64| match constant {
        0 => {
            let (value, more) = number(entries.get(len..)?)?;
            len += more;
            Some(value)
        }
        constant => Some(constant),
    };
    let (bytes, frames) = (next(sizes.bytes)?, next(sizes.frames)?);
    (len > 0).then_some((bytes, frames, len))
}

/// A number of 7 bits a byte, all but the last with the highest bit set, and its length.
fn number(bytes: &[u8]) -> Option<(u64, usize)> {
    let last = bytes.iter().take(9).position(|byte| byte & 0x80 == 0)?;
    let value = bytes[..=last].iter().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f));
    Some((value, last + 1))
}
