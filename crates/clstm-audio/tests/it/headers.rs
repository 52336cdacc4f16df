//! A header is a hint: wrong sizes and counts lose nothing, and what is damaged is reported.

use clstm_audio::{Damage, DecodeLimits, Decoded, decode_bytes};

use crate::support::mp4::{Track, fragmented, to_i16};
use crate::support::{Format, data_len_at, fixture, sine, wav};

fn decode(bytes: &[u8]) -> Decoded {
    decode_bytes(bytes, None, &DecodeLimits::default()).unwrap()
}

fn len(bytes: &[u8]) -> usize {
    decode(bytes).strict().unwrap().samples.len()
}

fn damaged(bytes: &[u8]) -> (usize, Damage) {
    let decoded = decode(bytes);
    assert_eq!(decoded.clone().strict().unwrap_err().kind(), "decode");
    (decoded.waveform.samples.len(), decoded.report.damage.unwrap())
}

fn tone_wav() -> Vec<u8> {
    wav(&sine(440.0, 0.5, 8_000, 0.5), 8_000, 1, Format::S16)
}

/// A chunk, padded to an even length or not.
fn chunk(id: &[u8; 4], body: &[u8], padded: bool) -> Vec<u8> {
    let padding: &[u8] = if padded && body.len() % 2 == 1 { &[0] } else { &[] };
    [&id[..], &(body.len() as u32).to_le_bytes(), body, padding].concat()
}

/// A WAV with something between format and samples.
fn with_chunk(chunk: &[u8]) -> Vec<u8> {
    let plain = tone_wav();
    let at = data_len_at(&plain) - 4;
    [&plain[..at], chunk, &plain[at..]].concat()
}

#[test]
fn the_riff_size_does_not_matter() {
    let plain = tone_wav();
    for size in [0_u32, 4, 36, plain.len() as u32 - 16, plain.len() as u32 + 1000, u32::MAX] {
        let mut bytes = plain.clone();
        bytes[4..8].copy_from_slice(&size.to_le_bytes());
        assert_eq!(len(&bytes), 4_000, "RIFF {size}");
    }
}

#[test]
fn metadata_with_wrong_lengths_are_passed_over() {
    // A sub-chunk that is longer than its list.
    let info = [&b"INFOISFT"[..], &1000_u32.to_le_bytes(), b"Lavf"].concat();
    assert_eq!(len(&with_chunk(&chunk(b"LIST", &info, true))), 4_000);
    // An odd length, with and without the byte of padding.
    for padded in [true, false] {
        assert_eq!(len(&with_chunk(&chunk(b"bext", b"abc", padded))), 4_000, "{padded}");
    }
    // A chunk whose length leads behind the samples.
    let mut long = chunk(b"LIST", b"INFO", true);
    long[4..8].copy_from_slice(&0x00ff_ffff_u32.to_le_bytes());
    assert_eq!(len(&with_chunk(&long)), 4_000);
}

#[test]
fn the_form_size_does_not_matter() {
    let plain = fixture("tone.aiff");
    for size in [0_u32, 100, plain.len() as u32 - 9, plain.len() as u32 + 100] {
        let mut bytes = plain.clone();
        bytes[4..8].copy_from_slice(&size.to_be_bytes());
        assert_eq!(len(&bytes), len(&plain), "FORM {size}");
    }
    let (n, damage) = damaged(&plain[..plain.len() - 1001]);
    assert_eq!(n, len(&plain) - 501);
    assert!((damage.missing_s - 501.0 / 16_000.0).abs() < 1e-9, "{damage:?}");
}

/// Where the count of frames is in the tag of `tone.mp3`.
fn xing_count_at(mp3: &[u8]) -> usize {
    mp3.windows(4).position(|tag| matches!(tag, b"Xing" | b"Info")).unwrap() + 8
}

#[test]
fn a_frame_count_below_the_truth_cuts_nothing() {
    let plain = fixture("tone.mp3");
    let at = xing_count_at(&plain);
    let count = u32::from_be_bytes(plain[at..at + 4].try_into().unwrap());
    for wrong in [0, 1, count / 2, count - 1] {
        let mut bytes = plain.clone();
        bytes[at..at + 4].copy_from_slice(&wrong.to_be_bytes());
        assert_eq!(len(&bytes), len(&plain), "{wrong} of {count} frames");
    }
    let mut bytes = plain.clone();
    bytes[at..at + 4].copy_from_slice(&(count + 10).to_be_bytes());
    assert!((damaged(&bytes).1.missing_s - 10.0 * 0.036).abs() < 0.04);
}

#[test]
fn joined_mp3s_are_decoded_to_the_end() {
    let plain = fixture("tone.mp3");
    let tag = [&b"ID3\x04\0\0\0\0\0\x14"[..], &[0; 20]].concat();
    // What the first tag takes from the end is now in the middle, and the second tag is a silent frame.
    let joined = len(&[plain.clone(), tag, plain.clone()].concat());
    assert!((2 * len(&plain)..2 * len(&plain) + 5 * 576).contains(&joined), "{joined}");
}

#[test]
fn what_follows_an_mp3_is_reported_and_its_sound_kept() {
    let plain = fixture("tone.mp3");
    let (n, damage) = damaged(&[&plain[..], b"<html>403 Forbidden</html>"].concat());
    assert_eq!((n, damage.at_byte, damage.missing_s), (len(&plain), Some(plain.len() as u64), 0.0));
    // The last frame without its last bytes.
    let (n, damage) = damaged(&plain[..plain.len() - 60]);
    assert_eq!(n, len(&plain));
    assert!(damage.missing_s > 0.0 && damage.missing_s < 0.04, "{damage:?}");
}

#[test]
fn a_flipped_bit_loses_a_frame_and_no_more() {
    let plain = fixture("no_header.mp3");
    let frame = [plain[0], plain[1]];
    let headers: Vec<usize> =
        (0..plain.len() - 1).filter(|at| plain[*at..*at + 2] == frame).collect();
    for bit in 0..16 {
        let mut bytes = plain.clone();
        bytes[headers[12] + bit / 8] ^= 1 << (bit % 8);
        let decoded = decode(&bytes);
        let lost = len(&plain) - decoded.waveform.samples.len();
        assert!(lost <= 2 * 576, "bit {bit}: {lost} samples lost");
        assert!(lost == 0 || decoded.report.damage.is_some(), "bit {bit}");
    }
}

#[test]
fn a_fragmented_mp4_that_was_cut_is_decoded_up_to_the_cut() {
    let sound = to_i16(&sine(300.0, 0.5, 8_000, 0.5));
    let chunks = vec![(sound.clone(), 0), (sound.clone(), 0), (sound, 0)];
    let whole = fragmented(&Track { rate: 8_000, chunks, ..Track::default() }, &[0, 4000, 8000]);
    assert_eq!(len(&whole), 12_000);
    // Within the samples of the last fragment, and within its tables.
    let (n, damage) = damaged(&whole[..whole.len() - 2000]);
    assert!((10_000..=11_000).contains(&n), "{n}");
    assert!((damage.missing_s - (12_000 - n) as f64 / 8_000.0).abs() < 1e-6, "{damage:?}");
    let (n, damage) = damaged(&whole[..whole.len() - 8_050]);
    assert_eq!(n, 8_000);
    assert!(damage.at_byte.is_some());
}

#[test]
fn a_damaged_flac_keeps_its_times() {
    let plain = fixture("tone.flac");
    let mut bytes = plain.clone();
    let at = bytes.len() * 9 / 10;
    bytes[at..at + 16].fill(0x55);
    let (n, damage) = damaged(&bytes);
    assert!(n <= len(&plain) && n > len(&plain) / 2, "{n}");
    assert!(damage.count >= 1);
}
