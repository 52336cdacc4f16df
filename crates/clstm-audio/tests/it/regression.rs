//! One test for every bug that was found.

mod pcm_headers;
mod tags;
mod time_stamps;

use clstm_audio::{
    AudioError, ContainerKind, Damage, DecodeLimits, DecodeNote, Decoded, LOUDEST, LiveDecoder,
    Waveform, decode_bytes, resample,
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
    // Segments of one recording, each with its description: the times continue.
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

/// A chunk of RIFF.
fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let len = (body.len() as u32).to_le_bytes();
    let padding = &[0][..body.len() % 2];
    [&kind[..], &len, body, padding].concat()
}

fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = [&b"WAVE"[..], &chunks.concat()].concat();
    [&b"RIFF"[..], &(body.len() as u32).to_le_bytes(), &body].concat()
}

fn pcm_format(frame_len: u16, bits: u16) -> Vec<u8> {
    let rate = 16_000_u32;
    let numbers = [&rate.to_le_bytes()[..], &(rate * u32::from(frame_len)).to_le_bytes()].concat();
    let sizes = [frame_len.to_le_bytes(), bits.to_le_bytes()].concat();
    chunk(b"fmt ", &[&[1, 0, 1, 0][..], &numbers, &sizes].concat())
}

/// Samples in several chunks lost all but those of the first, without a word.
#[test]
fn all_chunks_of_samples_of_a_wav_are_decoded() {
    let whole = tone_wav(440.0, 16_000);
    let samples = &whole[data_len_at(&whole) + 4..];
    let half = samples.len() / 2 / 2 * 2;
    let (first, second) = samples.split_at(half);
    let list = chunk(b"LIST", b"INFOISFT\x04\0\0\0test");
    let format = pcm_format(2, 16);
    let parts = [format, chunk(b"data", first), list.clone(), chunk(b"data", second), list];
    let joined = decode(&riff(&parts)).strict().unwrap();
    assert_eq!(joined.samples, decode(&whole).strict().unwrap().samples);
}

/// PCM of 12 or 20 bits, which fills whole bytes, was called damaged.
#[test]
fn pcm_of_any_number_of_bits_is_decoded() {
    let tone = sine(440.0, 0.5, 16_000, 0.1);
    let expected = decode(&wav(&tone, 16_000, 1, Format::S16)).waveform.samples;
    for (frame_len, bits) in [(2_u16, 12_u16), (3, 20), (4, 28), (2, 0)] {
        let kept = if bits == 0 { 16 } else { bits };
        let data: Vec<u8> = tone
            .iter()
            .flat_map(|x| {
                let value = ((x * 2_147_483_648.0) as i32) & (-1 << (32 - kept));
                value.to_le_bytes()[4 - usize::from(frame_len)..].to_vec()
            })
            .collect();
        let file = riff(&[pcm_format(frame_len, bits), chunk(b"data", &data)]);
        let decoded = decode(&file).strict().unwrap();
        assert_eq!(decoded.samples.len(), expected.len(), "{bits} bits");
        let step = 2_f32.powi(1 - i32::from(kept.min(16))) + 1e-6;
        let mut pairs = decoded.samples.iter().zip(&expected);
        assert!(pairs.all(|(a, b)| (a - b).abs() <= step), "{bits} bits");
    }
    let long = riff(&[pcm_format(8, 64), chunk(b"data", &[0; 8000])]);
    let error = decode_bytes(&long, None, &DecodeLimits::default()).unwrap_err();
    assert!(matches!(error, AudioError::UnsupportedCodec { .. }), "{error}");
}

/// The times of all frames were computed from the block lengths in the stream description, right or wrong: 0.5 s
/// became minutes of silence.
#[test]
fn block_lengths_of_flac_are_those_of_its_frames() {
    let intact = fixture("tone.flac");
    let expected = decode(&intact).strict().unwrap();
    for lengths in [[0xff; 4], [0, 16, 0, 16], [0, 16, 0xff, 0xff]] {
        let mut file = intact.clone();
        file[8..12].copy_from_slice(&lengths);
        let decoded = decode(&file).strict().unwrap();
        assert_eq!(decoded.samples, expected.samples, "{lengths:?}");
    }
}

/// Lengths that were never filled in counted as hours of missing samples, and those of CAF not at all.
#[test]
fn only_lengths_that_were_filled_in_show_missing_samples() {
    let mut aiff = fixture("tone.aiff");
    let at = aiff.windows(4).position(|id| id == b"SSND").unwrap();
    for placeholder in [u32::MAX, 0x7f00_0008, 0x7fff_ffff] {
        aiff[at + 4..at + 8].copy_from_slice(&placeholder.to_be_bytes());
        assert!(decode(&aiff).report.damage.is_none(), "{placeholder:x}");
    }
    let data = [0; 8000];
    let sizes = [1 << 63, 1 << 63, 1 << 62_u64].map(u64::to_le_bytes).concat();
    let mut data_chunk = chunk(b"data", &data);
    data_chunk[4..8].fill(0xff);
    let mut long =
        riff(&[chunk(b"ds64", &[&sizes[..], &[0; 4]].concat()), pcm_format(2, 16), data_chunk]);
    long[..8].copy_from_slice(b"RF64\xff\xff\xff\xff");
    assert!(decode(&long).report.damage.is_none());

    let file = caf(&[1000; 16_000], 16_000);
    let (duration_s, damage) = damage(&file[..file.len() / 2]);
    assert!((duration_s + damage.missing_s - 1.0).abs() < 0.01, "{duration_s} s, {damage:?}");
}

/// A tag that claims more bytes than the file has lost the whole recording.
#[test]
fn a_recording_inside_of_a_tag_of_wrong_length_is_decoded() {
    let intact = fixture("tone.mp3");
    let tagged = [&b"ID3\x03\0\0\x7f\x7f\x7f\x7f"[..], &intact].concat();
    assert_eq!(seconds(&tagged), seconds(&intact));
}

/// A decode time near the largest number ended the recording without a word.
#[test]
fn impossible_decode_times_of_fragments_are_passed_over() {
    let sound = to_i16(&sine(300.0, 0.5, 8_000, 0.5));
    let chunks = vec![(sound.clone(), 0), (sound.clone(), 0), (sound, 0)];
    let track = Track { rate: 8_000, chunks, ..Track::default() };
    let mut file = fragmented(&track, &[0, 0x7fff_ffff, 8000]);
    let time = file.windows(4).enumerate().filter(|(_, id)| *id == b"tfdt").nth(1).unwrap().0;
    // Version 1: a number of 64 bits.
    file[time + 4] = 1;
    assert_eq!(decode(&file).waveform.samples.len(), 12_000);
}

/// ALAC of QuickTime has its description inside of a box `wave`.
#[test]
fn alac_of_quicktime_is_decoded() {
    let mut file = fixture("alac.m4a");
    let intact = decode(&file).strict().unwrap();
    let places: Vec<usize> =
        (0..file.len() - 4).filter(|at| file[*at..].starts_with(b"alac")).collect();
    // The sample entry, and the description inside of it.
    let (entry, inner) = (places[places.len() - 2], places[places.len() - 1] - 4);
    let len = u32::from_be_bytes(file[inner..inner + 4].try_into().unwrap());
    let mut parents: Vec<usize> = [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"]
        .iter()
        .map(|kind| file.windows(4).rposition(|id| id == *kind).unwrap())
        .collect();
    parents.push(entry);
    for kind in parents {
        let size = u32::from_be_bytes(file[kind - 4..kind].try_into().unwrap());
        file[kind - 4..kind].copy_from_slice(&(size + 8).to_be_bytes());
    }
    let wave = [&(len + 8).to_be_bytes()[..], b"wave"].concat();
    file.splice(inner..inner, wave);
    assert_eq!(decode(&file).strict().unwrap().samples, intact.samples);
}

/// Files of different rates joined to one lost everything behind the first.
#[test]
fn joined_files_of_different_rates_are_decoded_at_the_first_rate() {
    for (first, second) in [(16_000, 48_000), (44_100, 8_000), (8_000, 44_100)] {
        let files = [tone_wav(440.0, first), tone_wav(440.0, second), tone_wav(440.0, first)];
        let joined = decode(&files.concat()).strict().unwrap();
        assert_eq!(joined.sample_rate, first);
        assert!((joined.duration_s() - 1.5).abs() < 0.002, "{} s", joined.duration_s());
        // The tone continues in each part.
        for part in joined.samples.chunks(joined.samples.len() / 3).take(3) {
            let inside = &part[part.len() / 4..part.len() * 3 / 4];
            let rms = (inside.iter().map(|x| x * x).sum::<f32>() / inside.len() as f32).sqrt();
            assert!((rms - 0.5 / 2_f32.sqrt()).abs() < 0.01, "{first} and {second} Hz: {rms}");
        }
    }
    // Of other containers, whose times and delays are in their own frames.
    let eight = Track::of(&sine(440.0, 0.5, 8_000, 0.5), 8_000);
    let pcm = to_i16(&sine(440.0, 0.5, 8_000, 0.1));
    let clusters: Vec<(u32, Vec<i16>)> = (0..5).map(|n| (100 * n, pcm.clone())).collect();
    for other in [mp4(&[eight]), matroska(8_000, &clusters)] {
        let joined = seconds(&[tone_wav(440.0, 16_000), other].concat());
        assert!((joined - 1.0).abs() < 0.02, "{joined} s");
    }
    let parts = [tone_wav(440.0, 32_000), fixture("tone.flac"), fixture("tone.ogg")];
    let expected: f64 = parts.iter().map(|part| seconds(part)).sum();
    let joined = seconds(&parts.concat());
    assert!((joined - expected).abs() < 0.03, "{joined} s instead of {expected} s");
}

/// Hum in phase opposition decided for the channels, and speech in phase cancelled.
#[test]
fn hum_in_phase_opposition_cancels_and_the_voice_stays() {
    let rate = 16_000;
    let hum = sine(50.0, 0.3, rate, 1.0);
    // A voice of many harmonics with pauses.
    let voice: Vec<f64> = (0..hum.len())
        .map(|n| {
            let t = n as f64 / f64::from(rate);
            let on = if ((t * 4.0) as u32).is_multiple_of(2) { 0.02 } else { 0.0 };
            (1..15).map(|k| (std::f64::consts::TAU * 180.0 * f64::from(k) * t).sin()).sum::<f64>()
                * on
        })
        .collect();
    let stereo: Vec<f64> =
        voice.iter().zip(&hum).flat_map(|(voice, hum)| [voice + hum, voice - hum]).collect();
    let mono = decode(&wav(&stereo, rate, 2, Format::F32)).waveform.samples;
    let pairs = mono.iter().zip(&voice);
    let error = pairs.map(|(a, b)| (f64::from(*a) - b).powi(2)).sum::<f64>() / voice.len() as f64;
    assert!(error.sqrt() < 1e-4, "{}", error.sqrt());
}

/// Runs of up to 2^32 samples without bytes were processed sample by sample, without regard to the deadline.
#[test]
fn runs_of_samples_without_bytes_take_no_time() {
    let mut file = fragmented(&Track::of(&sine(440.0, 0.5, 8_000, 0.5), 8_000), &[0]);
    // The size of a sample is 0, and its duration 1 by the index.
    let header = boxed(b"tfhd", &[0, 2, 0, 0x10, 0, 0, 0, 1, 0, 0, 0, 0]);
    let run = boxed(b"trun", &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    let traf = boxed(b"traf", &[header, run.repeat(1000)].concat());
    file.extend([boxed(b"moof", &traf), boxed(b"mdat", b"")].concat());
    assert_eq!(seconds(&file), 0.5);
}

/// Fragments of 16 bytes behind an index of 64 KiB: each had the index parsed again.
#[test]
fn short_fragments_behind_a_long_index_are_refused() {
    let whole = fragmented(&Track::of(&sine(440.0, 0.5, 8_000, 0.5), 8_000), &[]);
    let index = whole.windows(4).position(|kind| kind == b"moov").unwrap() + 4;
    let body = [&whole[index..], &boxed(b"free", b"").repeat(7000)].concat();
    let start = [&whole[..index - 8], &boxed(b"moov", &body)].concat();
    let fragment = [boxed(b"moof", b""), boxed(b"mdat", b"")].concat();
    let file = [start, fragment.repeat(10_000)].concat();
    for size in [997, file.len()] {
        let mut live = LiveDecoder::new(ContainerKind::Mp4).unwrap();
        let mut errors =
            file.chunks(size).filter_map(|piece| live.push(piece, &mut Vec::new()).err());
        assert_eq!(errors.next().map(|error| error.kind()), Some("too_complex"), "{size}");
    }
}

/// The place in a stream whose times are near the largest number was negative by overflow, and its sound was lost.
#[test]
fn sound_at_the_largest_times_is_decoded() {
    let mut file = opus_headers(1, 0);
    for number in 2..12 {
        file.extend(page(1, number, 0, i64::MAX, &[&[0x08, 1, 2, 3]]));
    }
    let (duration_s, _) = damage(&file);
    assert!((duration_s - 0.2).abs() < 1e-9, "{duration_s} s");
}
