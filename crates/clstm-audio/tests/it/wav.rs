//! WAV in all its forms.

use clstm_audio::{DecodeLimits, decode_bytes, decode_file, load_bytes, load_file, resample};

use crate::support::{Format, data_len_at, fixture, measure, sine, wav};

fn decode(bytes: &[u8]) -> clstm_audio::Waveform {
    decode_bytes(bytes, Some("wav"), &DecodeLimits::default()).unwrap().strict().unwrap()
}

#[test]
fn sample_formats_decode_to_the_same_samples() {
    let tone = sine(440.0, 0.5, 16_000, 0.1);
    for format in Format::ALL {
        let decoded = decode(&wav(&tone, 16_000, 1, format));
        assert_eq!(decoded.sample_rate, 16_000);
        assert_eq!(decoded.samples.len(), tone.len(), "{format:?}");
        for (got, want) in decoded.samples.iter().zip(&tone) {
            assert!((got - *want as f32).abs() <= format.step(), "{format:?}: {got} for {want}");
        }
    }
}

#[test]
fn surround_at_96_khz_and_24_bits_is_mixed_to_the_mean() {
    let mono = sine(440.0, 0.5, 96_000, 0.2);
    let gains = [1.0, 0.2, 0.4, -0.1, 0.3, 0.6];
    let surround: Vec<f64> = mono.iter().flat_map(|x| gains.map(|gain| x * gain)).collect();
    let bytes = wav(&surround, 96_000, 6, Format::S24);
    let decoded = decode(&bytes);
    assert_eq!((decoded.samples.len(), decoded.sample_rate), (mono.len(), 96_000));
    for (got, want) in decoded.samples.iter().zip(&mono) {
        assert!((f64::from(*got) - 0.4 * want).abs() < 2e-7);
    }
    let loaded = load_bytes(&bytes, None, 16_000, &DecodeLimits::default()).unwrap().waveform;
    assert_eq!(loaded.samples.len(), 3200);
    assert!((measure(&loaded.samples[800..2400], 440.0, 16_000).amplitude - 0.2).abs() < 1e-4);
}

#[test]
fn loading_in_a_stream_equals_decoding_and_resampling() {
    let bytes = wav(&sine(300.0, 0.7, 44_100, 1.3), 44_100, 1, Format::S16);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.wav");
    std::fs::write(&path, &bytes).unwrap();
    let limits = DecodeLimits::default();
    let whole = resample(&decode_file(&path, &limits).unwrap().waveform, 16_000).unwrap();
    assert_eq!(load_file(&path, 16_000, &limits).unwrap().waveform, whole);
    assert_eq!(load_bytes(bytes, None, 16_000, &limits).unwrap().waveform, whole);
}

#[test]
fn compressed_codecs_of_wav() {
    for (name, amplitude_error, snr_db) in
        [("adpcm_ms.wav", 0.01, 25.0), ("adpcm_ima.wav", 0.01, 25.0), ("mulaw.wav", 0.01, 30.0)]
    {
        let decoded = decode(&fixture(name));
        // The last ADPCM block is filled up with silence.
        let clip = &decoded.samples[..decoded.samples.len().min(16_000)];
        let tone = measure(clip, 440.0, 16_000);
        assert!((tone.amplitude - 0.5).abs() < amplitude_error, "{name}: {}", tone.amplitude);
        assert!(tone.snr_db > snr_db, "{name}: {}", tone.snr_db);
    }
}

#[test]
fn placeholder_lengths_of_pipes_read_to_the_end() {
    for name in ["ffmpeg_pipe.wav", "sox_pipe.wav", "rf64.wav"] {
        let decoded = decode(&fixture(name));
        assert_eq!(decoded.samples.len(), 4800, "{name}");
        assert!(measure(&decoded.samples, 440.0, 16_000).snr_db > 60.0, "{name}");
    }
}

#[test]
fn lengths_that_were_never_filled_in_read_to_the_end() {
    let whole = wav(&sine(440.0, 0.5, 16_000, 0.1), 16_000, 1, Format::S16);
    let expected = decode(&whole).samples;
    // RIFF length, data length: as recorders leave them when they stop without closing the file.
    let left = [
        (0u32, 0u32),
        (36, 0),
        (u32::MAX, u32::MAX),
        (0x8000_0024, 0x8000_0000),
        (u32::MAX, 0),
        (0, u32::MAX),
    ];
    for (riff_len, data_len) in left {
        let mut bytes = whole.clone();
        let at = data_len_at(&bytes);
        bytes[4..8].copy_from_slice(&riff_len.to_le_bytes());
        bytes[at..at + 4].copy_from_slice(&data_len.to_le_bytes());
        assert_eq!(decode(&bytes).samples, expected, "RIFF {riff_len}, data {data_len}");
    }
}

#[test]
fn chunks_before_and_after_the_data_are_not_audio() {
    let tone = sine(440.0, 0.5, 16_000, 0.1);
    let plain = wav(&tone, 16_000, 1, Format::S16);
    let mut bytes = plain[..12].to_vec();
    // An odd length, padded to the next even one.
    bytes.extend(b"junk\x03\0\0\0abc\0");
    bytes.extend(&plain[12..]);
    bytes.extend(b"LIST\x04\0\0\0INFO");
    let riff_len = (bytes.len() - 8) as u32;
    bytes[4..8].copy_from_slice(&riff_len.to_le_bytes());
    assert_eq!(decode(&bytes).samples, decode(&plain).samples);
}

#[test]
fn digital_silence_decodes() {
    let decoded = decode(&wav(&[0.0; 100], 8_000, 2, Format::F32));
    assert_eq!(decoded.samples, [0.0; 50]);
}
