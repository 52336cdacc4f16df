//! Sample 0 is time 0 of the container: edit lists, late starts, gaps and encoder delays.

use clstm_audio::{DecodeLimits, DecodeNote, Decoded, decode_bytes};

use crate::support::matroska::matroska;
use crate::support::mp4::{Track, fragmented, mp4, to_i16};
use crate::support::ogg::{LAST, opus_headers, page};
use crate::support::{fixture, sine};

const RATE: u32 = 8_000;

fn decode(bytes: &[u8]) -> Decoded {
    let decoded = decode_bytes(bytes, None, &DecodeLimits::default()).unwrap();
    assert_eq!(decoded.report.damage, None);
    decoded
}

/// Intervals above 1% of full scale, in seconds, to 1 ms; gaps below 5 ms are ignored.
fn sounds(decoded: &Decoded) -> Vec<(f64, f64)> {
    let rate = f64::from(decoded.waveform.sample_rate);
    let mut found: Vec<(f64, f64)> = Vec::new();
    for (n, x) in decoded.waveform.samples.iter().enumerate() {
        if x.abs() > 0.01 {
            let at = (n as f64 / rate * 1000.0).round() / 1000.0;
            match found.last_mut() {
                Some((_, end)) if at - *end < 0.005 => *end = at,
                _ => found.push((at, at)),
            }
        }
    }
    found
}

fn assert_sounds(decoded: &Decoded, expected: &[(f64, f64)]) {
    let found = sounds(decoded);
    let close = found.len() == expected.len()
        && found
            .iter()
            .zip(expected)
            .all(|(a, b)| (a.0 - b.0).abs() < 0.002 && (a.1 - b.1).abs() < 0.002);
    assert!(close, "{found:?}, not {expected:?}");
}

/// Half a second each of silence, 300 Hz, silence and 300 Hz again.
fn two_sounds() -> Vec<f64> {
    let (sound, silence) = (sine(300.0, 0.5, RATE, 0.5), vec![0.0; 4000]);
    [silence.clone(), sound.clone(), silence, sound].concat()
}

#[test]
fn without_edits_an_mp4_is_presented_whole() {
    let decoded = decode(&mp4(&[Track::of(&two_sounds(), RATE)]));
    assert_eq!(decoded.waveform.samples.len(), 16_000);
    assert_sounds(&decoded, &[(0.5, 1.0), (1.5, 2.0)]);
}

#[test]
fn a_trimmed_part_does_not_come_back() {
    // 0.25 to 1.25 s of the media.
    let edits = vec![(1000, 2000)];
    let decoded = decode(&mp4(&[Track { edits, ..Track::of(&two_sounds(), RATE) }]));
    assert_eq!(decoded.waveform.samples.len(), 8_000);
    assert_sounds(&decoded, &[(0.25, 0.75)]);
}

#[test]
fn an_empty_edit_is_a_late_start() {
    let edits = vec![(4000, -1), (2000, 0)];
    let decoded = decode(&mp4(&[Track { edits, ..Track::of(&two_sounds(), RATE) }]));
    assert_sounds(&decoded, &[(4.5, 5.0), (5.5, 6.0)]);
}

#[test]
fn edits_are_presented_in_their_order() {
    // The second half first.
    let edits = vec![(1000, 8000), (1000, 0)];
    let decoded = decode(&mp4(&[Track { edits, ..Track::of(&two_sounds(), RATE) }]));
    assert_sounds(&decoded, &[(0.5, 1.0), (1.5, 2.0)]);
    let edits = vec![(500, 4000), (500, -1), (500, 4000)];
    let decoded = decode(&mp4(&[Track { edits, ..Track::of(&two_sounds(), RATE) }]));
    assert_sounds(&decoded, &[(0.0, 0.5), (1.0, 1.5)]);
}

#[test]
fn a_gap_between_samples_is_silence() {
    let sound = to_i16(&sine(300.0, 0.5, RATE, 0.5));
    let chunks = vec![(sound.clone(), 6 * RATE), (sound, 0)];
    let decoded = decode(&mp4(&[Track { rate: RATE, chunks, ..Track::default() }]));
    assert_sounds(&decoded, &[(0.0, 0.5), (6.5, 7.0)]);
}

#[test]
fn fragments_are_presented_at_their_decode_times() {
    let sound = to_i16(&sine(300.0, 0.5, RATE, 0.5));
    let chunks = vec![(sound.clone(), 0), (sound.clone(), 0), (sound, 0)];
    let track = Track { rate: RATE, chunks, ..Track::default() };
    assert_sounds(&decode(&fragmented(&track, &[0, 4000, 8000])), &[(0.0, 1.5)]);
    assert_sounds(&decode(&fragmented(&track, &[8000, 12_000, 40_000])), &[(1.0, 2.0), (5.0, 5.5)]);
}

#[test]
fn matroska_starts_late_and_has_gaps() {
    let sound = to_i16(&sine(300.0, 0.5, RATE, 0.5));
    let late = matroska(RATE, &[(4000, sound.clone()), (4500, sound.clone()), (7000, sound)]);
    assert_sounds(&decode(&late), &[(4.0, 5.0), (7.0, 7.5)]);
}

#[test]
fn an_absurd_time_stamp_is_no_silence() {
    let sound = to_i16(&sine(300.0, 0.5, RATE, 0.5));
    let bytes = matroska(RATE, &[(0, sound.clone()), (3_000_000_000, sound.clone())]);
    let decoded = decode_bytes(bytes, None, &DecodeLimits::default()).unwrap();
    assert_sounds(&decoded, &[(0.0, 1.0)]);
    assert!(decoded.report.damage.unwrap().message.contains("time stamp"));
    // A stream that is recorded from its middle on begins at 0.
    let decoded = decode(&matroska(RATE, &[(3_000_000_000, sound)]));
    assert_sounds(&decoded, &[(0.0, 0.5)]);
    assert!(matches!(decoded.report.notes[..], [DecodeNote::OffsetRemoved { .. }]));
}

/// Packets of 20 ms of Opus (SILK, mono), whatever they sound like.
fn opus_packets(count: usize) -> Vec<Vec<u8>> {
    let packet = |n: usize| {
        (0..40_u8).map(|i| if i == 0 { 0x08 } else { i.wrapping_mul(37) ^ n as u8 }).collect()
    };
    (0..count).map(packet).collect()
}

fn opus(serial: u32, pre_skip: u16, pages: &[(i64, u8)]) -> Vec<u8> {
    let mut file = opus_headers(serial, pre_skip);
    for (number, (granule, flags)) in pages.iter().enumerate() {
        let packets = opus_packets(10);
        let packets: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
        file.extend(page(serial, number as u32 + 2, *flags, *granule, &packets));
    }
    file
}

#[test]
fn the_delay_of_opus_is_left_out_and_its_end_cut() {
    let n = |bytes: Vec<u8>| decode(&bytes).waveform.samples.len();
    assert_eq!(n(opus(1, 0, &[(9_600, 0), (19_200, LAST)])), 19_200);
    assert_eq!(n(opus(1, 312, &[(9_600, 0), (19_200, LAST)])), 19_200 - 312);
    assert_eq!(n(opus(1, 312, &[(9_600, 0), (15_000, LAST)])), 15_000 - 312);
    assert_eq!(n(opus(1, 312, &[(5_000, LAST)])), 5_000 - 312);
}

#[test]
fn chained_streams_follow_each_other() {
    let one = opus(1, 312, &[(9_600, 0), (19_200, LAST)]);
    let two = opus(2, 312, &[(9_600, LAST)]);
    let n = decode(&[one, two].concat()).waveform.samples.len();
    assert_eq!(n, 19_200 + 9_600 - 2 * 312);
}

#[test]
fn a_gap_in_ogg_is_silence_and_a_late_start_is_none() {
    let pages = [(9_600, 0), (9_600 + 48_000, 0), (19_200 + 48_000, LAST)];
    assert_eq!(decode(&opus(1, 0, &pages)).waveform.samples.len(), 19_200 + 48_000);
    // A page that is missing is damage, too.
    let whole = opus(1, 0, &[(9_600, 0), (19_200, 0), (28_800, LAST)]);
    let page_len = (whole.len() - opus_headers(1, 0).len()) / 3;
    let mut bytes = whole.clone();
    let at = whole.len() - 2 * page_len;
    bytes.drain(at..at + page_len);
    let decoded = decode_bytes(bytes, None, &DecodeLimits::default()).unwrap();
    assert_eq!(decoded.waveform.samples.len(), 28_800);
    assert!(decoded.report.damage.unwrap().message.contains("1 pages are missing"));
    // A radio stream that was recorded from its middle on.
    let decoded = decode(&opus(1, 0, &[(480_000, 0), (489_600, LAST)]));
    assert_eq!(decoded.waveform.samples.len(), 19_200);
    assert!(matches!(decoded.report.notes[..], [DecodeNote::OffsetRemoved { .. }]));
}

#[test]
fn the_delay_of_aac_is_left_out() {
    // The tone begins at once.
    let decoded = decode(&fixture("tone.m4a"));
    let (start, _) = sounds(&decoded)[0];
    assert!(start < 0.005, "{start}");
}
