//! Recordings of browsers that are decoded while they arrive.

use std::process::Command;

use clstm_audio::{
    AudioError, ContainerKind, DecodeLimits, Decoded, LiveDecoder, decode_bytes, sniff,
    stream_channels_bytes,
};
use proptest::prelude::*;

use crate::support::mp4::{Track, boxed, fragmented, to_i16};
use crate::support::ogg::{opus_headers, page};
use crate::support::{fixture, fixture_path, sine};

fn decoder(bytes: &[u8]) -> LiveDecoder {
    LiveDecoder::new(sniff(bytes).expect("a container")).expect("a live container")
}

/// The samples of a recording in pieces of these sizes, in turn.
fn in_pieces(bytes: &[u8], sizes: &[usize]) -> (Vec<f32>, LiveDecoder) {
    let (mut live, mut samples, mut rest) = (decoder(bytes), Vec::new(), bytes);
    for size in sizes.iter().cycle() {
        let (piece, more) = rest.split_at((*size).min(rest.len()));
        live.push(piece, &mut samples).unwrap();
        rest = more;
        if rest.is_empty() {
            return (samples, live);
        }
    }
    unreachable!()
}

fn whole(bytes: &[u8]) -> Decoded {
    decode_bytes(bytes, None, &DecodeLimits::default()).unwrap()
}

/// Checks that pieces of any size give the samples of the whole.
fn assert_same(bytes: &[u8]) {
    let Decoded { waveform, .. } = whole(bytes);
    for sizes in [&[1][..], &[997], &[1 << 24], &[3, 400, 1, 1, 60]] {
        let (samples, live) = in_pieces(bytes, sizes);
        assert_eq!(live.sample_rate(), Some(waveform.sample_rate));
        assert_eq!(live.damage(), None);
        assert!(samples == waveform.samples, "{} of {}", samples.len(), waveform.samples.len());
    }
}

fn pcm_fragments() -> Vec<u8> {
    let tone = to_i16(&sine(440.0, 0.5, 8_000, 0.5));
    let chunks = vec![(tone.clone(), 1), (tone.clone(), 1), (tone, 1)];
    // The last one after a gap of two seconds.
    fragmented(&Track { rate: 8_000, chunks, ..Track::default() }, &[0, 4000, 24_000])
}

#[test]
fn ogg_and_fragments_in_pieces_give_the_samples_of_the_whole() {
    assert_same(&fixture("tone.opus"));
    let fragments = pcm_fragments();
    assert_same(&fragments);
    let first = fragments.windows(4).position(|kind| kind == b"moof").unwrap() - 4;
    let free = [&fragments[..first], &boxed(b"free", &[0; 40]), &fragments[first..]].concat();
    assert_same(&free);
}

/// `tone.flac` as ffmpeg writes it with these options, MP4 in fragments; none without ffmpeg or its codec.
fn encoded(name: &str, options: &[&str], flags: &str) -> Option<Vec<u8>> {
    // Tests run side by side.
    let unique = format!("clstm-{}-{:?}-{name}", std::process::id(), std::thread::current().id());
    let path = std::env::temp_dir().join(unique);
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-nostdin", "-y", "-i"]).arg(fixture_path("tone.flac"));
    ffmpeg.args(options);
    if name.ends_with("mp4") {
        ffmpeg.args(["-movflags", flags, "-frag_duration", "200000"]);
    }
    if !ffmpeg.arg(&path).status().is_ok_and(|status| status.success()) {
        crate::support::skip("ffmpeg", name);
        return None;
    }
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    Some(bytes)
}

#[test]
fn recordings_of_ffmpeg_in_pieces_give_the_samples_of_the_whole() {
    let cases: [(&str, &[&str]); 3] = [
        ("aac.mp4", &["-c:a", "aac"]),
        ("opus.mp4", &["-c:a", "libopus", "-strict", "-2"]),
        ("opus.ogg", &["-c:a", "libopus", "-page_duration", "100000"]),
    ];
    let mut made = 0;
    for (name, codec) in cases {
        let flags = "empty_moov+default_base_moof+frag_keyframe";
        let Some(bytes) = encoded(name, codec, flags) else { continue };
        assert_same(&bytes);
        made += 1;
    }
    println!("{made} recordings");
}

#[test]
fn channels_in_pieces_are_those_of_the_whole() {
    for (name, codec) in [("aac.mp4", "aac"), ("opus.ogg", "libopus"), ("opus.webm", "libopus")] {
        let options = ["-af", "pan=stereo|c0=c0|c1=0.25*c0", "-c:a", codec];
        let Some(bytes) = encoded(name, &options, "empty_moov+default_base_moof") else { continue };
        let mut expected = Vec::new();
        let limits = DecodeLimits::default();
        let report = stream_channels_bytes(&bytes, None, &limits, |block, channels, _| {
            assert_eq!(channels, 2);
            expected.extend_from_slice(block);
            Ok::<_, AudioError>(())
        });
        let rate = report.unwrap().sample_rate;
        for size in [1, 997, 1 << 24] {
            let (mut live, mut samples) = (decoder(&bytes), Vec::new());
            for piece in bytes.chunks(size) {
                let pushed = live.push_channels(piece, |block, channels, own_rate| {
                    assert_eq!((channels, own_rate), (2, rate));
                    samples.extend_from_slice(block);
                    Ok::<_, AudioError>(())
                });
                pushed.unwrap();
            }
            // The padding at the end of ffmpeg's WebM stays in live audio; browsers write none.
            let padded = name == "opus.webm" && samples.len() > expected.len();
            assert!(padded || samples.len() == expected.len(), "{name}: {}", samples.len());
            assert!(samples.starts_with(&expected), "{name} in pieces of {size}");
        }
        // The mean is that of these channels, and an error of the sink ends the decoding.
        let (mixed, _) = in_pieces(&bytes, &[997]);
        let mean = |frame: &[f32]| ((f64::from(frame[0]) + f64::from(frame[1])) * 0.5) as f32;
        let mean: Vec<f32> = expected.chunks_exact(2).map(mean).collect();
        assert!(mixed.starts_with(&mean), "{name}");
        let refused = decoder(&bytes).push_channels(&bytes, |_, channels, _| {
            Err(AudioError::TooManyChannels { channels, max: 1 })
        });
        assert_eq!(refused.unwrap_err().kind(), "channels");
    }
}

#[test]
fn samples_arrive_with_their_fragment() {
    let bytes = pcm_fragments();
    let half = &bytes[..bytes.len() / 2];
    let (samples, _) = in_pieces(half, &[half.len()]);
    assert_eq!(samples.len(), 4000, "the first of three fragments");
}

#[test]
fn what_browsers_do_not_record_live_is_refused() {
    let refused = |bytes: &[u8]| decoder(bytes).push(bytes, &mut Vec::new()).unwrap_err();
    for name in ["tone.ogg", "tone.m4a"] {
        let error = refused(&fixture(name));
        assert_eq!(error.kind(), "format", "{name}: {error}");
    }
    for kind in [ContainerKind::Wav, ContainerKind::Mpeg, ContainerKind::Flac] {
        assert_eq!(LiveDecoder::new(kind).unwrap_err().kind(), "format");
    }
}

#[test]
fn headers_that_ask_for_memory_are_refused() {
    let refused = |bytes: &[u8]| decoder(bytes).push(bytes, &mut Vec::new()).unwrap_err();
    // An index and a fragment of a gigabyte.
    let huge = |kind: &[u8; 4]| [&0x4000_0000_u32.to_be_bytes()[..], kind].concat();
    let start = boxed(b"ftyp", b"isom\0\0\0\0");
    let error = refused(&[&start[..], &huge(b"moov")].concat());
    assert!(error.to_string().contains("KiB"), "{error}");
    let fragments = pcm_fragments();
    let first = fragments.windows(4).position(|kind| kind == b"moof").unwrap() - 4;
    let error = refused(&[&fragments[..first], &huge(b"moof")].concat());
    assert!(error.to_string().contains("KiB"), "{error}");
    // Streams that follow each other without end.
    let mut chain = Vec::new();
    for serial in 0..2000 {
        chain.extend(opus_headers(serial, 0));
        chain.extend(page(serial, 2, 0, 960, &[&[0x08, 1, 2, 3]]));
    }
    assert_eq!(refused(&chain).kind(), "too_complex");
    // A jump of the time stamps is not filled.
    let mut jump = opus_headers(1, 0);
    for number in 0..50_u32 {
        let granule = i64::from(number) * 48_000 * 3600;
        jump.extend(page(1, 2 + number, 0, granule, &[&[0x08, 1, 2, 3]]));
    }
    let (samples, live) = in_pieces(&jump, &[jump.len()]);
    assert!(samples.len() < 48_000 * 10, "{} samples", samples.len());
    assert!(live.damage().is_some());
}

#[test]
fn a_damaged_page_is_passed_over_and_reported() {
    let mut bytes = fixture("tone.opus");
    let pages: Vec<usize> =
        bytes.windows(4).enumerate().filter(|(_, w)| *w == b"OggS").map(|(at, _)| at).collect();
    let last = *pages.last().unwrap();
    bytes[last + 40] ^= 0xff;
    for size in [1, 500, bytes.len()] {
        let (samples, live) = in_pieces(&bytes, &[size]);
        let damage = live.damage().expect("a damage").clone();
        assert!(damage.message.contains("an intact Ogg page"), "{}", damage.message);
        let expected = whole(&bytes).waveform.samples;
        assert_eq!(samples.len(), expected.len(), "{size}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damage_is_an_error_or_sound(
        container in 0..2_usize,
        places in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        size in 1..600_usize,
    ) {
        let mut bytes = if container == 0 { fixture("tone.opus") } else { pcm_fragments() };
        let mut live = decoder(&bytes);
        for (at, byte) in places {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let mut samples = Vec::new();
        for piece in bytes.chunks(size) {
            if live.push(piece, &mut samples).is_err() {
                break;
            }
        }
        prop_assert!(samples.len() < 48_000 * 60);
    }
}
