//! The boxes of the uppermost level: the movie, its fragments, and what follows them.

use super::boxes::{BoxHeader, next_box};
use super::moov::Movie;
use crate::decode::joined::container_at;
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
    let (mut at, mut next) = (0, None);
    while at < scan.len() {
        let is_complete = movie.as_ref().is_some_and(|movie| !movie.is_fragmented);
        let is_joined = match container_at(scan, at)? {
            Some(ContainerKind::Mp4) => is_complete && scan.bytes(at + 4, 4)? == b"ftyp",
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
            }
            break;
        };
        match &found.kind {
            b"moov" if found.end > scan.len() => {
                let reason = "the index (moov box) is incomplete; the file was cut short";
                return Err(AudioError::damaged(reason).into());
            }
            b"moov" if movie.is_none() => movie = Some(Movie::read(scan, &found)?),
            b"moof" if first_fragment.is_none() => first_fragment = Some(found.at),
            _ => {}
        }
        if found.end > scan.len() {
            // Of a file without fragments the index shows which samples are missing.
            damage = (!is_complete).then(|| cut_short(scan, &found));
            break;
        }
        at = found.end;
    }
    let movie = movie.ok_or_else(|| {
        AudioError::damaged("the index (moov box) is missing; the file was cut short")
    })?;
    Ok(Layout { movie, first_fragment, damage, next })
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
    Damage::new(format!("{bytes} bytes from byte {at} on are no box of an MP4 file")).at_byte(at)
}
