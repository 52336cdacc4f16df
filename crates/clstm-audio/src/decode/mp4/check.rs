//! Tables of samples that contradict each other or the packets.
//!
//! A table of times that gives packets another length than they have would put silence between them or push them behind the
//! end of an edit; a number of samples below that of the chunks would lose the rest.

use super::SMALL_SAMPLE;
use super::codec::packet_frames;
use super::moov::Track;
use super::table::{SampleTable, Times};
use crate::decode::scan::{Failure, Scanner};
use crate::report::Damage;

/// First packets of which the length is compared with the table of times.
const COMPARED: usize = 8;
/// Bytes of a packet that give its length.
const HEAD: usize = 2;
/// Seconds by which the table of times may exceed the length of the track in its header.
const TOLERANCE_S: f64 = 0.5;

/// Checks the tables of a track whose decoder runs at `rate` Hz, corrects what can be corrected, and returns what is wrong.
pub(super) fn check(
    scan: &mut Scanner<'_>,
    track: &mut Track,
    rate: u32,
) -> Result<Option<Damage>, Failure> {
    if track.tables.is_empty() {
        return Ok(None);
    }
    let mut damage = None;
    let times = track.tables.times(scan)?;
    track.tables.set_last_duration(times.typical);
    let frame_len = track.entry.pcm_frame_len();
    // QuickTime counts PCM in frames, and may give their size as 1.
    if times.typical == Some(1) && (1..=SMALL_SAMPLE).contains(&frame_len) {
        track.tables.correct_size(frame_len);
    }
    if let Some(wrong) = check_durations(scan, track, &times, rate)? {
        Damage::add(&mut damage, wrong);
    } else if let Some(wrong) = check_sum(track, &times) {
        Damage::add(&mut damage, wrong);
    }
    if let Some(wrong) = check_count(scan, track, &times)? {
        Damage::add(&mut damage, wrong);
    }
    Ok(damage)
}

/// Compares the usual duration with that of the first packets.
fn check_durations(
    scan: &mut Scanner<'_>,
    track: &mut Track,
    times: &Times,
    rate: u32,
) -> Result<Option<Damage>, Failure> {
    // The last packet may be shorter; one or two do not show what is usual.
    let typical = times.typical.filter(|_| times.of_typical > 2);
    let Some(typical) = typical else { return Ok(None) };
    let frame_len = track.entry.pcm_frame_len();
    let mut table = SampleTable::new(&track.tables);
    let mut frames = None;
    for _ in 0..COMPARED {
        let Some(sample) = table.next(scan)? else { break };
        let head = scan.bytes(sample.at, HEAD.min(sample.len as usize))?;
        let found = match frame_len {
            0 => packet_frames(&track.entry, rate, head),
            len => Some(sample.len / len),
        };
        let Some(found) = found else { return Ok(None) };
        if frames.is_some_and(|frames| frames != found) {
            // Packets of several lengths.
            return Ok(None);
        }
        frames = Some(found);
    }
    let Some(frames) = frames.filter(|frames| *frames > 0) else { return Ok(None) };
    let ticks = u64::from(frames) * u64::from(track.time_scale);
    let right = u32::try_from(ticks / u64::from(rate.max(1))).unwrap_or(u32::MAX);
    // Coarse time scales round.
    let is_exact = ticks % u64::from(rate.max(1)) == 0;
    let tolerance = if is_exact && frame_len > 0 { 0 } else { 2.max(right / 50) };
    if typical.abs_diff(right) <= tolerance {
        return Ok(None);
    }
    track.tables.correct_duration(typical, right);
    let ms = |ticks: u32| 1000.0 * f64::from(ticks) / f64::from(track.time_scale);
    Ok(Some(Damage::new(format!(
        "the index gives packets of {:.1} ms a length of {:.1} ms, which was corrected",
        ms(right),
        ms(typical)
    ))))
}

/// Compares the sum of the durations with the length of the track in its header, where a sample is much longer than others.
fn check_sum(track: &Track, times: &Times) -> Option<Damage> {
    let has_gap = times.longest > times.typical?.saturating_mul(2);
    let excess = times.ticks.saturating_sub(track.duration);
    let excess_s = excess as f64 / f64::from(track.time_scale);
    (has_gap && track.duration > 0 && excess_s > TOLERANCE_S).then(|| {
        Damage::new(format!(
            "the samples of the index are {excess_s:.2} s longer than the track by its header"
        ))
    })
}

/// Compares the numbers of samples in the tables of times, of sizes and of chunks.
fn check_count(
    scan: &mut Scanner<'_>,
    track: &mut Track,
    times: &Times,
) -> Result<Option<Damage>, Failure> {
    let (in_chunks, in_largest) = track.tables.in_chunks(scan)?;
    let samples = track.tables.samples();
    // Some writers do not note that the last chunk is shorter.
    let has_more_chunks = in_chunks >= samples.saturating_add(in_largest.max(1));
    let lost = match (times.samples > samples, has_more_chunks) {
        (_, true) => in_chunks - samples,
        (true, false) => times.samples - samples,
        (false, false) => samples.saturating_sub(in_chunks),
    };
    if lost == 0 {
        return Ok(None);
    }
    let count = format!(
        "the index has sizes of {samples} samples, times of {} and chunks of {in_chunks}",
        times.samples
    );
    if track.tables.is_of_one_size() && times.samples == in_chunks && in_chunks > samples {
        track.tables.set_samples(in_chunks);
        return Ok(Some(Damage::new(format!("{count}; {in_chunks} were decoded"))));
    }
    let lost_s = lost as f64 * f64::from(times.typical.unwrap_or(0)) / f64::from(track.time_scale);
    Ok(Some(Damage::new(count).missing(lost_s)))
}
