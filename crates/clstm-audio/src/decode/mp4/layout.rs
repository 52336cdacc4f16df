//! The boxes of the uppermost level: the movie, its fragments, and what follows them.

use super::boxes::{BoxHeader, find, next_box, number};
use super::moov::Movie;
use crate::decode::joined::{self, container_at};
use crate::decode::mpeg;
use crate::decode::scan::{Failure, Scanner};
use crate::error::AudioError;
use crate::report::Damage;
use crate::sniff::ContainerKind;

/// What the walk over a file found.
pub(super) struct Layout {
    pub(super) movie: Movie,
    /// The first fragment.
    pub(super) first_fragment: Option<u64>,
    pub(super) damage: Option<Damage>,
    /// First byte of a recording that is joined to this one.
    pub(super) next: Option<u64>,
}

/// Walks over the boxes of one recording.
pub(super) fn layout(scan: &mut Scanner<'_>) -> Result<Layout, Failure> {
    let (mut movie, mut first_fragment, mut damage) = (None::<Movie>, None, None);
    let (mut at, mut last_at, mut next) = (0, 0, None);
    while at < scan.len() {
        let is_complete = movie.as_ref().is_some_and(|movie| !movie.is_fragmented);
        let is_joined = match container_at(scan, at)? {
            Some(ContainerKind::Mp4) => {
                let is_start = scan.bytes(at + 4, 4)? == b"ftyp";
                is_start && movie.is_some() && (is_complete || begins_at_0(scan, at)?)
            }
            kind => kind.is_some() && at > 0,
        };
        if is_joined {
            next = Some(at);
            break;
        }
        let found = next_box(scan, at, u64::MAX)?;
        let Some(found) = found.filter(|found| found.kind.iter().all(|b| (0x20..0x7f).contains(b)))
        else {
            if mpeg::tail_len(scan, at)?.is_none() {
                damage = Some(no_box(scan, at));
                // A box that was cut may have taken in the beginning of the next recording.
                next = joined::find(scan, last_at + 8)?;
            }
            break;
        };
        match &found.kind {
            b"moov" if movie.is_none() => {
                let read = Movie::read(scan, &found)?;
                if read.tracks.is_empty() && found.end > scan.len() {
                    let reason = "the index (moov box) is incomplete; the file was cut short";
                    return Err(AudioError::damaged(reason).into());
                }
                movie = Some(read);
            }
            b"moof" if first_fragment.is_none() => first_fragment = Some(found.at),
            _ => {}
        }
        if found.end > scan.len() {
            // Of a file without fragments the index shows which samples are missing.
            damage = (!is_complete).then(|| cut_short(scan, &found));
            next = joined::find(scan, last_at + 8)?;
            break;
        }
        (last_at, at) = (at, found.end);
    }
    let movie = movie.ok_or_else(|| {
        AudioError::damaged("the index (moov box) is missing; the file was cut short")
    })?;
    Ok(Layout { movie, first_fragment, damage, next })
}

/// Whether the recording at `at` has times of its own: of segments that were put together for transmission, each with a
/// description before it, the times continue.
fn begins_at_0(scan: &mut Scanner<'_>, mut at: u64) -> Result<bool, Failure> {
    while let Some(found) = next_box(scan, at, u64::MAX)? {
        if found.kind == *b"moov" && find(scan, &found, b"mvex")?.is_none() {
            return Ok(true);
        }
        if found.kind == *b"moof" {
            let Some(traf) = find(scan, &found, b"traf")? else { return Ok(true) };
            let Some(tfdt) = find(scan, &traf, b"tfdt")? else { return Ok(true) };
            let is_long = number::<1>(scan, tfdt.body)? == 1;
            let ticks = match is_long {
                true => number::<8>(scan, tfdt.body + 4)?,
                false => number::<4>(scan, tfdt.body + 4)?,
            };
            return Ok(ticks == 0);
        }
        at = found.end;
    }
    Ok(false)
}

fn cut_short(scan: &Scanner<'_>, found: &BoxHeader) -> Damage {
    let name = String::from_utf8_lossy(&found.kind).into_owned();
    let lacking = found.end.saturating_sub(scan.len());
    Damage::new(format!("the last box ({name}) lacks {lacking} bytes; the file was cut short"))
        .at_byte(scan.base() + scan.len())
}

fn no_box(scan: &Scanner<'_>, at: u64) -> Damage {
    let bytes = scan.len() - at;
    let at = scan.base() + at;
    Damage::new(format!("{bytes} bytes from byte {at} on are not a box of an MP4 file")).at_byte(at)
}
