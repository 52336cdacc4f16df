//! Writers of containers, fixtures and measuring a tone.

pub(crate) mod matroska;
pub(crate) mod mp4;
pub(crate) mod ogg;

use std::f64::consts::TAU;
use std::path::PathBuf;

/// Sample formats of WAV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    U8,
    S16,
    S24,
    S32,
    F32,
    F64,
}

impl Format {
    pub(crate) const ALL: [Self; 6] =
        [Self::U8, Self::S16, Self::S24, Self::S32, Self::F32, Self::F64];

    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Largest rounding error.
    pub(crate) fn step(self) -> f32 {
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

/// A WAV file of interleaved samples, with an extensible header for more than two channels.
pub(crate) fn wav(samples: &[f64], rate: u32, channels: u16, format: Format) -> Vec<u8> {
    let mut data = Vec::new();
    samples.iter().for_each(|&x| format.put(x, &mut data));
    let tag = if matches!(format, Format::F32 | Format::F64) { 3u16 } else { 1 };
    let align = channels * format.bytes() as u16;

    let mut fmt = Vec::new();
    fmt.extend(&(if channels > 2 { 0xfffe } else { tag }).to_le_bytes());
    fmt.extend(&channels.to_le_bytes());
    fmt.extend(&rate.to_le_bytes());
    fmt.extend(&(rate * u32::from(align)).to_le_bytes());
    fmt.extend(&align.to_le_bytes());
    fmt.extend(&(8 * format.bytes() as u16).to_le_bytes());
    if channels > 2 {
        fmt.extend(&22u16.to_le_bytes());
        fmt.extend(&(8 * format.bytes() as u16).to_le_bytes());
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
    file.extend(&data);
    file.resize(file.len() + data.len() % 2, 0);
    file
}

/// Position of the length of the data chunk.
pub(crate) fn data_len_at(wav: &[u8]) -> usize {
    wav.windows(4).position(|name| name == b"data").unwrap() + 4
}

/// `seconds` of a sine.
pub(crate) fn sine(hz: f64, amplitude: f64, rate: u32, seconds: f64) -> Vec<f64> {
    let n = (seconds * f64::from(rate)).round() as usize;
    (0..n).map(|n| amplitude * (TAU * hz * n as f64 / f64::from(rate)).sin()).collect()
}

pub(crate) fn to_f32(samples: &[f64]) -> Vec<f32> {
    samples.iter().map(|&x| x as f32).collect()
}

/// What is at `hz` in the samples, by least squares against sine and cosine.
pub(crate) struct Tone {
    pub(crate) amplitude: f64,
    /// Power of the tone over the power of everything else, in dB.
    pub(crate) snr_db: f64,
}

pub(crate) fn measure(samples: &[f32], hz: f64, rate: u32) -> Tone {
    let angle = |n: usize| TAU * hz * n as f64 / f64::from(rate);
    let (mut ss, mut sc, mut cc, mut xs, mut xc) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, &x) in samples.iter().enumerate() {
        let (s, c) = angle(n).sin_cos();
        ss += s * s;
        sc += s * c;
        cc += c * c;
        xs += f64::from(x) * s;
        xc += f64::from(x) * c;
    }
    let det = ss * cc - sc * sc;
    let (a, b) = ((xs * cc - xc * sc) / det, (xc * ss - xs * sc) / det);
    let rest: f64 = samples
        .iter()
        .enumerate()
        .map(|(n, &x)| (f64::from(x) - a * angle(n).sin() - b * angle(n).cos()).powi(2))
        .sum();
    let amplitude = a.hypot(b);
    let power = amplitude * amplitude / 2.0 * samples.len() as f64;
    Tone { amplitude, snr_db: 10.0 * (power / rest).log10() }
}

/// Prints that a test is skipped for lack of something. Where `CLSTM_REQUIRE`, a list with commas, names
/// `kind`, as in CI, the lack is a failure.
pub(crate) fn skip(kind: &str, missing: &str) {
    let required = std::env::var("CLSTM_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|required| required.trim() == kind),
        "CLSTM_REQUIRE names {kind}, and there is no {missing}"
    );
    eprintln!("skipped: no {missing}");
}

pub(crate) fn fixture_path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "fixtures", name].iter().collect()
}

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixture_path(name)).unwrap()
}
