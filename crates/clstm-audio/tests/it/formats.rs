//! What cannot be decoded is named, and the container is found by content.

use clstm_audio::{AudioError, ContainerKind, DecodeLimits, decode_bytes, sniff};

use clstm_test_support::caf::caf_declaring;

use crate::support::mp4::{Track, mp4};
use crate::support::ogg::{FIRST, page};
use crate::support::{Format, fixture, sine, wav};

fn refused(bytes: &[u8]) -> AudioError {
    let decoded = decode_bytes(bytes, Some("wav"), &DecodeLimits::default());
    decoded.map(|decoded| decoded.waveform.samples.len()).unwrap_err()
}

fn assert_named(bytes: &[u8], words: &[&str]) {
    let error = refused(bytes);
    assert_eq!(error.kind(), "format", "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "`{error}` does not name `{word}`");
    }
}

#[test]
fn codecs_of_wav_are_named_with_the_command_that_converts() {
    for (tag, name) in
        [(0x31_u16, "GSM 6.10"), (0x28f, "G.722"), (0x65, "G.722"), (0x161, "Windows")]
    {
        let mut bytes = wav(&[0.0; 400], 8_000, 1, Format::S16);
        bytes[20..22].copy_from_slice(&tag.to_le_bytes());
        assert_named(&bytes, &[name, "ffmpeg -i INPUT OUTPUT.wav"]);
    }
}

#[test]
fn codecs_of_other_containers_are_named() {
    assert_named(&page(1, 0, FIRST, 0, &[b"Speex   1.2"]), &["Speex", "ffmpeg"]);
    assert_named(b"#!AMR\n\x3c\x91\x17", &["AMR", "ffmpeg"]);
    let bytes = mp4(&[Track::of(&[0.0; 100], 8_000)]);
    let at = bytes.windows(4).position(|kind| kind == b"twos").unwrap();
    for (kind, name) in [(b"samr", "AMR"), (b"ac-3", "AC-3"), (b"enca", "DRM")] {
        let mut bytes = bytes.clone();
        bytes[at..at + 4].copy_from_slice(kind);
        assert_named(&bytes, &[name, "ffmpeg"]);
    }
}

#[test]
fn what_is_no_recording_is_named_for_what_it_is() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:aaaa\nsize 73326\n";
    assert_named(pointer.as_bytes(), &["Git LFS pointer", "git lfs pull", ".wav"]);
    assert_named(b"<!DOCTYPE html><html><body>Sign in</body></html>", &["HTML page"]);
    assert_named(b"{\"message\": \"not found\"}", &["JSON"]);
    assert_named(b"file;label\na.wav;sad\n", &["table", "semicolons"]);
    assert_named(&[0; 10_000], &["zero bytes"]);
}

#[test]
fn the_name_does_not_matter() {
    // An ID3 tag in front of anything.
    let tag = [&b"ID3\x04\0\0\0\0\0\x0a"[..], &[0; 10]].concat();
    for name in ["tone.flac", "tone.mp3", "tone.aac", "tone.ogg", "tone.aiff", "tone.webm"] {
        let plain = fixture(name);
        let whole = decode_bytes(&plain, Some("xyz"), &DecodeLimits::default()).unwrap();
        let tagged = [tag.clone(), plain].concat();
        let tagged = decode_bytes(&tagged, None, &DecodeLimits::default()).unwrap();
        assert!(tagged.waveform == whole.waveform, "{name}");
    }
}

#[test]
fn fixtures_are_sniffed() {
    for (name, kind) in [
        ("mulaw.wav", ContainerKind::Wav),
        ("tone.aiff", ContainerKind::Aiff),
        ("tone.flac", ContainerKind::Flac),
        ("tone.opus", ContainerKind::Ogg),
        ("no_header.mp3", ContainerKind::Mpeg),
        ("tone.aac", ContainerKind::Adts),
        ("tone.m4a", ContainerKind::Mp4),
        ("browser.webm", ContainerKind::Matroska),
    ] {
        let bytes = fixture(name);
        assert_eq!(sniff(&bytes[..bytes.len().min(4096)]), Some(kind), "{name}");
    }
    let tone: Vec<u8> = sine(440.0, 0.9, 16_000, 0.2)
        .iter()
        .flat_map(|x| ((x * 32_767.0) as i16).to_le_bytes())
        .collect();
    assert_eq!(sniff(&tone), None, "raw samples");
}

#[test]
fn caf_is_decoded() {
    let caf = |count: i16, len| caf_declaring(&(0..count).collect::<Vec<_>>(), 8_000, len);
    for len in [2004, -1] {
        let decoded = decode_bytes(caf(1000, len), None, &DecodeLimits::default()).unwrap();
        let waveform = decoded.strict().unwrap();
        assert_eq!((waveform.samples.len(), waveform.sample_rate), (1000, 8_000), "{len}");
        assert!((waveform.samples[999] - 999.0 / 32_768.0).abs() < 1e-6);
    }
    let decoded = decode_bytes(caf(500, 2004), None, &DecodeLimits::default()).unwrap();
    assert_eq!(decoded.waveform.samples.len(), 500);
    assert!(decoded.report.damage.is_some());
}
