//! WAV.

/// Sample formats of WAV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Unsigned 8-bit integers.
    U8,
    /// 16-bit integers.
    S16,
    /// 24-bit integers.
    S24,
    /// 32-bit integers.
    S32,
    /// 32-bit floating point.
    F32,
    /// 64-bit floating point.
    F64,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] = [Self::U8, Self::S16, Self::S24, Self::S32, Self::F32, Self::F64];

    /// Bytes of a sample.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Largest rounding error.
    #[must_use]
    pub fn step(self) -> f32 {
        match self {
            Self::U8 => 1.0 / 127.0,
            Self::S16 => 1.0 / 32_767.0,
            _ => 2e-7,
        }
    }

    fn put(self, x: f64, out: &mut Vec<u8>) {
        let scaled = |bits: u32| (x * f64::from(1u32 << (bits - 1)) - 0.5).round() as i64;
        match self {
            Self::U8 => out.push((x * 127.0 + 128.0).round() as u8),
            Self::S16 => out.extend(&(scaled(16) as i16).to_le_bytes()),
            Self::S24 => out.extend(&(scaled(24) as i32).to_le_bytes()[..3]),
            Self::S32 => out.extend(&(scaled(32) as i32).to_le_bytes()),
            Self::F32 => out.extend(&(x as f32).to_le_bytes()),
            Self::F64 => out.extend(&x.to_le_bytes()),
        }
    }
}

/// A file of interleaved samples in [-1, 1].
#[must_use]
pub fn wav(samples: &[f64], rate: u32, channels: u16, format: Format) -> Vec<u8> {
    let mut data = Vec::new();
    samples.iter().for_each(|&x| format.put(x, &mut data));
    let tag = if matches!(format, Format::F32 | Format::F64) { 3 } else { 1 };
    wav_of(tag, channels, rate, 8 * format.bytes() as u16, &data)
}

/// A mono file of 16-bit samples.
#[must_use]
pub fn wav16(samples: impl IntoIterator<Item = i16>, rate: u32) -> Vec<u8> {
    let data: Vec<u8> = samples.into_iter().flat_map(i16::to_le_bytes).collect();
    wav_of(1, 1, rate, 16, &data)
}

/// A file with these bytes as its data, with an extensible header for more than two channels; `tag` is 1 for integers,
/// 3 for floating point.
#[must_use]
pub fn wav_of(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let align = channels * bits / 8;
    let mut fmt = Vec::new();
    fmt.extend(&(if channels > 2 { 0xfffe } else { tag }).to_le_bytes());
    fmt.extend(&channels.to_le_bytes());
    fmt.extend(&rate.to_le_bytes());
    fmt.extend(&(rate * u32::from(align)).to_le_bytes());
    fmt.extend(&align.to_le_bytes());
    fmt.extend(&bits.to_le_bytes());
    if channels > 2 {
        fmt.extend(&22u16.to_le_bytes());
        fmt.extend(&bits.to_le_bytes());
        fmt.extend(&((1u32 << channels) - 1).to_le_bytes());
        fmt.extend(&tag.to_le_bytes());
        fmt.extend(b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71");
    }
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend(&((4 + 8 + fmt.len() + 8 + data.len() + data.len() % 2) as u32).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(&(fmt.len() as u32).to_le_bytes());
    file.extend(&fmt);
    file.extend(b"data");
    file.extend(&(data.len() as u32).to_le_bytes());
    file.extend(data);
    file.resize(file.len() + data.len() % 2, 0);
    file
}

/// Position of the length of the data chunk of a file.
///
/// # Panics
/// If it has none.
#[must_use]
pub fn data_len_at(wav: &[u8]) -> usize {
    wav.windows(4).position(|name| name == b"data").expect("a data chunk") + 4
}
