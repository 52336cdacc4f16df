//! Memory for decoding, whatever a header asks for: 64 MiB and four times the input.
//!
//! The inputs of a kind are decoded one after the other in a process of their own, whose peak memory the system reports.

use std::path::{Path, PathBuf};
use std::process::Command;

use clstm_audio::{DecodeLimits, decode_bytes};
use clstm_fuzz_targets::hostile::{floods, inflated};

/// Bytes of a flood.
const FLOOD: usize = 4 << 20;
/// Bytes from the start of a recording in which sizes and counts are set.
const REACH: usize = 160;

/// Names what a process decodes: a fixture, or the name of a flood.
const INPUT: &str = "CLSTM_FUZZ_MEMORY_INPUT";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/clstm-audio/tests/fixtures")
}

/// The most memory that this process has had, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Not a test of its own: what the processes of the tests below run.
#[test]
fn decode_in_a_process_of_its_own() {
    let Ok(name) = std::env::var(INPUT) else { return };
    let limits = DecodeLimits { max_duration_s: 20.0, ..Default::default() };
    let flood = floods(FLOOD).into_iter().find(|flood| flood.name == name);
    let before = peak_kib();
    match flood {
        Some(flood) => {
            assert!(decode_bytes(&flood.bytes, None, &limits).is_err(), "{name} is decoded");
        }
        None => {
            let recording = std::fs::read(fixtures().join(&name)).unwrap();
            for changed in inflated(&recording, REACH) {
                let _ = decode_bytes(&changed, None, &limits);
            }
        }
    }
    println!("peak {} before {before}", peak_kib());
}

/// KiB that a process takes for decoding.
fn used_kib(name: &str) -> u64 {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "memory::decode_in_a_process_of_its_own", "--nocapture"])
        .env(INPUT, name)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{name}: {text}");
    let line = text.lines().find(|line| line.starts_with("peak ")).unwrap();
    let kib: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let used = kib[0] - kib[1];
    println!("{name}: {used} KiB");
    used
}

#[test]
fn floods_take_bounded_memory() {
    for flood in floods(FLOOD) {
        let used = used_kib(flood.name);
        assert!(used < 64 * 1024 + 4 * FLOOD as u64 / 1024, "{}: {used} KiB", flood.name);
    }
}

#[test]
fn sizes_and_counts_of_every_container_take_bounded_memory() {
    // Samples of 20 s at the rates of the fixtures, and the tables of a decoder.
    let samples_kib = 4 * 20 * 48;
    for name in [
        "tone.aiff",
        "tone.flac",
        "tone.mp3",
        "tone.ogg",
        "tone.opus",
        "tone.webm",
        "tone.m4a",
        "alac.m4a",
        "tone.aac",
        "adpcm_ms.wav",
        "adpcm_ima.wav",
        "rf64.wav",
        "mulaw.wav",
    ] {
        let used = used_kib(name);
        assert!(used < 64 * 1024 + samples_kib, "{name}: {used} KiB");
    }
}
