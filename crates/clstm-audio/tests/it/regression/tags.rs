//! Tags and other bytes around the frames of MPEG audio and AAC.

use super::{damage, decode, seconds};
use crate::support::fixture;

/// The length of an ID3v2 tag, seven bits a byte.
fn id3(len: u32) -> Vec<u8> {
    let bytes = [21, 14, 7, 0].map(|shift| (len >> shift & 0x7f) as u8);
    [&b"ID3\x04\0\0"[..], &bytes].concat()
}

/// An APE tag without items that declares `len` bytes behind its header.
fn ape(len: u32, flags: u32) -> Vec<u8> {
    let fields = [2000, len, 0, flags].map(u32::to_le_bytes).concat();
    [&b"APETAGEX"[..], &fields, &[0; 8]].concat()
}

const APE_HEADER: u32 = 0xa000_0000;

/// A tag between joined recordings whose length is wrong lost the rest without a mark.
#[test]
fn tags_of_wrong_length_lose_no_frames() {
    let lyrics = b"LYRICSBEGININD0000200LYR00005hello000036LYRICS200".to_vec();
    let id3v1 = [&b"TAG"[..], &[b' '; 125]].concat();
    let largest = 0x0fff_ffff;
    for name in ["no_header.mp3", "tone.aac"] {
        let file = fixture(name);
        let one = seconds(&file);
        for (what, tag) in [
            ("ID3 beyond the end", id3(largest)),
            ("ID3 into the frames", id3(700)),
            ("ID3 without content", id3(0)),
            ("Lyrics3", lyrics.clone()),
            ("Lyrics3 and ID3v1", [&lyrics[..], &id3v1].concat()),
            ("APE beyond the end", ape(0x7fff_ffff, APE_HEADER)),
            ("APE into the frames", ape(1_000, APE_HEADER)),
            ("APE", ape(0, APE_HEADER)),
        ] {
            let all = decode(&[&file[..], &tag, &file].concat()).report.duration_s;
            assert!((all - 2.0 * one).abs() < 0.08, "{what} in {name}: {all} s of {}", 2.0 * one);
        }
        // In front of the frames.
        for len in [700, 3_000, largest] {
            let all = decode(&[&id3(len)[..], &file].concat()).report.duration_s;
            assert!((all - one).abs() < 1e-9, "{len} bytes before {name}: {all} s");
        }
    }
}

/// A damaged beginning of several frames was left out without a mark, and all times were early.
#[test]
fn bytes_before_the_first_frame_are_reported() {
    let file = fixture("no_header.mp3");
    let one = seconds(&file);
    let half = file.len() / 2;
    let noise: Vec<u8> = (0..half).map(|n| (n * 31 % 251) as u8).collect();
    for start in [&vec![0; half], &noise] {
        let (kept, damaged) = damage(&[&start[..], &file[half..]].concat());
        assert!(kept < 0.6 * one, "{kept}");
        assert!((kept + damaged.missing_s - one).abs() < 0.08, "{kept} {damaged:?}");
    }
    // Tags, zeros behind them, and a stream that was recorded from the middle of a frame on.
    let tag = [&id3(20)[..], &[0; 20]].concat();
    for start in [[&tag[..], &[0; 5_000]].concat(), ape(0, APE_HEADER)] {
        assert!((seconds(&[&start[..], &file].concat()) - one).abs() < 1e-9);
    }
    assert!(decode(&file[60..]).report.damage.is_none());
}
