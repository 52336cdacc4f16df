//! Time stamps that contradict each other, and fragments that are missing.

use clstm_audio::{ContainerKind, LiveDecoder};
use clstm_test_support::flac::flac;

use super::{damage, decode, seconds};
use crate::support::matroska::matroska;
use crate::support::mp4::{Track, fragmented, to_i16};
use crate::support::ogg::{FIRST, LAST, page};
use crate::support::{fixture, sine};

const RATE: u32 = 8_000;

fn sound() -> Vec<i16> {
    to_i16(&sine(300.0, 0.5, RATE, 0.5))
}

/// One wrong time of a cluster or a fragment became silence without a mark.
#[test]
fn times_that_go_back_are_reported() {
    let right = [0, 500, 1_000, 1_500, 2_000];
    for (index, wrong) in [(2, 61_000), (2, 3_000), (3, 0), (4, 400)] {
        let mut times = right;
        times[index] = wrong;
        let blocks: Vec<(u32, Vec<i16>)> = times.iter().map(|time| (*time, sound())).collect();
        let (_, damaged) = damage(&matroska(RATE, &blocks));
        assert!(damaged.message.contains("goes back"), "{times:?}: {damaged:?}");
        let chunks = times.iter().map(|_| (sound(), 0)).collect();
        let ticks = times.map(|time| time * RATE / 1000);
        let file = fragmented(&Track { rate: RATE, chunks, ..Track::default() }, &ticks);
        let (_, damaged) = damage(&file);
        assert!(damaged.message.contains("goes back"), "{times:?}: {damaged:?}");
    }
    // Gaps, and times of recorders that jitter.
    for times in [right, [0, 500, 4_000, 4_500, 5_000], [0, 480, 1_030, 1_450, 2_010]] {
        let blocks: Vec<(u32, Vec<i16>)> = times.iter().map(|time| (*time, sound())).collect();
        assert!(decode(&matroska(RATE, &blocks)).report.damage.is_none(), "{times:?}");
    }
}

/// A fragment of MP4 that was lost on the way became silence without a mark.
#[test]
fn missing_fragments_are_reported() {
    let chunks = vec![(sound(), 0); 5];
    let track = Track { rate: RATE, chunks, ..Track::default() };
    let times = [0, 4_000, 8_000, 12_000, 16_000];
    let whole = fragmented(&track, &times);
    assert_eq!(seconds(&whole), 2.5);
    let starts: Vec<usize> = (0..whole.len() - 4)
        .filter(|at| whole[*at..].starts_with(b"moof"))
        .map(|at| at - 4)
        .chain([whole.len()])
        .collect();
    for (first, end) in [(1, 2), (1, 3), (3, 4)] {
        let cut = [&whole[..starts[first]], &whole[starts[end]..]].concat();
        let (kept, damaged) = damage(&cut);
        let missing_s = 0.5 * (end - first) as f64;
        assert!((damaged.missing_s - missing_s).abs() < 1e-6, "{first} to {end}: {damaged:?}");
        assert_eq!((kept, damaged.count), (2.5, 1), "the times stay");
    }
    // A pause without fragments, and the numbers of another track between those of this one.
    let paused = fragmented(&track, &[0, 4_000, 40_000, 44_000, 48_000]);
    assert_eq!(seconds(&paused), 6.5);
    let mut numbered = whole.clone();
    for (index, at) in starts[..5].iter().enumerate() {
        // Behind the headers of two boxes, version and flags.
        numbered[at + 23] = 2 * index as u8 + 1;
    }
    assert_eq!(seconds(&numbered), 2.5);
}

/// A live WebM whose times jump was not marked.
#[test]
fn wrong_times_of_live_webm_are_reported() {
    let mut file = fixture("browser.webm");
    let mut live = LiveDecoder::new(ContainerKind::Matroska).unwrap();
    live.push(&file, &mut Vec::new()).unwrap();
    assert_eq!(live.damage(), None);
    // The time of a later block in its cluster, behind identifier, a length of one or two bytes, and track.
    let time_at = |at: usize| {
        let len = if file[at + 1] & 0x80 != 0 { 1 } else { 2 };
        (file[at] == 0xa3 && file[at + 1 + len] == 0x81).then_some(at + 2 + len)
    };
    let at = (file.len() / 2..file.len() - 8).find_map(time_at).unwrap();
    file[at] = 0x7f;
    let mut live = LiveDecoder::new(ContainerKind::Matroska).unwrap();
    live.push(&file, &mut Vec::new()).unwrap();
    assert!(live.damage().unwrap().message.contains("jumps"), "{:?}", live.damage());
}

/// Comments of Ogg FLAC were decoded as frames where the number of headers is not given.
#[test]
fn ogg_flac_may_leave_the_number_of_its_headers_open() {
    let samples = &sound()[..1_000];
    let native = flac(samples, RATE);
    let expected = decode(&native).strict().unwrap();
    let mut mapping = b"\x7fFLAC\x01\0\0\0".to_vec();
    // `fLaC` and the stream description; the frame follows.
    mapping.extend(&native[..42]);
    let comment = b"\x84\0\0\x08\0\0\0\0\0\0\0\0";
    for headers in [0, 1] {
        mapping[8] = headers;
        let first = page(1, 0, FIRST, 0, &[&mapping]);
        let comments = page(1, 1, 0, 0, &[comment]);
        let file = [first, comments, page(1, 2, LAST, 1_000, &[&native[42..]])].concat();
        assert_eq!(decode(&file).strict().unwrap(), expected, "{headers} headers");
    }
}
