//! One test for every bug that was found.

use clstm_audio::{
    AudioError, Damage, DecodeLimits, DecodeNote, Decoded, LOUDEST, Waveform, decode_bytes,
    resample,
};

use clstm_test_support::caf::caf;

use crate::support::matroska::matroska;
use crate::support::mp4::{Track, boxed, fragmented, mp4, to_i16};
use crate::support::ogg::{FIRST, LAST, opus_headers, page};
use crate::support::{Format, data_len_at, fixture, sine, wav};

/// Finite samples near the largest `f32` overflowed inside the resampler's transform, which panicked.
#[test]
fn huge_samples_are_refused_instead_of_panicking() {
    let mut samples = vec![0.0; 48_000];
    samples[7] = 3e38;
    let huge = Waveform { samples, sample_rate: 48_000 };
    assert!(matches!(resample(&huge, 16_000), Err(AudioError::NonFinite { at: 7 })));

    let loud = Waveform { samples: vec![LOUDEST; 48_000], sample_rate: 48_000 };
    let resampled = resample(&loud, 16_000).unwrap();
    assert!(resampled.samples.iter().all(|x| x.is_finite()));
}

fn decode(bytes: &[u8]) -> Decoded {
    decode_bytes(bytes, None, &DecodeLimits::default()).unwrap()
}

fn seconds(bytes: &[u8]) -> f64 {
    decode(bytes).strict().unwrap().duration_s()
}

fn damage(bytes: &[u8]) -> (f64, Damage) {
    let decoded = decode(bytes);
    (decoded.waveform.duration_s(), decoded.report.damage.unwrap())
}

fn tone_wav(hz: f64, rate: u32) -> Vec<u8> {
    wav(&sine(hz, 0.5, rate, 0.5), rate, 1, Format::S16)
}

/// Files joined to one lost everything behind the first.
#[test]
fn all_of_joined_files_is_decoded() {
    let tone = sine(440.0, 0.5, 16_000, 0.5);
    let pcm: Vec<i16> = to_i16(&tone);
    let files = [
        ("WAV", tone_wav(440.0, 16_000)),
        ("AIFF", fixture("tone.aiff")),
        ("FLAC", fixture("tone.flac")),
        ("WebM", fixture("tone.webm")),
        ("WebM of a browser", fixture("browser.webm")),
        ("Matroska", matroska(16_000, &[(0, pcm)])),
        ("MP4", mp4(&[Track::of(&tone, 16_000)])),
        ("ALAC", fixture("alac.m4a")),
        ("Ogg", fixture("tone.ogg")),
        ("ADTS", fixture("tone.aac")),
    ];
    for (name, file) in &files {
        let one = seconds(file);
        for count in [2, 3] {
            let all = seconds(&file.repeat(count));
            assert!((all - count as f64 * one).abs() < 0.03, "{count} x {name}: {all} s");
        }
    }
    // Of different containers at one rate.
    let rest = [fixture("tone.flac"), fixture("tone.aiff"), tone_wav(300.0, 16_000)];
    let sum: f64 = rest.iter().map(|file| seconds(file)).sum();
    let caf = caf(&to_i16(&tone), 16_000);
    for first in [tone_wav(440.0, 16_000), fixture("tone.aiff"), fixture("alac.m4a"), caf] {
        for rest in [rest.concat(), fixture("tone.flac"), fixture("tone.ogg")] {
            let (one, rest_s) = (seconds(&first), seconds(&rest));
            let all = seconds(&[first.clone(), rest].concat());
            assert!((all - one - rest_s).abs() < 0.02, "{one} and {rest_s}: {all} s");
        }
        // MPEG audio has no signature, but frames that follow each other.
        let mp3 = [&first[..], &fixture("no_header.mp3")].concat();
        let decoded = decode(&mp3);
        let both = seconds(&first) + seconds(&fixture("no_header.mp3"));
        let is_whole = (decoded.report.duration_s - both).abs() < 0.02;
        assert!(is_whole || decoded.report.damage.is_some(), "{}", decoded.report.duration_s);
    }
    assert!(sum > 1.0);
}

/// As above, where the first header was written without knowing the length.
#[test]
fn joined_recordings_of_a_pipe_are_separated() {
    let file = fixture("ffmpeg_pipe.wav");
    let one = seconds(&file);
    assert!((seconds(&file.repeat(2)) - 2.0 * one).abs() < 1e-6);
}

#[test]
fn a_joined_file_that_cannot_be_decoded_is_damage() {
    let first = tone_wav(440.0, 16_000);
    // Another rate, which cannot be part of the same signal.
    let eight = Track::of(&sine(440.0, 0.5, 8_000, 0.5), 8_000);
    let pcm = to_i16(&sine(440.0, 0.5, 8_000, 0.1));
    let clusters: Vec<(u32, Vec<i16>)> = (0..5).map(|n| (100 * n, pcm.clone())).collect();
    for other in [tone_wav(440.0, 8_000), mp4(&[eight]), matroska(8_000, &clusters)] {
        let (kept, damaged) = damage(&[first.clone(), other].concat());
        assert_eq!(kept, 0.5);
        assert!(damaged.message.contains("8000 Hz"), "{damaged:?}");
        assert!((0.3..=0.5).contains(&damaged.missing_s), "{damaged:?}");
    }
    // A codec without a decoder, and a header that was cut.
    let mut gsm = first.clone();
    gsm[20] = 0x31;
    let (kept, damaged) = damage(&[first.clone(), gsm].concat());
    assert_eq!((kept, damaged.at_byte), (0.5, Some(first.len() as u64)));
    assert!(damaged.message.contains("GSM"), "{damaged:?}");
    let (kept, damaged) = damage(&[&first[..], &first[..30]].concat());
    assert_eq!((kept, damaged.at_byte), (0.5, Some(first.len() as u64)));
    // Behind FLAC, whose frames have no length.
    let flac = fixture("tone.flac");
    let (kept, _) = damage(&[&flac[..], &first[12..]].concat());
    assert!(kept > 0.4 && kept <= seconds(&flac), "{kept}");
}

/// A length of the samples below the truth lost the rest without a word.
#[test]
fn samples_behind_the_length_in_the_header_are_decoded() {
    let whole = tone_wav(440.0, 16_000);
    let at = data_len_at(&whole);
    let mut short = whole.clone();
    short[at..at + 4].copy_from_slice(&4000_u32.to_le_bytes());
    let (kept, damaged) = damage(&short);
    assert_eq!((kept, damaged.missing_s), (0.5, 0.0));
    assert!(damaged.message.contains("12000 more"), "{damaged:?}");
    // What is no audio is not decoded, and a tag is no damage.
    let (kept, damaged) = damage(&[&whole[..], b"<html>504 Gateway Timeout</html>"].concat());
    assert_eq!((kept, damaged.at_byte), (0.5, Some(whole.len() as u64)));
    let mut tag = b"TAG".to_vec();
    tag.resize(128, b' ');
    for tail in [tag, vec![0; 1000], b"LIST\x04\0\0\0INFO".to_vec()] {
        assert_eq!(seconds(&[&whole[..], &tail].concat()), 0.5);
    }
}

/// Pages of ten packets of Opus, 20 ms each, without those that are `lost`; `begins` with its headers or not.
fn opus(serial: u32, pages: u32, lost: &[u32], begins: bool) -> Vec<u8> {
    let packet: Vec<u8> =
        (0..40_u8).map(|i| if i == 0 { 0x08 } else { i.wrapping_mul(37) }).collect();
    let packets = [&packet[..]; 10];
    let mut file = if begins { opus_headers(serial, 0) } else { Vec::new() };
    for n in (1..=pages).filter(|n| !lost.contains(n)) {
        let flags = if n == pages { LAST } else { 0 };
        file.extend(page(serial, n + 1, flags, i64::from(n) * 9_600, &packets));
    }
    file
}

/// A fragmented MP4 hid what was joined to it, and a cut in the first file all of the second.
#[test]
fn recordings_behind_fragments_and_cuts_are_decoded() {
    let tone = Track::of(&sine(440.0, 0.5, 16_000, 0.5), 16_000);
    let fragments = fragmented(&tone, &[0]);
    assert_eq!(seconds(&fragments.repeat(2)), 1.0);
    assert_eq!(seconds(&[&fragments[..], &mp4(std::slice::from_ref(&tone))].concat()), 1.0);
    // Segments of one recording, each with its description: the times go on.
    let segments = [fragments.clone(), fragmented(&tone, &[8_000]), fragmented(&tone, &[16_000])];
    assert_eq!(seconds(&segments.concat()), 1.5);
    let webm = fixture("browser.webm");
    for (name, first, second) in [
        ("WebM", &webm[..webm.len() * 2 / 3], &webm[..]),
        ("MP4", &fragments[..fragments.len() - 4_000], &fragments),
    ] {
        let (kept, damaged) = damage(&[first, second].concat());
        let (cut, whole) = (damage(first).0, seconds(second));
        assert!(
            (kept - cut - whole).abs() < 0.07,
            "{name}: {kept} s of {cut} and {whole}, {damaged:?}"
        );
    }
}

/// A movie box without its last bytes, which hold metadata, lost the recording.
#[test]
fn an_mp4_without_its_last_bytes_is_decoded() {
    let mut file = mp4(&[Track::of(&sine(440.0, 0.5, 16_000, 0.5), 16_000)]);
    let at = file.windows(4).position(|kind| kind == b"moov").unwrap() - 4;
    let len = (file.len() - at + 108) as u32;
    file[at..at + 4].copy_from_slice(&len.to_be_bytes());
    file.extend(boxed(b"udta", &[0; 100]));
    assert_eq!(seconds(&file), 0.5);
    let (kept, damaged) = damage(&file[..file.len() - 10]);
    assert_eq!(kept, 0.5);
    assert!(damaged.message.contains("moov"), "{damaged:?}");
    // A table that is cut is not used.
    assert!(decode_bytes(&file[..file.len() - 120], None, &DecodeLimits::default()).is_err());
}

/// Lost pages of Ogg were reported as 0 s.
#[test]
fn lost_ogg_pages_are_counted_in_seconds() {
    assert_eq!(seconds(&opus(1, 10, &[], true)), 2.0);
    for (lost, expected_s) in [(&[4][..], 0.2), (&[4, 5, 6], 0.6), (&[3, 8], 0.4)] {
        let (kept, damaged) = damage(&opus(1, 10, lost, true));
        assert!((kept - 2.0).abs() < 1e-9, "{lost:?}: {kept}");
        assert!((damaged.missing_s - expected_s).abs() < 0.02, "{lost:?}: {damaged:?}");
    }
}

/// Pages of a chained stream without its first page were passed over.
#[test]
fn an_ogg_stream_without_its_beginning_is_damage() {
    let first = opus(1, 5, &[], true);
    let (kept, damaged) = damage(&[&first[..], &opus(2, 5, &[], false)].concat());
    assert!((kept - 1.0).abs() < 1e-9, "{kept}");
    assert_eq!(damaged.at_byte, Some(first.len() as u64));
    assert_eq!(seconds(&[&first[..], &opus(2, 5, &[], true)].concat()), 2.0);
    // What follows a stream that cannot be decoded is.
    let mut speex = page(2, 0, FIRST, 0, &[&[&b"Speex   "[..], &[0; 72]].concat()]);
    speex.extend(page(2, 1, LAST, 320, &[&[0; 38]]));
    let (kept, damaged) = damage(&[first, speex, opus(3, 5, &[], true)].concat());
    assert!((kept - 2.0).abs() < 1e-9, "{kept}");
    assert!(damaged.message.contains("Speex"), "{damaged:?}");
}

fn speech() -> Vec<f64> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/sample.wav");
    let decoded = decode(&std::fs::read(path).unwrap()).waveform;
    assert_eq!(decoded.sample_rate, 16_000);
    decoded.samples.iter().map(|x| f64::from(*x)).collect()
}

fn interleaved(channels: &[&[f64]]) -> Vec<f64> {
    (0..channels[0].len()).flat_map(|n| channels.iter().map(move |channel| channel[n])).collect()
}

/// A hum on one channel took half of the speech on the other.
#[test]
fn a_channel_with_sound_and_no_speech_is_left_out() {
    let speech = speech();
    let hum = &sine(50.0, 0.1, 16_000, 60.0)[..speech.len()];
    let mono = decode(&wav(&speech, 16_000, 1, Format::F32)).waveform;
    for (channels, left_out) in [([&speech[..], hum], 2), ([hum, &speech], 1)] {
        let decoded = decode(&wav(&interleaved(&channels), 16_000, 2, Format::F32));
        assert_eq!(decoded.waveform, mono, "channel {left_out}");
        let expected = DecodeNote::ChannelsLeftOut { channels: vec![left_out] };
        assert_eq!(decoded.report.notes, [expected]);
    }
    // Speech on both, and silence on one, are mixed as ever.
    let half: Vec<f64> = speech.iter().map(|x| 0.5 * x).collect();
    for other in [&half[..], &vec![0.0; speech.len()]] {
        let decoded = decode(&wav(&interleaved(&[&speech, other]), 16_000, 2, Format::F32));
        assert_eq!(decoded.report.notes, []);
        assert_ne!(decoded.waveform, mono);
    }
    // Without any speech there is nothing to prefer.
    let tone = &sine(440.0, 0.1, 16_000, 60.0)[..speech.len()];
    let decoded = decode(&wav(&interleaved(&[tone, hum]), 16_000, 2, Format::F32));
    assert_eq!(decoded.report.notes, []);
}

/// The first track with sound was taken, be it music.
#[test]
fn the_first_track_with_speech_is_decoded() {
    let (speech, hum) = (speech(), sine(50.0, 0.1, 16_000, 3.0));
    let track = |samples: &[f64]| Track::of(samples, 16_000);
    let decoded = decode(&mp4(&[track(&[0.0; 8_000]), track(&hum), track(&speech), track(&hum)]));
    assert_eq!(decoded.waveform.samples.len(), speech.len());
    let expected = DecodeNote::TrackSelected { track: 3, of: 4, has_speech: true };
    assert_eq!(decoded.report.notes, [expected]);
}

/// AMR in 3GP, and what messengers and old recorders write, is named with the command that converts it.
#[test]
fn what_is_not_decoded_is_named() {
    let mut amr = mp4(&[Track::of(&sine(440.0, 0.5, 8_000, 0.1), 8_000)]);
    let at = amr.windows(4).position(|kind| kind == b"twos").unwrap();
    for (kind, name) in [(b"samr", "AMR,"), (b"sawb", "AMR-WB"), (b"ac-3", "AC-3")] {
        amr[at..at + 4].copy_from_slice(kind);
        let error = decode_bytes(&amr, None, &DecodeLimits::default()).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(name) && message.contains("`ffmpeg -i"), "{message}");
        assert!(matches!(error, AudioError::UnsupportedCodec { .. }));
    }
    let mut wave = tone_wav(440.0, 8_000);
    for (tag, name) in [(0x31_u16, "GSM 6.10"), (0x28f, "G.722"), (0xa109, "Speex")] {
        wave[20..22].copy_from_slice(&tag.to_le_bytes());
        let error = decode_bytes(&wave, None, &DecodeLimits::default()).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
    let speex = page(1, 0, FIRST, 0, &[&[&b"Speex   "[..], &[0; 72]].concat()]);
    let error = decode_bytes(&speex, None, &DecodeLimits::default()).unwrap_err();
    assert!(error.to_string().contains("Speex"), "{error}");
}
