//! Headers of MPEG audio and ADTS frames.

/// Bitrates in kbit/s by header index; index 0 is the free format, 15 invalid.
const BITRATES_V1_L1: [u32; 15] =
    [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448];
const BITRATES_V1_L2: [u32; 15] =
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384];
const BITRATES_V1_L3: [u32; 15] =
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const BITRATES_V2_L1: [u32; 15] =
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256];
const BITRATES_V2_L23: [u32; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/// Sample rates in Hz of MPEG 1; MPEG 2 halves them, MPEG 2.5 quarters them.
const MPEG_RATES: [u32; 3] = [44_100, 48_000, 32_000];
/// Sample rates in Hz of AAC by header index.
const AAC_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// Bytes of a header that give the length of its frame, for all layers.
pub(super) const HEADER_LEN: usize = 7;

/// MPEG layers, and AAC with ADTS headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Layer {
    One,
    Two,
    Three,
    Adts,
}

impl Layer {
    pub(super) fn is_adts(self) -> bool {
        self == Self::Adts
    }
}

/// The fields of a frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub(super) layer: Layer,
    /// Bits of the MPEG version, or of the MPEG-2/4 flag of ADTS.
    pub(super) version: u8,
    /// In Hz.
    pub(super) sample_rate: u32,
    pub(super) channels: u8,
    /// Bytes of the frame with its header.
    pub(super) len: usize,
    /// First byte that the decoder gets: MPEG frames with their header, AAC without.
    pub(super) payload_at: usize,
    /// Frames of samples.
    pub(super) samples: usize,
}

impl FrameHeader {
    /// The header at the start of `bytes`. The free format, whose frames have no length, is none.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let header: &[u8; HEADER_LEN] = bytes.first_chunk()?;
        if header[0] != 0xff {
            return None;
        }
        if header[1] & 0xf6 == 0xf0 { Self::adts(header) } else { Self::mpeg(header) }
    }

    fn mpeg(header: &[u8; HEADER_LEN]) -> Option<Self> {
        let word = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
        let version = (word >> 19 & 3) as u8;
        if word >> 21 != 0x7ff || version == 1 {
            return None;
        }
        let is_v1 = version == 3;
        let (layer, bitrates) = match (word >> 17 & 3, is_v1) {
            (3, true) => (Layer::One, &BITRATES_V1_L1),
            (3, false) => (Layer::One, &BITRATES_V2_L1),
            (2, true) => (Layer::Two, &BITRATES_V1_L2),
            (1, true) => (Layer::Three, &BITRATES_V1_L3),
            (2, false) => (Layer::Two, &BITRATES_V2_L23),
            (1, false) => (Layer::Three, &BITRATES_V2_L23),
            _ => return None,
        };
        let bitrate = 1000 * *bitrates.get((word >> 12 & 15) as usize).filter(|rate| **rate > 0)?;
        let rate = *MPEG_RATES.get((word >> 10 & 3) as usize)?;
        let sample_rate = match version {
            3 => rate,
            2 => rate / 2,
            _ => rate / 4,
        };
        let padding = word >> 9 & 1;
        let samples = match layer {
            Layer::One => 384,
            Layer::Three if !is_v1 => 576,
            _ => 1152,
        };
        let len = match layer {
            Layer::One => 4 * (12 * bitrate / sample_rate + padding),
            _ => samples / 8 * bitrate / sample_rate + padding,
        };
        let channels = if word >> 6 & 3 == 3 { 1 } else { 2 };
        Some(Self {
            layer,
            version,
            sample_rate,
            channels,
            len: len as usize,
            payload_at: 0,
            samples: samples as usize,
        })
        .filter(|frame| frame.len > 4)
    }

    fn adts(header: &[u8; HEADER_LEN]) -> Option<Self> {
        let len = (u32::from_be_bytes([0, header[3] & 3, header[4], header[5]]) >> 5) as usize;
        // Without its checksum the header has seven bytes.
        let payload_at = if header[1] & 1 == 1 { 7 } else { 9 };
        let sample_rate = *AAC_RATES.get(usize::from(header[2] >> 2 & 15))?;
        let configuration = (header[2] & 1) << 2 | header[3] >> 6;
        let channels = if configuration == 7 { 8 } else { configuration };
        let blocks = usize::from(header[6] & 3) + 1;
        Some(Self {
            layer: Layer::Adts,
            version: header[1] >> 3 & 1 | header[2] & 0xc0,
            sample_rate,
            channels,
            len,
            payload_at,
            samples: 1024 * blocks,
        })
        .filter(|frame| frame.len > payload_at)
    }

    /// Seconds of the frame.
    pub(super) fn seconds(&self) -> f64 {
        self.samples as f64 / f64::from(self.sample_rate)
    }

    /// Whether `next` can be a frame of the same stream.
    pub(super) fn is_followed_by(&self, next: &Self) -> bool {
        self.has_format_of(next) && self.version == next.version
    }

    /// Whether one decoder decodes both.
    pub(super) fn has_format_of(&self, other: &Self) -> bool {
        self.layer == other.layer
            && self.sample_rate == other.sample_rate
            && self.channels == other.channels
    }
}
