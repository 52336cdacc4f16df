//! The movie box: tracks, and what all of them share.

use super::boxes::{BoxHeader, find, for_each, number};
use super::codec::SampleEntry;
use super::edits::EditEntry;
use super::fragments::Defaults;
use super::table::Tables;
use crate::decode::scan::{Failure, Scanner};
use crate::error::AudioError;

/// Most audio tracks of a file.
const MAX_TRACKS: usize = 64;
/// Most entries of an edit list.
const MAX_EDITS: u64 = 1024;

/// The contents of the movie box.
pub(super) struct Movie {
    /// Ticks a second of edit lists.
    pub(super) time_scale: u32,
    pub(super) is_fragmented: bool,
    /// Audio tracks, in their order.
    pub(super) tracks: Vec<Track>,
    /// Frames of the encoder's delay by the tag of iTunes.
    pub(super) priming: Option<u32>,
}

/// An audio track.
pub(super) struct Track {
    pub(super) id: u32,
    /// Ticks a second.
    pub(super) time_scale: u32,
    /// In ticks; 0 where it is not known.
    pub(super) duration: u64,
    pub(super) edits: Vec<EditEntry>,
    pub(super) entry: SampleEntry,
    pub(super) tables: Tables,
    pub(super) defaults: Defaults,
    /// Ticks to decode before the first presented sample.
    pub(super) preroll: i64,
}

impl Movie {
    pub(super) fn read(scan: &mut Scanner<'_>, moov: &BoxHeader) -> Result<Self, Failure> {
        let mut movie =
            Self { time_scale: 1000, is_fragmented: false, tracks: Vec::new(), priming: None };
        let mut extends = Vec::new();
        for_each(scan, moov, |scan, found| {
            match &found.kind {
                b"mvhd" => {
                    let is_long = number::<1>(scan, found.body)? == 1;
                    let at = found.body + if is_long { 20 } else { 12 };
                    movie.time_scale = number::<4>(scan, at)?.max(1) as u32;
                }
                // Tables beyond the end of the file cannot be read.
                b"trak" if found.end > scan.len() => {}
                b"trak" => {
                    if let Some(track) = Track::read(scan, found)? {
                        if movie.tracks.len() >= MAX_TRACKS {
                            return Err(
                                AudioError::TooComplex { what: "tracks of an MP4 file" }.into()
                            );
                        }
                        movie.tracks.push(track);
                    }
                }
                b"mvex" => {
                    movie.is_fragmented = true;
                    for_each(scan, found, |scan, found| {
                        if found.kind == *b"trex" && extends.len() < MAX_TRACKS {
                            extends.push((
                                number::<4>(scan, found.body + 4)? as u32,
                                Defaults {
                                    duration: number::<4>(scan, found.body + 12)? as u32,
                                    len: number::<4>(scan, found.body + 16)? as u32,
                                },
                            ));
                        }
                        Ok(())
                    })?;
                }
                b"udta" => movie.priming = itunes_priming(scan, found)?.or(movie.priming),
                _ => {}
            }
            Ok(())
        })?;
        for track in &mut movie.tracks {
            let of_track = extends.iter().find(|(id, _)| *id == track.id);
            track.defaults = of_track.map_or_else(Defaults::default, |(_, defaults)| *defaults);
        }
        Ok(movie)
    }
}

impl Track {
    /// `None` if it is no audio track.
    fn read(scan: &mut Scanner<'_>, trak: &BoxHeader) -> Result<Option<Self>, Failure> {
        let Some(mdia) = find(scan, trak, b"mdia")? else { return Ok(None) };
        let Some(handler) = find(scan, &mdia, b"hdlr")? else { return Ok(None) };
        if scan.array::<4>(handler.body + 8)? != Some(*b"soun") {
            return Ok(None);
        }
        let id = match find(scan, trak, b"tkhd")? {
            Some(tkhd) => {
                let is_long = number::<1>(scan, tkhd.body)? == 1;
                number::<4>(scan, tkhd.body + if is_long { 20 } else { 12 })? as u32
            }
            None => 0,
        };
        let (mut time_scale, mut duration) = (0, 0);
        if let Some(mdhd) = find(scan, &mdia, b"mdhd")? {
            if number::<1>(scan, mdhd.body)? == 1 {
                time_scale = number::<4>(scan, mdhd.body + 20)? as u32;
                duration = number::<8>(scan, mdhd.body + 24)?;
            } else {
                time_scale = number::<4>(scan, mdhd.body + 12)? as u32;
                duration = number::<4>(scan, mdhd.body + 16)?;
            }
        }
        if time_scale == 0 {
            return Err(
                AudioError::damaged("an audio track of the MP4 file has no time scale").into()
            );
        }
        let mut edits = Vec::new();
        if let Some(edts) = find(scan, trak, b"edts")?
            && let Some(elst) = find(scan, &edts, b"elst")?
        {
            edits = read_edits(scan, &elst)?;
        }
        let table = match find(scan, &mdia, b"minf")? {
            Some(minf) => find(scan, &minf, b"stbl")?,
            None => None,
        };
        let damaged = || AudioError::damaged("an audio track of the MP4 file has no sample table");
        let table = table.ok_or_else(damaged)?;
        let entries = find(scan, &table, b"stsd")?.ok_or_else(damaged)?;
        let entry = SampleEntry::read(scan, &entries)?;
        let preroll = entry.preroll_s() * f64::from(time_scale);
        Ok(Some(Self {
            id,
            time_scale,
            duration,
            edits,
            tables: Tables::read(scan, &table)?,
            defaults: Defaults::default(),
            preroll: preroll.ceil() as i64,
            entry,
        }))
    }
}

fn read_edits(scan: &mut Scanner<'_>, elst: &BoxHeader) -> Result<Vec<EditEntry>, Failure> {
    let is_long = number::<1>(scan, elst.body)? == 1;
    let len = if is_long { 20 } else { 12 };
    let count = number::<4>(scan, elst.body + 4)?.min(elst.len().saturating_sub(8) / len);
    if count > MAX_EDITS {
        return Err(AudioError::TooComplex { what: "edits of an MP4 file" }.into());
    }
    let mut edits = Vec::new();
    for index in 0..count {
        let at = elst.body + 8 + index * len;
        edits.push(if is_long {
            EditEntry {
                duration: number::<8>(scan, at)?,
                media_time: number::<8>(scan, at + 8)? as i64,
            }
        } else {
            EditEntry {
                duration: number::<4>(scan, at)?,
                media_time: i64::from(number::<4>(scan, at + 4)? as u32 as i32),
            }
        });
    }
    Ok(edits)
}

/// The encoder's delay in the tag `iTunSMPB`: hexadecimal numbers, of which the second is the delay.
fn itunes_priming(scan: &mut Scanner<'_>, udta: &BoxHeader) -> Result<Option<u32>, Failure> {
    let Some(meta) = find(scan, udta, b"meta")? else { return Ok(None) };
    let Some(list) = find(scan, &meta.skip(4), b"ilst")? else { return Ok(None) };
    let mut priming = None;
    for_each(scan, &list, |scan, item| {
        if item.kind != *b"----" || priming.is_some() {
            return Ok(());
        }
        let Some(name) = find(scan, item, b"name")? else { return Ok(()) };
        if scan.bytes(name.body + 4, name.len().saturating_sub(4).min(16) as usize)? != b"iTunSMPB"
        {
            return Ok(());
        }
        if let Some(data) = find(scan, item, b"data")? {
            let text = scan.bytes(data.body + 8, data.len().saturating_sub(8).min(128) as usize)?;
            let text = String::from_utf8_lossy(text);
            let delay = text.split_whitespace().nth(1);
            priming = delay.and_then(|delay| u32::from_str_radix(delay, 16).ok());
        }
        Ok(())
    })?;
    // A delay of a second and more is none.
    Ok(priming.filter(|frames| (1..48_000).contains(frames)))
}
