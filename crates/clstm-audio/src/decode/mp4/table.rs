//! The tables of samples in the movie box, read entry by entry (ISO/IEC 14496-12, sections 8.6 and 8.7).

use std::collections::BTreeMap;

use super::Sample;
use super::boxes::{BoxHeader, find, number};
use crate::decode::scan::{Failure, Scanner, be};

/// Entries read at once.
const AHEAD: u64 = 512;

/// Where the entries of a table are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entries {
    at: u64,
    count: u64,
    /// Bytes of an entry.
    len: u64,
}

impl Entries {
    /// Entries of `len` bytes behind `skip` bytes of a box and their number, as many as the box has.
    fn of(
        scan: &mut Scanner<'_>,
        table: Option<BoxHeader>,
        skip: u64,
        len: u64,
    ) -> Result<Self, Failure> {
        let Some(table) = table else { return Ok(Self::default()) };
        let count = number::<4>(scan, table.body + skip)?;
        let fitting = table.len().saturating_sub(skip + 4) / len;
        Ok(Self { at: table.body + skip + 4, count: count.min(fitting), len })
    }
}

/// Where the tables of a track are.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    /// Number of samples and duration of each.
    times: Entries,
    /// First chunk and samples in each chunk.
    chunks: Entries,
    /// Positions of chunks.
    offsets: Entries,
    sizes: Entries,
    /// The size of all samples, if it is one.
    fixed_size: u32,
    samples: u64,
    /// Duration of a sample behind the end of the table of times.
    last_duration: Option<u32>,
    /// A wrong duration in the table of times, and the right one.
    corrected: Option<(u32, u32)>,
}

impl Tables {
    pub(super) fn read(scan: &mut Scanner<'_>, table: &BoxHeader) -> Result<Self, Failure> {
        let stts = find(scan, table, b"stts")?;
        let stsc = find(scan, table, b"stsc")?;
        let stco = find(scan, table, b"stco")?;
        let co64 = find(scan, table, b"co64")?;
        let stsz = find(scan, table, b"stsz")?;
        let (offsets, len) = if stco.is_some() { (stco, 4) } else { (co64, 8) };
        let mut tables = Self {
            times: Entries::of(scan, stts, 4, 8)?,
            chunks: Entries::of(scan, stsc, 4, 12)?,
            offsets: Entries::of(scan, offsets, 4, len)?,
            ..Self::default()
        };
        if let Some(stsz) = stsz {
            tables.fixed_size = number::<4>(scan, stsz.body + 4)? as u32;
            tables.samples = number::<4>(scan, stsz.body + 8)?;
            if tables.fixed_size == 0 {
                tables.sizes = Entries::of(scan, Some(stsz), 8, 4)?;
                tables.samples = tables.samples.min(tables.sizes.count);
            }
        }
        Ok(tables)
    }

    /// Whether there is no sample: of a fragmented file.
    pub(super) fn is_empty(&self) -> bool {
        self.samples == 0 && self.times.count == 0
    }

    /// What the table of times gives in all.
    pub(super) fn times(&self, scan: &mut Scanner<'_>) -> Result<Times, Failure> {
        let mut times = Times::default();
        // Samples of each duration, as long as there are few.
        let mut counts = BTreeMap::<u32, u64>::new();
        let mut cursor = Cursor::new(self.times);
        while let Some(entry) = cursor.next(scan)? {
            let (count, duration) = (be(&entry[..4]), be(&entry[4..]) as u32);
            times.samples = times.samples.saturating_add(count);
            times.ticks = times.ticks.saturating_add(count.saturating_mul(u64::from(duration)));
            times.longest = times.longest.max(if count > 0 { duration } else { 0 });
            if counts.len() < MAX_DURATIONS || counts.contains_key(&duration) {
                let of_duration = counts.entry(duration).or_default();
                *of_duration = of_duration.saturating_add(count);
            }
        }
        // Of equal numbers the longer duration: the last packet may be shorter.
        if let Some((ticks, count)) = counts.into_iter().max_by_key(|(_, count)| *count) {
            (times.typical, times.of_typical) = (Some(ticks), count);
        }
        Ok(times)
    }

    /// Samples of all chunks, and of the largest one.
    pub(super) fn in_chunks(&self, scan: &mut Scanner<'_>) -> Result<(u64, u64), Failure> {
        let (mut all, mut largest) = (0_u64, 0);
        let mut cursor = Cursor::new(self.chunks);
        let mut before: Option<(u64, u64)> = None;
        let end = self.offsets.count + 1;
        loop {
            let next = cursor.next(scan)?.map(run);
            let until = next.map_or(end, |(first, _)| first.min(end));
            if let Some((first, samples)) = before {
                let chunks = until.saturating_sub(first);
                all = all.saturating_add(chunks.saturating_mul(samples));
                largest = largest.max(if chunks > 0 { samples } else { 0 });
            }
            before = Some(match next {
                Some(next) => next,
                None => return Ok((all, largest)),
            });
        }
    }

    /// Samples by the table of sizes.
    pub(super) fn samples(&self) -> u64 {
        self.samples
    }

    /// Whether all samples have one size.
    pub(super) fn is_of_one_size(&self) -> bool {
        self.fixed_size != 0
    }

    /// Replaces the number of samples, which only tables with one size for all can have wrong without losing some.
    pub(super) fn set_samples(&mut self, samples: u64) {
        self.samples = samples;
    }

    /// Replaces a size of all samples that is not `len`.
    pub(super) fn correct_size(&mut self, len: u32) {
        if self.fixed_size != 0 && len != 0 {
            self.fixed_size = len;
        }
    }

    /// Sets the duration of samples that the table of times lacks.
    pub(super) fn set_last_duration(&mut self, ticks: Option<u32>) {
        self.last_duration = ticks;
    }

    /// Replaces the duration `wrong` by `right`, in ticks.
    pub(super) fn correct_duration(&mut self, wrong: u32, right: u32) {
        self.corrected = Some((wrong, right));
        self.last_duration = Some(right);
    }
}

/// Durations of samples that are counted. A track has one or two, or some around a mean.
const MAX_DURATIONS: usize = 64;

/// A table of times in short.
#[derive(Debug, Default)]
pub(super) struct Times {
    /// Samples that have a time.
    pub(super) samples: u64,
    /// Ticks of all of them.
    pub(super) ticks: u64,
    /// The duration of most samples, and the longest one, in ticks.
    pub(super) typical: Option<u32>,
    pub(super) longest: u32,
    /// Samples of the usual duration.
    pub(super) of_typical: u64,
}

/// Reads the entries of a table in their order.
#[derive(Debug, Default)]
struct Cursor {
    entries: Entries,
    next: u64,
    ahead: Vec<u8>,
    ahead_from: u64,
}

impl Cursor {
    fn new(entries: Entries) -> Self {
        Self { entries, ..Self::default() }
    }

    /// The next entry; `None` at the end.
    fn next(&mut self, scan: &mut Scanner<'_>) -> Result<Option<&[u8]>, Failure> {
        let Entries { at, count, len } = self.entries;
        if self.next >= count {
            return Ok(None);
        }
        let is_ahead = self.next >= self.ahead_from
            && (self.next - self.ahead_from + 1) * len <= self.ahead.len() as u64;
        if !is_ahead {
            let n = AHEAD.min(count - self.next) * len;
            self.ahead.clear();
            self.ahead.extend_from_slice(scan.bytes(at + self.next * len, n as usize)?);
            self.ahead_from = self.next;
        }
        let from = ((self.next - self.ahead_from) * len) as usize;
        self.next += 1;
        Ok(self.ahead.get(from..from + len as usize))
    }
}

/// The samples of the movie box, in their order.
#[derive(Debug, Default)]
pub(super) struct SampleTable {
    times: Cursor,
    chunks: Cursor,
    offsets: Cursor,
    sizes: Cursor,
    fixed_size: u32,
    samples_left: u64,
    /// Ticks of the next sample.
    time: i64,
    duration: u32,
    same_duration: u64,
    /// Chunks so far, from 1.
    chunk: u64,
    /// The first chunk that has another number of samples, and that number.
    next_run: Option<(u64, u64)>,
    per_chunk: u64,
    left_in_chunk: u64,
    at: u64,
    last_duration: Option<u32>,
    corrected: Option<(u32, u32)>,
    /// First byte of the chunk, and whether one began within the samples of the one before.
    chunk_at: u64,
    overlaps: bool,
}

impl SampleTable {
    pub(super) fn new(tables: &Tables) -> Self {
        Self {
            times: Cursor::new(tables.times),
            chunks: Cursor::new(tables.chunks),
            offsets: Cursor::new(tables.offsets),
            sizes: Cursor::new(tables.sizes),
            fixed_size: tables.fixed_size,
            samples_left: tables.samples,
            time: 0,
            duration: 0,
            same_duration: 0,
            chunk: 0,
            next_run: None,
            per_chunk: 0,
            left_in_chunk: 0,
            at: 0,
            last_duration: tables.last_duration,
            corrected: tables.corrected,
            chunk_at: 0,
            overlaps: false,
        }
    }

    /// Whether a chunk began within the samples of the one before: then the sizes are wrong.
    pub(super) fn overlaps(&self) -> bool {
        self.overlaps
    }

    /// Ticks behind the last sample so far.
    pub(super) fn end_time(&self) -> i64 {
        self.time
    }

    pub(super) fn next(&mut self, scan: &mut Scanner<'_>) -> Result<Option<Sample>, Failure> {
        if self.samples_left == 0 {
            return Ok(None);
        }
        self.samples_left -= 1;
        while self.left_in_chunk == 0 {
            if !self.next_chunk(scan)? {
                self.samples_left = 0;
                return Ok(None);
            }
        }
        self.left_in_chunk -= 1;
        let len = match self.fixed_size {
            0 => match self.sizes.next(scan)? {
                Some(size) => be(size) as u32,
                None => return Ok(None),
            },
            size => size,
        };
        while self.same_duration == 0 {
            // A table that is too short repeats its usual entry.
            let Some(entry) = self.times.next(scan)? else {
                self.same_duration = u64::MAX;
                self.duration = self.last_duration.unwrap_or(self.duration);
                break;
            };
            self.same_duration = be(&entry[..4]);
            self.duration = be(&entry[4..]) as u32;
            if let Some((wrong, right)) = self.corrected
                && self.duration == wrong
            {
                self.duration = right;
            }
        }
        self.same_duration -= 1;
        let sample = Sample { at: self.at, len, time: self.time, duration: self.duration };
        self.at = self.at.saturating_add(u64::from(len));
        self.time = self.time.saturating_add(i64::from(self.duration));
        Ok(Some(sample))
    }

    /// Goes to the next chunk; false if there is none.
    fn next_chunk(&mut self, scan: &mut Scanner<'_>) -> Result<bool, Failure> {
        let Some(offset) = self.offsets.next(scan)? else { return Ok(false) };
        let (before, end) = (self.chunk_at, self.at);
        self.at = be(offset);
        self.chunk_at = self.at;
        self.overlaps |= self.chunk > 0 && self.at > before && self.at < end;
        self.chunk += 1;
        if self.chunk == 1 {
            self.next_run = self.chunks.next(scan)?.map(run);
        }
        while let Some((first, samples)) = self.next_run
            && first <= self.chunk
        {
            self.per_chunk = samples;
            self.next_run = self.chunks.next(scan)?.map(run);
        }
        self.left_in_chunk = self.per_chunk;
        Ok(true)
    }
}

fn run(entry: &[u8]) -> (u64, u64) {
    (be(&entry[..4]), be(&entry[4..8]))
}
