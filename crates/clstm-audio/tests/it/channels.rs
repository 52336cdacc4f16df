//! Channels and tracks.

use clstm_audio::{
    DecodeLimits, DecodeNote, decode_bytes, load_channels_bytes, load_channels_file, rms,
};

use crate::support::mp4::{Track, mp4};
use crate::support::{Format, sine, to_f32, wav};

const RATE: u32 = 16_000;

#[test]
fn a_channel_in_phase_opposition_is_aligned() {
    let tone = sine(440.0, 0.5, RATE, 0.5);
    let stereo: Vec<f64> = tone.iter().flat_map(|x| [*x, -x]).collect();
    let bytes = wav(&stereo, RATE, 2, Format::F32);
    let decoded = decode_bytes(bytes, None, &DecodeLimits::default()).unwrap();
    assert_eq!(decoded.waveform.samples, to_f32(&tone));
    assert_eq!(decoded.report.notes, [DecodeNote::OutOfPhase]);
    assert_eq!(decoded.report.channels, 2);
}

#[test]
fn channels_are_loaded_one_by_one() {
    let (left, right) = (sine(440.0, 0.5, RATE, 0.5), sine(880.0, 0.25, RATE, 0.5));
    let stereo: Vec<f64> = left.iter().zip(&right).flat_map(|(l, r)| [*l, *r]).collect();
    let bytes = wav(&stereo, RATE, 2, Format::F32);
    let limits = DecodeLimits::default();
    let loaded = load_channels_bytes(&bytes, None, RATE, &limits).unwrap();
    assert_eq!(loaded.channels, [to_f32(&left), to_f32(&right)]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stereo.wav");
    std::fs::write(&path, bytes).unwrap();
    let loaded = load_channels_file(&path, 8_000, &limits).unwrap();
    assert_eq!((loaded.channels[0].len(), loaded.sample_rate), (4_000, 8_000));
    assert!((rms(&loaded.channels[1][500..3500]) - 0.25 / 2f64.sqrt()).abs() < 0.01);
}

#[test]
fn the_first_track_with_sound_is_decoded() {
    let tone = sine(440.0, 0.5, RATE, 0.5);
    let silent = || Track::of(&vec![0.0; 8_000], RATE);
    let bytes = mp4(&[silent(), Track::of(&tone, RATE), silent()]);
    let decoded = decode_bytes(bytes, None, &DecodeLimits::default()).unwrap();
    assert!((rms(&decoded.waveform.samples) - 0.5 / 2f64.sqrt()).abs() < 0.01);
    assert_eq!(
        decoded.report.notes,
        [DecodeNote::TrackSelected { track: 2, of: 3, has_speech: false }]
    );
    // Of silent tracks the first.
    let decoded = decode_bytes(mp4(&[silent(), silent()]), None, &DecodeLimits::default()).unwrap();
    assert_eq!(
        decoded.report.notes,
        [DecodeNote::TrackSelected { track: 1, of: 2, has_speech: false }]
    );
}
