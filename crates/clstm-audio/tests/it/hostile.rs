//! Memory is bounded by what was sent, and time by the limits.
//!
//! Each input is decoded in a process of its own, whose peak memory the system reports (Linux alone).

use std::process::Command;
use std::time::{Duration, Instant};

use clstm_audio::{DecodeLimits, decode_bytes, decode_file, is_decoding};

use crate::support::matroska::element;
use crate::support::mp4::boxed;
use crate::support::ogg::{CONTINUED, FIRST, LAST, opus_head, opus_headers, page, unfinished_page};
use crate::support::{Format, fixture_path, sine, wav};

/// Bytes of each flood.
const SIZE: usize = 2 << 20;
/// What [`DecodeLimits`] promises, beside the samples.
const MAX_KIB: u64 = 64 * 1024 + 4 * SIZE as u64 / 1024;

fn flood(head: &[u8], unit: &[u8]) -> Vec<u8> {
    [head, &unit.repeat(SIZE / unit.len())].concat()
}

fn riff(unit: &[u8]) -> Vec<u8> {
    flood(&[&b"RIFF"[..], &(SIZE as u32).to_le_bytes(), b"WAVE"].concat(), unit)
}

/// A FLAC stream description of 16 kHz, mono, 16 bits.
fn flac(unit: &[u8], last: u8) -> Vec<u8> {
    let rate_and_bits = (16_000_u64 << 44 | 15 << 36).to_be_bytes();
    let info = [&[16, 0, 16, 0, 0, 0, 0, 0, 0, 0][..], &rate_and_bits, &[0; 16]].concat();
    flood(&[&[b'f', b'L', b'a', b'C', last, 0, 0, 34][..], &info].concat(), unit)
}

/// Bits from the lowest of each byte on.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn put(&mut self, value: u64, count: u32) {
        self.0.extend((0..count).map(|bit| value >> bit & 1 == 1));
    }

    fn bytes(&self) -> Vec<u8> {
        let byte =
            |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
        self.0.chunks(8).map(byte).collect()
    }
}

/// A Vorbis stream whose set-up header describes `count` codebooks of 131,072 entries of 31 numbers.
fn vorbis(count: u64) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(count - 1, 8);
    for _ in 0..count {
        bits.put(0x56_4342, 24);
        bits.put(31, 16);
        bits.put(131_072, 24);
        // Ordered, all of the length 17: 131,072 entries in 18 bits.
        bits.put(1, 1);
        bits.put(16, 5);
        bits.put(131_072, 18);
        // Vectors of one value.
        bits.put(1, 4);
        bits.put(0, 64);
        bits.put(0, 4 + 1 + 1);
    }
    let setup = [&b"\x05vorbis"[..], &bits.bytes(), &[0; 64]].concat();
    let mut head = b"\x01vorbis\0\0\0\0\x01\x80\x3e\0\0".to_vec();
    head.extend([0; 12]);
    head.extend([0xb8, 1]);
    let comments = b"\x03vorbis\0\0\0\0\0\0\0\0\x01";
    [page(1, 0, FIRST, 0, &[&head]), page(1, 1, 0, 0, &[comments, &setup])].concat()
}

/// Chained Opus recordings of one packet each.
fn chain(delay: u16) -> Vec<u8> {
    let one = [opus_headers(1, delay), page(1, 2, LAST, 960, &[b"\x0c"])].concat();
    one.repeat(SIZE / one.len())
}

/// Frames of MPEG 2.5 at 8 kbit/s with nothing in them.
fn empty_mpeg_frames() -> Vec<u8> {
    flood(b"", &[&b"\xff\xe3\x10\xc0"[..], &[0; 72_000 * 8 / 11_025 - 4]].concat())
}

/// Bytes without any structure (SplitMix64).
fn noise() -> Vec<u8> {
    let mut state = 0_u64;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    };
    (0..SIZE / 8).flat_map(|_| next().to_le_bytes()).collect()
}

fn id3_frames() -> Vec<u8> {
    let mut file = b"ID3\x04\0\0".to_vec();
    file.extend([21, 14, 7, 0].map(|shift| (SIZE >> shift & 127) as u8));
    file.extend(b"TXXX\0\0\0\x03\0\0\0a\0".repeat(SIZE / 13));
    file
}

/// The inputs, by their names.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let mp4 = boxed(b"ftyp", b"M4A \0\0\0\0M4A ");
    let webm = [
        &element(0x1A45_DFA3, &element(0x4282, b"webm"))[..],
        &[0x18, 0x53, 0x80, 0x67, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ]
    .concat();
    let mut channels = wav(&sine(440.0, 0.5, 8_000, 0.1), 8_000, 1, Format::S16);
    channels[22..24].fill(0xff);
    let mut aiff = std::fs::read(fixture_path("tone.aiff")).unwrap();
    aiff[20..22].fill(0xff);
    vec![
        ("16 Vorbis codebooks", vorbis(16)),
        ("two Vorbis codebooks", vorbis(2)),
        ("ID3 tags", flood(b"", b"ID3\x04\0\0\0\0\0\0")),
        ("ID3 frames", id3_frames()),
        ("RIFF chunks", riff(b"junk\0\0\0\0")),
        ("RIFF lists", riff(b"LIST\x04\0\0\0INFO")),
        ("AIFF chunks", flood(b"FORM\0\x20\0\0AIFF", b"ANNO\0\0\0\0")),
        ("FLAC metadata", flac(b"\x01\0\0\0", 0)),
        ("FLAC sync codes", flac(b"\xff\xf8", 0x80)),
        ("MP4 boxes", flood(&mp4, &boxed(b"free", b""))),
        ("MP4 fragments", flood(&mp4, &boxed(b"moof", b""))),
        (
            "MP4 tracks",
            [mp4.clone(), boxed(b"moov", &boxed(b"trak", b"").repeat(SIZE / 8))].concat(),
        ),
        ("EBML voids", flood(&webm, b"\xec\x80")),
        ("EBML clusters", flood(&webm, b"\x1fC\xb6u\x80")),
        ("EBML tags", flood(&webm, &element(0x1254_C367, b""))),
        ("Ogg pages", flood(&opus_headers(1, 0), &page(1, 2, 0, 0, &[]))),
        (
            "Ogg packet without end",
            flood(&opus_headers(1, 0), &unfinished_page(1, 2, CONTINUED, 255)),
        ),
        (
            "Ogg packet in small pages",
            flood(&opus_headers(1, 0), &unfinished_page(1, 2, CONTINUED, 1)),
        ),
        ("Ogg streams", flood(b"", &page(1, 0, FIRST, 0, &[&opus_head(0)]))),
        ("Opus without sound", chain(u16::MAX)),
        ("Opus recordings of a packet", chain(312)),
        ("ADTS frames", flood(b"", b"\xff\xf1\x60\x40\x01\x1f\xfc\0")),
        ("MPEG sync codes", flood(b"", b"\xff")),
        ("MPEG frames without sound", empty_mpeg_frames()),
        ("WAV channels", channels),
        ("AIFF channels", aiff),
        ("zeros", vec![0; SIZE]),
        ("noise", noise()),
    ]
}

/// Names the file that a process decodes.
const INPUT: &str = "CLSTM_AUDIO_HOSTILE_INPUT";

/// Not a test of its own: what the processes of the test below run.
#[test]
fn decode_in_a_process_of_its_own() {
    let Ok(path) = std::env::var(INPUT) else { return };
    let limits = DecodeLimits { max_duration_s: 60.0, ..Default::default() };
    let bytes = std::fs::read(path).unwrap();
    let before = peak_kib();
    assert!(decode_bytes(&bytes, None, &limits).is_err());
    println!("peak {} before {before}", peak_kib());
}

/// The most memory that this process has had, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn memory_is_bounded_by_what_was_sent() {
    let own = std::env::current_exe().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input");
    for (name, bytes) in hostile() {
        std::fs::write(&path, &bytes).unwrap();
        let output = Command::new(&own)
            .args(["--exact", "hostile::decode_in_a_process_of_its_own", "--nocapture"])
            .env(INPUT, &path)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {text}");
        let line = text.lines().find(|line| line.starts_with("peak ")).unwrap();
        let kib: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let used = kib[0] - kib[1];
        println!("{name}: {} bytes, {used} KiB", bytes.len());
        assert!(used < MAX_KIB, "{name}: {used} KiB");
    }
}

#[test]
fn a_device_without_end_is_refused() {
    let path = std::path::Path::new("/dev/zero");
    if !path.exists() {
        eprintln!("skipped: no /dev/zero here");
        return;
    }
    let error = decode_file(path, &DecodeLimits::default()).unwrap_err();
    assert_eq!(error.kind(), "format", "{error}");
}

#[test]
fn a_deadline_ends_the_decoding() {
    let now = Instant::now();
    let bytes = wav(&sine(440.0, 0.5, 8_000, 1.0), 8_000, 1, Format::S16);
    let decode = |deadline| {
        decode_bytes(&bytes, None, &DecodeLimits { deadline: Some(deadline), ..Default::default() })
    };
    assert_eq!(decode(now).unwrap_err().kind(), "deadline");
    assert!(decode(now + Duration::from_secs(3600)).is_ok());
}

#[test]
fn a_decoder_is_known_to_be_running_only_while_it_is() {
    assert!(!is_decoding());
    let bytes = wav(&sine(440.0, 0.5, 8_000, 1.0), 8_000, 1, Format::S16);
    let mut running = Vec::new();
    clstm_audio::stream_bytes(&bytes, None, &DecodeLimits::default(), |_, _| {
        running.push(is_decoding());
        Ok::<(), clstm_audio::AudioError>(())
    })
    .unwrap()
    .strict()
    .unwrap();
    assert!(!running.is_empty() && running.iter().all(|running| *running));
    assert!(!is_decoding());
}
