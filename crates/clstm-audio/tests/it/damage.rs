//! Damage is reported, never a silent loss, and never a panic.

use clstm_audio::{AudioError, DecodeLimits, Decoded, decode_bytes};
use proptest::prelude::*;

use crate::support::{Format, fixture, sine, wav};

fn limits() -> DecodeLimits {
    DecodeLimits { max_duration_s: 10.0, ..Default::default() }
}

/// The error of bytes that must not decode; a waveform would fill pages of the report.
fn refused(bytes: &[u8]) -> AudioError {
    let decoded = decode_bytes(bytes, None, &limits()).and_then(Decoded::strict);
    decoded.map(|waveform| waveform.samples.len()).unwrap_err()
}

/// Overwrites 16 bytes at a fraction of the file.
fn scar(name: &str, fraction: f64) -> Vec<u8> {
    let mut bytes = fixture(name);
    let at = (bytes.len() as f64 * fraction) as usize;
    bytes[at..at + 16].fill(0x55);
    bytes
}

#[test]
fn a_damaged_flac_frame() {
    // The encoder put padding into the first three quarters.
    for fraction in [0.78, 0.82, 0.86, 0.9, 0.94, 0.98] {
        let error = refused(&scar("tone.flac", fraction));
        assert_eq!(error.kind(), "decode", "at {fraction}: {error}");
    }
}

#[test]
fn a_damaged_ogg_page() {
    // The pages of audio; the headers before are the demuxer's.
    for fraction in [0.85, 0.9, 0.95] {
        let error = refused(&scar("tone.ogg", fraction));
        assert_eq!(error.kind(), "decode", "at {fraction}: {error}");
    }
}

#[test]
fn a_damaged_mp3_frame_header() {
    for name in ["tone.mp3", "no_header.mp3", "stereo_44k_vbr.mp3"] {
        let mut bytes = fixture(name);
        // The last frame header before nine tenths: version, layer and rate repeat.
        let end = bytes.len() * 9 / 10;
        let first = bytes.windows(2).position(|w| w[0] == 0xff && w[1] & 0xf6 == 0xf2).unwrap();
        let first: [u8; 3] = bytes[first..first + 3].try_into().unwrap();
        let at = bytes[..end]
            .windows(3)
            .rposition(|w| w[..2] == first[..2] && w[2] & 0x0c == first[2] & 0x0c);
        bytes[at.unwrap()] = 0;
        let error = refused(&bytes);
        assert_eq!(error.kind(), "decode", "{name}: {error}");
        assert!(error.to_string().contains("at byte"), "{name}: {error}");
    }
}

#[test]
fn bytes_missing_in_the_middle() {
    for name in ["tone.flac", "tone.mp3", "no_header.mp3", "tone.ogg"] {
        let mut bytes = fixture(name);
        let at = bytes.len() * 9 / 10;
        bytes.drain(at - 150..at);
        let error = refused(&bytes);
        assert_eq!(error.kind(), "decode", "{name}: {error}");
    }
}

#[test]
fn files_cut_short() {
    for name in
        ["tone.flac", "tone.mp3", "no_header.mp3", "tone.ogg", "tone.m4a", "tone.aac", "tone.aiff"]
    {
        let bytes = fixture(name);
        // Within a frame: an MP3 that ends between frames and has no header seems whole.
        let cut = &bytes[..bytes.len() * 9 / 10 - 50];
        let error = refused(cut);
        assert_eq!(error.kind(), "decode", "{name}: {error}");
    }
}

#[test]
fn tags_and_zeros_behind_an_mp3_are_not_damage() {
    let plain = fixture("no_header.mp3");
    let expected = decode_bytes(&plain, None, &limits()).unwrap();
    let mut tag = b"TAG".to_vec();
    tag.resize(128, b' ');
    for tail in [tag, vec![0; 1000], vec![0; 3]] {
        let bytes = [plain.clone(), tail].concat();
        assert_eq!(decode_bytes(bytes, None, &limits()).unwrap(), expected);
    }
}

/// With overflow checks the demuxer panics on 65,535 channels of 16 bits, without them it finds no
/// sample.
#[test]
fn an_overflow_in_the_demuxer_is_an_error() {
    let mut bytes = fixture("tone.aiff");
    assert_eq!(bytes[12..16], *b"COMM");
    bytes[20..22].fill(0xff);
    let kind = refused(&bytes).kind();
    assert!(["decode", "channels", "no_samples"].contains(&kind), "{kind}");
}

/// Valid files of every container, small enough to be mutated often.
fn seeds() -> Vec<Vec<u8>> {
    let names = [
        "tone.flac",
        "tone.mp3",
        "tone.ogg",
        "tone.m4a",
        "tone.aac",
        "tone.aiff",
        "adpcm_ms.wav",
        "adpcm_ima.wav",
        "rf64.wav",
        "tone.opus",
        "tone.webm",
        "browser.webm",
        "alac.m4a",
        "video_only.mp4",
    ];
    let tone = sine(440.0, 0.5, 8_000, 0.05);
    let wavs = [wav(&tone, 8_000, 1, Format::S16), wav(&tone, 8_000, 4, Format::F32)];
    names.into_iter().map(fixture).chain(wavs).collect()
}

/// Either samples within the limits or an error with a message.
fn decodes_or_errs(bytes: &[u8]) -> Result<(), TestCaseError> {
    match decode_bytes(bytes, None, &limits()) {
        Ok(Decoded { waveform, .. }) => {
            prop_assert!(!waveform.samples.is_empty());
            prop_assert!(waveform.samples.iter().all(|x| x.is_finite()));
            prop_assert!(waveform.duration_s() <= 10.0);
        }
        Err(error) => prop_assert!(!error.to_string().is_empty()),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        decodes_or_errs(&bytes)?;
    }

    #[test]
    fn random_bytes_behind_a_magic_number(
        magic in proptest::sample::select(vec![
            &b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0"[..], b"RF64", b"fLaC\0\0\0\x22", b"OggS\0\x02",
            b"ID3\x04\0\0\0\0\0\x10", b"\xff\xfb\x90\x00", b"\0\0\0\x20ftypM4A ", b"\xff\xf1\x50\x80",
            b"FORM\0\0\x10\0AIFF",
        ]),
        rest in proptest::collection::vec(any::<u8>(), 0..2048),
    ) {
        decodes_or_errs(&[magic, &rest].concat())?;
    }

    #[test]
    fn mutated_files(
        seed in 0usize..13,
        scars in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
        // Headers hold the dangerous numbers.
        header in proptest::collection::vec((0usize..256, any::<u8>()), 0..3),
        cut in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let mut bytes = seeds().swap_remove(seed);
        for (at, value) in scars {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        for (at, value) in header {
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        decodes_or_errs(&bytes)?;
    }
}
