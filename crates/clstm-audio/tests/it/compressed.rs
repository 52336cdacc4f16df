//! FLAC, MP3, Ogg, WebM, M4A, ADTS and AIFF: the tone comes out at its pitch and level.

use clstm_audio::{DecodeLimits, decode_bytes, decode_file, load_file};

use crate::support::{fixture, fixture_path, measure};

/// Decodes a fixture and checks the tone away from the edges, which encoders blur.
fn check(name: &str, rate: u32, seconds: f64, length_error: usize, snr_db: f64) {
    // LAME lowers the level by 5 % at low bitrates.
    let level = if name.ends_with(".mp3") && rate == 16_000 { 0.475 } else { 0.5 };
    let decoded = decode_file(&fixture_path(name), &DecodeLimits::default()).unwrap();
    let decoded = decoded.strict().unwrap();
    assert_eq!(decoded.sample_rate, rate, "{name}");
    let wanted = (seconds * f64::from(rate)).round() as usize;
    let n = decoded.samples.len();
    assert!(n.abs_diff(wanted) <= length_error, "{name}: {n} samples, not {wanted}");
    let edge = rate as usize / 10;
    let tone = measure(&decoded.samples[edge..n - edge], 440.0, rate);
    assert!((tone.amplitude - level).abs() < 0.01, "{name}: amplitude {}", tone.amplitude);
    assert!(tone.snr_db > snr_db, "{name}: {} dB", tone.snr_db);
    // Another pitch finds nothing: the measure can fail.
    assert!(measure(&decoded.samples[edge..n - edge], 466.16, rate).amplitude < 0.2);
}

#[test]
fn flac() {
    check("tone.flac", 16_000, 0.5, 0, 78.0);
}

#[test]
fn aiff() {
    check("tone.aiff", 16_000, 0.3, 0, 78.0);
}

#[test]
fn mp3_without_encoder_delay() {
    check("tone.mp3", 16_000, 1.0, 0, 40.0);
}

#[test]
fn mp3_with_variable_bitrate_in_stereo() {
    check("stereo_44k_vbr.mp3", 44_100, 0.5, 0, 40.0);
}

#[test]
fn mp3_without_a_header_keeps_its_padding() {
    check("no_header.mp3", 16_000, 1.0, 1728, 40.0);
}

#[test]
fn ogg_vorbis() {
    check("tone.ogg", 16_000, 1.0, 0, 30.0);
}

#[test]
fn m4a_aac() {
    // The edit list takes the encoder's delay away; the last packet is filled up.
    check("tone.m4a", 16_000, 1.0, 1023, 27.0);
}

#[test]
fn m4a_alac() {
    check("alac.m4a", 16_000, 0.3, 0, 78.0);
}

#[test]
fn adts_aac() {
    check("tone.aac", 16_000, 1.0, 2048, 27.0);
}

#[test]
fn ogg_opus_in_stereo() {
    check("tone.opus", 48_000, 1.0, 0, 20.0);
}

#[test]
fn webm_opus_of_a_file() {
    // WebM counts milliseconds.
    check("tone.webm", 48_000, 1.0, 48, 24.0);
}

#[test]
fn webm_opus_of_a_browser() {
    check("browser.webm", 48_000, 1.2, 9600, 25.0);
}

#[test]
fn webm_that_was_cut_short_is_reported() {
    for name in ["tone.webm", "browser.webm"] {
        let bytes = fixture(name);
        for missing in [1, 30] {
            let cut = decode_bytes(&bytes[..bytes.len() - missing], None, &DecodeLimits::default());
            assert!(cut.unwrap().report.damage.is_some(), "{name} without {missing}");
        }
    }
}

#[test]
fn loading_resamples_every_format() {
    for name in ["tone.flac", "tone.mp3", "stereo_44k_vbr.mp3", "tone.ogg", "tone.opus", "tone.m4a"]
    {
        let native = decode_file(&fixture_path(name), &DecodeLimits::default()).unwrap().waveform;
        let loaded =
            load_file(&fixture_path(name), 8_000, &DecodeLimits::default()).unwrap().waveform;
        let wanted = (native.duration_s() * 8_000.0).round() as usize;
        assert_eq!((loaded.samples.len(), loaded.sample_rate), (wanted, 8_000), "{name}");
        let tone = measure(&loaded.samples[800..wanted - 800], 440.0, 8_000);
        assert!((tone.amplitude - 0.5).abs() < 0.03, "{name}: amplitude {}", tone.amplitude);
    }
}
