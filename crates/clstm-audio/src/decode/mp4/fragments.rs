//! Movie fragments (ISO/IEC 14496-12, section 8.8).

use std::collections::VecDeque;

use super::Sample;
use super::boxes::{BoxHeader, find, next_box, number};
use crate::decode::scan::{Failure, Scanner};
use crate::error::AudioError;

/// Decode time above which a fragment continues at the end of the one before it: half of the largest number.
const MAX_TIME: i64 = i64::MAX / 2;
/// Most samples of one fragment: an hour of AAC has 170,000.
const MAX_SAMPLES: usize = 1 << 20;

/// Sizes and durations of samples that have none of their own.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Defaults {
    pub(super) duration: u32,
    pub(super) len: u32,
}

/// The samples of all fragments of a track.
#[derive(Debug)]
pub(super) struct Fragments {
    first: u64,
    at: u64,
    track: u32,
    defaults: Defaults,
    queue: VecDeque<Sample>,
    /// Ticks behind the last sample.
    time: Option<i64>,
    /// Number of the last fragment by its header, which counts those of all tracks.
    number: Option<u64>,
    /// Time of the first sample behind fragments that are missing, and ticks since the last one before them.
    behind_missing: Option<(i64, i64)>,
}

impl Fragments {
    /// The first fragment is at `first` or behind.
    pub(super) fn new(first: u64, track: u32, defaults: Defaults) -> Self {
        Self {
            first,
            at: first,
            track,
            defaults,
            queue: VecDeque::new(),
            time: None,
            number: None,
            behind_missing: None,
        }
    }

    pub(super) fn rewind(&mut self) {
        *self = Self::new(self.first, self.track, self.defaults);
    }

    /// Whether fragments of more than `least` ticks are missing before a sample: their numbers and the times both show it.
    pub(super) fn are_missing_before(&mut self, sample: &Sample, least: i64) -> bool {
        let missing = self.behind_missing.take_if(|(time, _)| *time <= sample.time);
        missing.is_some_and(|(_, ticks)| ticks > least)
    }

    /// The next sample; `start` is the time of the first one if the fragments do not give it.
    pub(super) fn next(
        &mut self,
        scan: &mut Scanner<'_>,
        start: i64,
    ) -> Result<Option<Sample>, Failure> {
        loop {
            if let Some(sample) = self.queue.pop_front() {
                return Ok(Some(sample));
            }
            let Some(found) = next_box(scan, self.at, u64::MAX)? else { return Ok(None) };
            if found.kind == *b"moof" && found.end <= scan.len() {
                let before = (self.number, self.time);
                self.number = match find(scan, &found, b"mfhd")? {
                    Some(header) => Some(number::<4>(scan, header.body + 4)?),
                    None => None,
                };
                let mut at = found.body;
                while let Some(traf) = next_box(scan, at, found.end)? {
                    if traf.kind == *b"traf" {
                        self.read(scan, &traf, found.at, start)?;
                    }
                    at = traf.end;
                }
                self.compare(before);
            }
            self.at = found.end;
        }
    }

    /// Compares number and time of the fragment that was read with those `before` it.
    fn compare(&mut self, (number, time): (Option<u64>, Option<i64>)) {
        let skips = self.number.zip(number).is_some_and(|(now, before)| now > before + 1);
        if let (true, Some(first), Some(end)) = (skips, self.queue.front(), time) {
            self.behind_missing = Some((first.time, first.time.saturating_sub(end)));
        }
    }

    /// Reads the runs of one track.
    fn read(
        &mut self,
        scan: &mut Scanner<'_>,
        traf: &BoxHeader,
        moof_at: u64,
        start: i64,
    ) -> Result<(), Failure> {
        let Some(header) = find(scan, traf, b"tfhd")? else { return Ok(()) };
        if number::<4>(scan, header.body + 4)? as u32 != self.track {
            return Ok(());
        }
        let flags = number::<3>(scan, header.body + 1)?;
        let mut at = header.body + 8;
        let mut base = moof_at;
        let mut defaults = self.defaults;
        if flags & 0x01 != 0 {
            base = number::<8>(scan, at)?;
            at += 8;
        }
        if flags & 0x02 != 0 {
            at += 4;
        }
        if flags & 0x08 != 0 {
            defaults.duration = number::<4>(scan, at)? as u32;
            at += 4;
        }
        if flags & 0x10 != 0 {
            defaults.len = number::<4>(scan, at)? as u32;
        }
        let mut time = self.time.unwrap_or(start);
        if let Some(decode_time) = find(scan, traf, b"tfdt")? {
            let is_long = number::<1>(scan, decode_time.body)? == 1;
            let ticks = match is_long {
                true => number::<8>(scan, decode_time.body + 4)?,
                false => number::<4>(scan, decode_time.body + 4)?,
            };
            // A time that no recording reaches would lie behind the end of every edit.
            time = i64::try_from(ticks).ok().filter(|t| *t < MAX_TIME).unwrap_or(time);
        }
        let mut position = base;
        let mut next = traf.body;
        while let Some(run) = next_box(scan, next, traf.end)? {
            next = run.end;
            if run.kind != *b"trun" {
                continue;
            }
            let flags = number::<3>(scan, run.body + 1)?;
            let count = number::<4>(scan, run.body + 4)?;
            let mut at = run.body + 8;
            if flags & 0x001 != 0 {
                let offset = i64::from(number::<4>(scan, at)? as u32 as i32);
                position = base.saturating_add_signed(offset);
                at += 4;
            }
            if flags & 0x004 != 0 {
                at += 4;
            }
            // Duration, size, flags and composition offset, each if the run has it.
            let fields = [0x100, 0x200, 0x400, 0x800].map(|flag| flags & flag != 0);
            let len = 4 * fields.iter().filter(|has| **has).count() as u64;
            let count = match len {
                0 => count,
                len => count.min(run.end.saturating_sub(at) / len),
            };
            if len == 0 && defaults.len == 0 {
                // Samples without bytes, up to 2^32 of them, take no place in the file, but time.
                let ticks = count.saturating_mul(u64::from(defaults.duration));
                time = time.saturating_add_unsigned(ticks);
                continue;
            }
            for _ in 0..count {
                if self.queue.len() >= MAX_SAMPLES {
                    return Err(
                        AudioError::TooComplex { what: "samples of an MP4 fragment" }.into()
                    );
                }
                let mut sample =
                    Sample { at: position, len: defaults.len, time, duration: defaults.duration };
                if len > 0 {
                    let mut field = at;
                    if fields[0] {
                        sample.duration = number::<4>(scan, field)? as u32;
                        field += 4;
                    }
                    if fields[1] {
                        sample.len = number::<4>(scan, field)? as u32;
                    }
                    at += len;
                }
                // Samples without bytes take no place in the file, but time.
                if sample.len > 0 {
                    self.queue.push_back(sample);
                } else if sample.duration == 0 {
                    break;
                }
                position = position.saturating_add(u64::from(sample.len));
                time = time.saturating_add(i64::from(sample.duration));
            }
        }
        self.time = Some(time);
        Ok(())
    }
}
