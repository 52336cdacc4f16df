//! Sample descriptions: which codec a track has, and what its decoder needs to know.
//!
//! Boxes: ISO/IEC 14496-12, section 8.5.2; ISO/IEC 14496-14 (esds); QuickTime File Format, "Sound Sample
//! Descriptions"; <https://opus-codec.org/docs/opus_in_isobmff.html>.

use symphonia::core::audio::Channels;
use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};

use super::boxes::{BoxHeader, find, number};
use crate::decode::aac::{self, AacConfig};
use crate::decode::limits::DecodeLimits;
use crate::decode::scan::{Failure, Scanner};
use crate::error::AudioError;
use crate::report::DecodeNote;

/// Longest description of a codec.
const MAX_CONFIG: u64 = 64 << 10;

/// The first sample description of an audio track.
#[derive(Debug, Clone)]
pub(super) struct SampleEntry {
    /// The codec.
    pub(super) kind: [u8; 4],
    pub(super) channels: u32,
    /// In Hz.
    pub(super) sample_rate: u32,
    bits: u32,
    /// Flags of QuickTime PCM: 1 for floats, 2 for big-endian numbers, 4 for signed ones.
    pcm_flags: u32,
    /// The codec's own description.
    config: Vec<u8>,
    /// Object type of MPEG-4 (`mp4a` alone).
    object_type: u8,
}

impl SampleEntry {
    pub(super) fn read(scan: &mut Scanner<'_>, entries: &BoxHeader) -> Result<Self, Failure> {
        let damaged = || AudioError::damaged("the description of an audio track is damaged");
        let entry = super::next_box(scan, entries.body + 8, entries.end)?.ok_or_else(damaged)?;
        let version = number::<2>(scan, entry.body + 8)?;
        let mut read = Self {
            kind: entry.kind,
            channels: number::<2>(scan, entry.body + 16)? as u32,
            bits: number::<2>(scan, entry.body + 18)? as u32,
            // A number of 16.16 bits.
            sample_rate: (number::<4>(scan, entry.body + 24)? >> 16) as u32,
            pcm_flags: 4 | 2,
            config: Vec::new(),
            object_type: 0,
        };
        // Versions 1 and 2 are QuickTime's.
        let children = match version {
            1 => entry.skip(28 + 16),
            2 => {
                let rate = f64::from_bits(number::<8>(scan, entry.body + 32)?);
                read.sample_rate = rate as u32;
                read.channels = number::<4>(scan, entry.body + 40)? as u32;
                read.bits = number::<4>(scan, entry.body + 48)? as u32;
                read.pcm_flags = number::<4>(scan, entry.body + 52)? as u32;
                entry.skip(28 + 36)
            }
            _ => entry.skip(28),
        };
        // QuickTime puts the description of the codec into a box `wave`.
        let wave = find(scan, &children, b"wave")?;
        let places = wave.into_iter().chain([children]);
        let mut find_any = |kind: &[u8; 4]| -> Result<Option<BoxHeader>, Failure> {
            for place in places.clone() {
                if let Some(found) = find(scan, &place, kind)? {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        };
        let esds = find_any(b"esds")?;
        let mut config = None;
        for (kind, skip) in [(b"alac", 4), (b"dOps", 0), (b"dfLa", 4), (b"pcmC", 4)] {
            config = config.or(find_any(kind)?.map(|found| found.skip(skip)));
        }
        let endian = find_any(b"enda")?;
        if let Some(esds) = esds {
            let len = esds.len().min(MAX_CONFIG) as usize;
            if let Some((object_type, config)) = decoder_config(scan.bytes(esds.body, len)?) {
                (read.object_type, read.config) = (object_type, config);
            }
            return Ok(read);
        }
        if let Some(found) = config {
            read.config = scan.bytes(found.body, found.len().min(MAX_CONFIG) as usize)?.to_vec();
        }
        if let Some(endian) = endian
            && number::<2>(scan, endian.body)? == 1
        {
            read.pcm_flags &= !2;
        }
        Ok(read)
    }

    /// Whether every frame of the track is a sample of its own.
    pub(super) fn is_pcm(&self) -> bool {
        self.pcm_codec().is_some()
    }

    /// Bytes of a frame of PCM; 0 for other codecs and unknown sizes.
    pub(super) fn pcm_frame_len(&self) -> u32 {
        let bits = match &self.kind {
            b"ulaw" | b"alaw" | b"raw " => 8,
            b"in24" => 24,
            b"in32" | b"fl32" => 32,
            b"fl64" => 64,
            _ => self.bits,
        };
        if self.is_pcm() { self.channels.saturating_mul(bits / 8) } else { 0 }
    }

    /// Whether its encoders put silence before the sound.
    pub(super) fn has_encoder_delay(&self) -> bool {
        self.kind == *b"mp4a"
    }

    /// Seconds to decode before the first presented sample.
    pub(super) fn preroll_s(&self) -> f64 {
        match &self.kind {
            // A frame of AAC overlaps with the one before it.
            b"mp4a" => 1024.0 / f64::from(self.sample_rate.max(8000)),
            b"Opus" => 0.08,
            _ => 0.0,
        }
    }

    fn pcm_codec(&self) -> Option<AudioCodecId> {
        let bits = match &self.kind {
            b"in24" => 24,
            b"in32" | b"fl32" => 32,
            b"fl64" => 64,
            _ => self.bits,
        };
        let is_float = matches!(&self.kind, b"fl32" | b"fl64" | b"fpcm")
            || self.kind == *b"lpcm" && self.pcm_flags & 1 != 0;
        let is_big = match &self.kind {
            b"sowt" => false,
            // Flags, of which the lowest is for little-endian numbers.
            b"ipcm" | b"fpcm" => self.config.first().is_none_or(|flags| flags & 1 == 0),
            _ => self.pcm_flags & 2 != 0,
        };
        match &self.kind {
            b"ulaw" => return Some(CODEC_ID_PCM_MULAW),
            b"alaw" => return Some(CODEC_ID_PCM_ALAW),
            b"raw " => return Some(CODEC_ID_PCM_U8),
            b"sowt" | b"twos" | b"in24" | b"in32" | b"fl32" | b"fl64" | b"lpcm" | b"ipcm"
            | b"fpcm" | b"NONE" => {}
            _ => return None,
        }
        Some(match (is_float, bits, is_big) {
            (true, 32, true) => CODEC_ID_PCM_F32BE,
            (true, 32, false) => CODEC_ID_PCM_F32LE,
            (true, 64, true) => CODEC_ID_PCM_F64BE,
            (true, 64, false) => CODEC_ID_PCM_F64LE,
            (false, 8, _) => CODEC_ID_PCM_S8,
            (false, 16, true) => CODEC_ID_PCM_S16BE,
            (false, 16, false) => CODEC_ID_PCM_S16LE,
            (false, 24, true) => CODEC_ID_PCM_S24BE,
            (false, 24, false) => CODEC_ID_PCM_S24LE,
            (false, 32, true) => CODEC_ID_PCM_S32BE,
            (false, 32, false) => CODEC_ID_PCM_S32LE,
            _ => return None,
        })
    }
}

/// What the decoder of a track needs, and what is to be noted about it.
pub(super) fn params(
    entry: &SampleEntry,
    limits: &DecodeLimits,
) -> Result<(AudioCodecParameters, Vec<DecodeNote>), AudioError> {
    let mut notes = Vec::new();
    let mut params = AudioCodecParameters::new();
    let mut config = entry.config.clone();
    let (mut rate, mut channels) = (entry.sample_rate, entry.channels);
    let codec = match (&entry.kind, entry.object_type) {
        (b"mp4a", 0x40 | 0x66..=0x68) => {
            let AacConfig { sample_rate, channels: count, half_bandwidth, lc } =
                aac::config(&config)?;
            (rate, channels, config) = (sample_rate, count, lc);
            if half_bandwidth {
                notes.push(DecodeNote::HalfBandwidth { sample_rate });
            }
            CODEC_ID_AAC
        }
        (b"mp4a", 0x69 | 0x6b) | (b".mp3", _) => {
            config.clear();
            CODEC_ID_MP3
        }
        (b"mp4a", object_type) => {
            return Err(AudioError::unsupported_codec(match object_type {
                0xa5 => "AC-3",
                0xa6 => "E-AC-3",
                0xa9 | 0xac => "DTS",
                0xdd => "Vorbis in MP4",
                0xe1 => "QCELP",
                _ => "an unknown MPEG-4 codec",
            }));
        }
        (b"alac", _) => {
            check_alac(&config)?;
            CODEC_ID_ALAC
        }
        (b"Opus", _) => {
            config = opus_head(&config)?;
            CODEC_ID_OPUS
        }
        (b"fLaC", _) => {
            // Behind the header of the first metadata block.
            config = config.get(4..38).map(<[u8]>::to_vec).unwrap_or_default();
            CODEC_ID_FLAC
        }
        (kind, _) => match entry.pcm_codec() {
            Some(codec) => {
                config.clear();
                params.with_max_frames_per_packet(super::JOINED as u64);
                params.with_bits_per_sample(entry.bits).with_bits_per_coded_sample(entry.bits);
                codec
            }
            None => return Err(unsupported(kind)),
        },
    };
    limits.max_frames(rate, channels.max(1) as usize)?;
    params.for_codec(codec).with_sample_rate(rate);
    match channels {
        0 => &mut params,
        1 => params.with_channels(CHANNEL_LAYOUT_MONO),
        2 => params.with_channels(CHANNEL_LAYOUT_STEREO),
        n => params.with_channels(Channels::Discrete(n as u16)),
    };
    if !config.is_empty() {
        params.with_extra_data(config.into_boxed_slice());
    }
    Ok((params, notes))
}

/// Frames of a packet that begins with `head`, at `rate` Hz; `None` where the codec does not give it.
pub(super) fn packet_frames(entry: &SampleEntry, rate: u32, head: &[u8]) -> Option<u32> {
    match (&entry.kind, entry.object_type) {
        (b"mp4a", 0x40 | 0x66..=0x68) => Some(1024),
        (b"mp4a", 0x69 | 0x6b) | (b".mp3", _) => Some(if rate < 32_000 { 576 } else { 1152 }),
        (b"alac", _) => entry.config.first_chunk().map(|frames| u32::from_be_bytes(*frames)),
        (b"Opus", _) => opus_frames(head),
        (b"fLaC", _) => {
            // Least and largest block of the stream's description, behind the header of the metadata block.
            let [least, largest] = [4, 6].map(|at| {
                entry.config.get(at..at + 2).map(|n| u32::from(n[0]) << 8 | u32::from(n[1]))
            });
            largest.filter(|largest| least == Some(*largest) && *largest > 0)
        }
        _ => None,
    }
}

/// Frames of a packet of Opus at 48 kHz (RFC 6716, section 3.1).
fn opus_frames(packet: &[u8]) -> Option<u32> {
    let toc = *packet.first()?;
    let (mode, size) = (toc >> 3, usize::from(toc >> 3 & 3));
    let frames = match mode {
        0..12 => [480, 960, 1920, 2880][size],
        12..16 => [480, 960][size & 1],
        _ => [120, 240, 480, 960][size],
    };
    let count = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(*packet.get(1)? & 0x3f),
    };
    (count > 0).then_some(frames * count)
}

fn unsupported(kind: &[u8; 4]) -> AudioError {
    AudioError::unsupported_codec(match kind {
        b"samr" => "AMR",
        b"sawb" | b"sawp" => "AMR-WB",
        b"sqcp" => "QCELP",
        b"sevc" => "EVRC",
        b"ac-3" => "AC-3",
        b"ec-3" => "E-AC-3",
        b"ac-4" => "AC-4",
        b"dtsc" | b"dtsh" | b"dtsl" | b"dtse" => "DTS",
        b"mha1" | b"mhm1" => "MPEG-H",
        b"agsm" => "GSM 6.10",
        b"ima4" => "IMA ADPCM in MP4",
        b"QDM2" | b"QDMC" => "QDesign Music",
        b"enca" | b"drms" => "an encrypted (DRM) codec",
        kind => return AudioError::unsupported_codec(&String::from_utf8_lossy(kind)),
    })
}

/// Object type and decoder configuration of an `esds` box (ISO/IEC 14496-1, section 7.2.6).
fn decoder_config(esds: &[u8]) -> Option<(u8, Vec<u8>)> {
    let mut rest = esds.get(4..)?;
    let mut object_type = 0;
    loop {
        let (tag, body, behind) = descriptor(rest)?;
        rest = match tag {
            // The elementary stream: number, flags, and what the flags announce.
            3 => {
                let flags = *body.get(2)?;
                let mut at = 3;
                if flags & 0x80 != 0 {
                    at += 2;
                }
                if flags & 0x40 != 0 {
                    at += 1 + usize::from(*body.get(at)?);
                }
                if flags & 0x20 != 0 {
                    at += 2;
                }
                body.get(at..)?
            }
            4 => {
                object_type = *body.first()?;
                match body.get(13..).filter(|inside| !inside.is_empty()) {
                    Some(inside) => inside,
                    None => return Some((object_type, Vec::new())),
                }
            }
            5 => return Some((object_type, body.to_vec())),
            _ => behind,
        };
    }
}

/// Tag, body and what follows a descriptor; its length has 7 bits a byte.
fn descriptor(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, mut rest) = bytes.split_first()?;
    let mut len = 0;
    for _ in 0..4 {
        let (byte, more) = rest.split_first()?;
        rest = more;
        len = len << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    let (body, behind) = rest.split_at(len.min(rest.len()));
    Some((*tag, body, behind))
}

/// The decoder of ALAC allocates as many frames as its description states.
pub(in super::super) fn check_alac(config: &[u8]) -> Result<(), AudioError> {
    let frames = config.first_chunk().map(|frames| u32::from_be_bytes(*frames));
    match frames {
        Some(1..=65_536) => Ok(()),
        _ => Err(AudioError::damaged("the description of the ALAC track is damaged")),
    }
}

/// The header of Ogg Opus for the description that MP4 has. What lies before the sound is left out by
/// the edit list.
fn opus_head(config: &[u8]) -> Result<Vec<u8>, AudioError> {
    let Some([version, channels, _, _, rate @ .., gain_0, gain_1, family]) =
        config.first_chunk::<11>()
    else {
        return Err(AudioError::damaged("the description of the Opus track is damaged"));
    };
    // Numbers are big-endian here.
    let mut head = b"OpusHead\x01".to_vec();
    let _ = version;
    head.extend([*channels, 0, 0]);
    head.extend(rate.iter().rev());
    head.extend([*gain_1, *gain_0, *family]);
    Ok(head)
}
