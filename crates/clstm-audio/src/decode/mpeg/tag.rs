//! The tags that encoders put into the first frame of an MP3.

use super::frame::FrameHeader;

/// The decoder's own delay, in frames of samples: 528 of the filter bank and one more.
const DECODER_DELAY: u32 = 529;

/// A Xing, Info or VBRI tag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct InfoTag {
    /// Frames behind the one with the tag; 0 and other untrue numbers occur.
    pub(super) frames: Option<u32>,
    /// Frames of samples before the sound, decoder's delay included.
    pub(super) delay: u32,
    /// Frames of samples behind the sound.
    pub(super) padding: u32,
}

impl InfoTag {
    /// The tag in a frame, if it has one: such a frame holds no sound.
    pub(super) fn read(frame: &[u8], header: &FrameHeader) -> Option<Self> {
        // Behind header and side information (ISO/IEC 11172-3, 2.4.1.7).
        let side_info = match (header.version == 3, header.channels) {
            (true, 2) => 32,
            (true, _) | (false, 2) => 17,
            (false, _) => 9,
        };
        if frame.get(36..40) == Some(b"VBRI") {
            let frames = frame.get(50..54).map(be_u32);
            return Some(Self { frames, ..Self::default() });
        }
        let tag = frame.get(4 + side_info..)?;
        if !matches!(tag.get(..4), Some(b"Xing" | b"Info")) {
            return None;
        }
        let flags = tag.get(4..8).map(be_u32)?;
        let mut at = 8;
        let mut frames = None;
        for (bit, len) in [(1, 4), (2, 4), (4, 100), (8, 4)] {
            if flags & bit != 0 {
                if bit == 1 {
                    frames = tag.get(at..at + 4).map(be_u32);
                }
                at += len;
            }
        }
        let (mut delay, mut padding) = (0, 0);
        // LAME's extension: its name, and behind 21 bytes delay and padding of 12 bits each.
        if let Some(lame) = tag.get(at..at + 24)
            && matches!(&lame[..4], b"LAME" | b"Lavf" | b"Lavc")
        {
            let both = be_u32(&[0, lame[21], lame[22], lame[23]]);
            delay = (both >> 12) + DECODER_DELAY;
            padding = (both & 0xfff).saturating_sub(DECODER_DELAY);
        }
        Some(Self { frames, delay, padding })
    }
}

fn be_u32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |value, &byte| value << 8 | u32::from(byte))
}
