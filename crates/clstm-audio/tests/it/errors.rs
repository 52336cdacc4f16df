//! Each bad input has an error of its own, with a stable word and a message that helps.

use std::path::Path;

use clstm_audio::{
    AudioError, DecodeLimits, Decoded, decode_bytes, decode_file, load_bytes, load_file,
};

use crate::support::{Format, data_len_at, fixture, fixture_path, sine, wav};

fn refused(bytes: impl AsRef<[u8]>) -> AudioError {
    let decoded = decode_bytes(bytes, Some("wav"), &DecodeLimits::default());
    decoded.and_then(Decoded::strict).map(|waveform| waveform.samples.len()).unwrap_err()
}

/// The word, and something that the message must name.
fn assert_error(error: &AudioError, kind: &str, words: &str) {
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(words), "`{error}` does not contain `{words}`");
}

#[test]
fn paths() {
    let limits = DecodeLimits::default();
    let missing = Path::new("no/such/recording.wav");
    assert_error(&decode_file(missing, &limits).unwrap_err(), "not_found", "recording.wav");
    assert_error(&load_file(missing, 16_000, &limits).unwrap_err(), "not_found", "recording.wav");
    let folder = tempfile::tempdir().unwrap();
    assert_error(&decode_file(folder.path(), &limits).unwrap_err(), "is_directory", "folder");
}

#[test]
fn files_give_the_errors_that_bytes_give() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.wav");
    let cases = [Vec::new(), b"not audio, only text".to_vec(), wav(&[], 8000, 1, Format::S16)];
    for bytes in cases {
        std::fs::write(&path, &bytes).unwrap();
        let error = decode_file(&path, &DecodeLimits::default()).unwrap_err();
        assert_eq!(error.to_string(), refused(&bytes).to_string());
    }
}

#[test]
fn no_bytes() {
    assert_error(&refused([]), "empty", "0 bytes");
}

#[test]
fn text_named_wav() {
    assert_error(&refused("path,emotion\na.wav,sad\n".repeat(50)), "format", ".wav");
}

#[test]
fn no_samples() {
    assert_error(&refused(wav(&[], 16_000, 1, Format::S16)), "no_samples", "no samples");
}

#[test]
fn not_a_number() {
    let mut samples = sine(440.0, 0.5, 16_000, 0.5);
    samples.fill(f64::NAN);
    assert_error(&refused(wav(&samples, 16_000, 1, Format::F32)), "non_finite", "sample 0");
    assert_error(&refused(wav(&[f64::NAN; 9], 8_000, 1, Format::F64)), "non_finite", "sample 0");
}

#[test]
fn loud_samples_are_accepted_and_nothing_but_huge_ones_refused() {
    let bytes = wav(&[1e19; 8], 8_000, 4, Format::F32);
    let decoded = decode_bytes(bytes, None, &DecodeLimits::default()).unwrap();
    assert!(decoded.waveform.samples.iter().all(|x| (x / 1e19 - 1.0).abs() < 1e-6));
    assert_error(&refused(wav(&[3e38; 8], 8_000, 4, Format::F32)), "non_finite", "sample 0");
}

#[test]
fn wav_cut_short() {
    let whole = wav(&sine(440.0, 0.5, 16_000, 0.5), 16_000, 1, Format::S16);
    let error = refused(&whole[..whole.len() - 4001]);
    assert_error(&error, "decode", "promises 16000 bytes");
    assert_error(&error, "decode", "has 11999");
    let damaged =
        decode_bytes(&whole[..whole.len() - 4001], None, &DecodeLimits::default()).unwrap();
    assert_eq!(damaged.waveform.samples.len(), 5999);
    let damage = damaged.report.damage.unwrap();
    assert!((damage.missing_s - 2001.0 / 16_000.0).abs() < 1e-9, "{damage:?}");
    assert_eq!(damage.at_byte, Some(12_043));
    for len in [13, 20, 30, 40] {
        assert_eq!(refused(&whole[..len]).kind(), "decode", "{len} bytes");
    }
    // Also where the RIFF length is a placeholder but that of the data is not.
    let mut streamed = whole[..whole.len() - 4001].to_vec();
    streamed[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(refused(&streamed).kind(), "decode");
}

#[test]
fn rf64_cut_short() {
    let whole = fixture("rf64.wav");
    assert_error(&refused(&whole[..whole.len() - 100]), "decode", "promises 9600 bytes");
}

#[test]
fn a_rate_or_channel_count_out_of_bounds() {
    let limits = DecodeLimits { max_channels: 2, max_sample_rate: 48_000, ..Default::default() };
    let decode = |bytes: Vec<u8>| decode_bytes(bytes, None, &limits);
    assert!(decode(wav(&[0.0; 60], 48_000, 2, Format::S16)).is_ok());
    let error = decode(wav(&[0.0; 60], 48_000, 3, Format::S16)).unwrap_err();
    assert_error(&error, "channels", "3 channels");
    let mut absurd = wav(&[0.0; 60], 48_000, 2, Format::S16);
    absurd[22..24].fill(0xff);
    assert_error(&decode(absurd).unwrap_err(), "channels", "65535 channels");
    let error = decode(wav(&[0.0; 60], 96_000, 1, Format::S16)).unwrap_err();
    assert_error(&error, "sample_rate", "96000 Hz");
    let error = decode(wav(&[0.0; 60], 100, 1, Format::S16)).unwrap_err();
    assert_error(&error, "sample_rate", "100 Hz");
}

#[test]
fn the_length_limit_holds_while_decoding_whatever_the_header_declares() {
    let limits = DecodeLimits { max_duration_s: 0.5, ..Default::default() };
    let fits = wav(&[0.0; 4000], 8_000, 1, Format::S16);
    assert_eq!(decode_bytes(&fits, None, &limits).unwrap().waveform.samples.len(), 4000);
    let mut long = wav(&[0.0; 4001], 8_000, 1, Format::S16);
    let error = load_bytes(&long, None, 16_000, &limits).unwrap_err();
    assert_error(&error, "too_long", "0.5 s");
    // A placeholder as length hides nothing.
    let at = data_len_at(&long);
    long[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(decode_bytes(&long, None, &limits).unwrap_err().kind(), "too_long");
    let error = decode_file(&fixture_path("tone.mp3"), &limits).unwrap_err();
    assert_eq!(error.kind(), "too_long");
}

#[test]
fn too_many_bytes() {
    let limits = DecodeLimits { max_bytes: 1000, ..Default::default() };
    let error = decode_file(&fixture_path("tone.mp3"), &limits).unwrap_err();
    assert_error(&error, "too_large", "1000 bytes");
}

#[test]
fn a_target_rate_that_is_not_supported() {
    let error = load_bytes(fixture("tone.mp3"), None, 0, &DecodeLimits::default()).unwrap_err();
    assert_error(&error, "sample_rate", "0 Hz");
}

#[test]
fn video_without_audio() {
    let error = decode_file(&fixture_path("video_only.mp4"), &DecodeLimits::default()).unwrap_err();
    assert_error(&error, "no_audio", "no audio track");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.wav");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no mkfifo here");
        return;
    }
    let bytes = fixture("ffmpeg_pipe.wav");
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, bytes)
    });
    let decoded = decode_file(&pipe, &DecodeLimits::default()).unwrap();
    writer.join().unwrap().unwrap();
    assert_eq!(decoded.waveform.samples.len(), 4800);
}
