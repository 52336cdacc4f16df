//! Matroska and WebM files: which elements the demuxer gets.
//!
//! Everything but the description of the segment, its tracks and its clusters is left out before the
//! demuxer can allocate memory for it, and no element is longer than the file. Where a segment has no
//! length, as in all that browsers record, only this walk shows whether the file was cut short.

use super::joined;
use super::scan::{Failure, Scanner, be};
use super::splice::Part;
use super::webm::{Element, children, id};
use crate::error::AudioError;
use crate::report::Damage;

/// Longest description of a segment and of its tracks, in bytes.
const MAX_INFO: u64 = 64 << 10;
const MAX_TRACKS: u64 = 1 << 20;
/// Most ranges that are handed to the demuxer; between them metadata is left out.
const MAX_PARTS: usize = 4096;

/// Elements of the upper levels (RFC 9559, section 5).
const TAGS: u32 = 0x1254_C367;
const ATTACHMENTS: u32 = 0x1941_A469;
const CHAPTERS: u32 = 0x1043_A770;
const CUES: u32 = 0x1C53_BB6B;
const SEEK_HEAD: u32 = 0x114D_9B74;
const DISCARD_PADDING: u32 = 0x75A2;
/// The type of audio tracks.
const AUDIO: u64 = 2;

/// The file as the demuxer gets it.
pub(super) struct Layout {
    pub(super) parts: Vec<Part>,
    /// Set if the last element is cut short.
    pub(super) damage: Option<Damage>,
    /// Nanoseconds at the end of the last block that are not presented.
    pub(super) end_discard_ns: u64,
    /// First byte of a recording that is joined to this one.
    pub(super) next: Option<u64>,
    /// Codecs of the audio tracks, in their order.
    pub(super) codecs: Vec<String>,
}

/// Codecs of Matroska that are not decoded, by their identifiers (RFC 9559, codec mappings).
pub(super) fn unsupported_codec(id: &str) -> Option<&str> {
    Some(match id {
        "A_AC3" | "A_AC3/BSID9" | "A_AC3/BSID10" => "AC-3",
        "A_EAC3" => "E-AC-3",
        "A_DTS" | "A_DTS/EXPRESS" | "A_DTS/LOSSLESS" => "DTS",
        "A_TRUEHD" | "A_MLP" => "Dolby TrueHD",
        "A_TTA1" => "True Audio",
        "A_WAVPACK4" => "WavPack",
        "A_MPC" => "Musepack",
        "A_MS/ACM" => "a codec of Windows (A_MS/ACM)",
        "A_QUICKTIME" => "a codec of QuickTime",
        id if id.starts_with("A_REAL/") => "RealAudio",
        id if id.starts_with("A_ATRAC/") => "ATRAC",
        _ => return None,
    })
}

/// The codecs of the audio tracks that the content of a `Tracks` element describes.
fn audio_codecs(tracks: &[u8]) -> Vec<String> {
    let of_entry = |entry: &[u8]| {
        let (mut is_audio, mut codec) = (false, None);
        for (id, value) in children(entry).flatten() {
            match id {
                id::TRACK_TYPE => is_audio = be(value) == AUDIO,
                id::CODEC_ID => codec = Some(String::from_utf8_lossy(value).into_owned()),
                _ => {}
            }
        }
        codec.filter(|_| is_audio)
    };
    let entries = children(tracks).flatten().filter(|(id, _)| *id == id::TRACK_ENTRY);
    entries.filter_map(|(_, entry)| of_entry(entry)).collect()
}

/// Walks over all elements down to the blocks.
pub(super) fn layout(scan: &mut Scanner<'_>) -> Result<Layout, Failure> {
    let (len, base) = (scan.len(), scan.base());
    let mut parts = Parts::default();
    let (mut damage, mut joined) = (None, None);
    // Up to here nothing can be left out: the length of a cluster counts all that is inside.
    let (mut cluster_at, mut cluster_end) = (0, 0);
    let (mut end_discard_ns, mut codecs) = (0, Vec::new());
    let mut at = 0;
    while at < len {
        let header = scan.bytes(at, 12)?;
        let is_whole = header.len() == 12;
        let Element { id, head, len: inside } = match Element::read(header) {
            Ok(Some(element)) => element,
            Ok(None) if !is_whole => {
                damage = Some(cut_short(base + at));
                break;
            }
            Ok(None) | Err(_) => {
                damage = Some(Damage::new("a part of the WebM file is damaged").at_byte(base + at));
                break;
            }
        };
        if id == id::EBML && parts.has_segment {
            joined = Some(at);
            break;
        }
        let head = head as u64;
        let available = (len - at).saturating_sub(head);
        let next = match (id, inside) {
            // Their children follow the header.
            (id::SEGMENT | id::CLUSTER | id::BLOCK_GROUP, _) => head,
            (_, Some(inside)) if inside <= available => head + inside,
            (_, Some(_)) => {
                damage = Some(cut_short(base + at));
                break;
            }
            (_, None) => {
                damage = Some(Damage::new("a part of the WebM file is damaged").at_byte(base + at));
                break;
            }
        };
        match id {
            // What is left out would not fit the length of the segment.
            id::SEGMENT => parts.open_segment(),
            id::INFO if next > MAX_INFO => {
                return Err(
                    AudioError::TooComplex { what: "the description of a WebM file" }.into()
                );
            }
            id::TRACKS if next > MAX_TRACKS => {
                return Err(AudioError::TooComplex { what: "the tracks of a WebM file" }.into());
            }
            // Of the block before it, of which the last one counts.
            DISCARD_PADDING => {
                let value = scan.bytes(at + head, (next - head).min(8) as usize)?;
                end_discard_ns = u64::try_from(signed(value)).unwrap_or(0);
                parts.push(base + at, next)?;
            }
            TAGS | ATTACHMENTS | CHAPTERS | CUES | SEEK_HEAD if at >= cluster_end => {}
            _ => {
                if id == id::CLUSTER {
                    end_discard_ns = 0;
                    cluster_at = at;
                    cluster_end = inside.map_or(at, |inside| (at + head).saturating_add(inside));
                }
                if matches!(id, id::BLOCK | id::SIMPLE_BLOCK) {
                    end_discard_ns = 0;
                }
                if id == id::TRACKS && codecs.is_empty() {
                    codecs = audio_codecs(scan.bytes(at + head, (next - head) as usize)?);
                }
                parts.push(base + at, next)?;
            }
        }
        at += next;
    }
    if damage.is_some() {
        // An element that was cut may have taken in the beginning of the next recording.
        joined = joined::find(scan, cluster_at + 1)?;
        if let Some(next) = joined {
            parts.truncate(base + next);
        }
    }
    Ok(Layout { parts: parts.all, damage, end_discard_ns, next: joined, codecs })
}

/// Ranges of the file, neighbours joined to one.
#[derive(Default)]
struct Parts {
    all: Vec<Part>,
    has_segment: bool,
}

impl Parts {
    /// Begins the first segment, without a length.
    fn open_segment(&mut self) {
        if !self.has_segment {
            let header = [&id::SEGMENT.to_be_bytes()[..], &[0xff]].concat();
            self.all.push(Part::Bytes(header));
            self.has_segment = true;
        }
    }

    /// Leaves out everything from byte `end` of the input on.
    fn truncate(&mut self, end: u64) {
        self.all.retain(|part| !matches!(part, Part::Range { at, .. } if *at >= end));
        if let Some(Part::Range { at, len }) = self.all.last_mut() {
            *len = (*len).min(end - *at);
        }
    }

    fn push(&mut self, at: u64, len: u64) -> Result<(), AudioError> {
        if let Some(Part::Range { at: last_at, len: last_len }) = self.all.last_mut()
            && *last_at + *last_len == at
        {
            *last_len += len;
            return Ok(());
        }
        if self.all.len() >= MAX_PARTS {
            return Err(AudioError::TooComplex { what: "the elements of a WebM file" });
        }
        self.all.push(Part::Range { at, len });
        Ok(())
    }
}

/// A big-endian number in two's complement.
fn signed(bytes: &[u8]) -> i64 {
    let sign = bytes.first().map_or(0, |first| i64::from(first >> 7));
    bytes.iter().fold(-sign, |value, &byte| value << 8 | i64::from(byte))
}

fn cut_short(at: u64) -> Damage {
    Damage::new("the last element of the WebM file is incomplete; the file was cut short")
        .at_byte(at)
}
