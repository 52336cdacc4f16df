//! Golden probabilities of the built-in model for 40 generated utterances: decoders, resampler, front end, network, labels and
//! calibration cannot change silently.
//!
//! `CLSTM_UPDATE_GOLDEN=1` writes `golden.csv` again; commit the new figures only with the reason of the change.

mod voice;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clstm::{EmbeddedModel, Model, Recognizer};
use clstm_audio::{ContainerKind, DecodeLimits, decode_bytes};
use clstm_test_support::aiff::aiff;
use clstm_test_support::caf::caf;
use clstm_test_support::flac::flac;
use clstm_test_support::wav::{Format, wav, wav16};

/// Rates of the utterances, in turn, in Hz.
const RATES: [u32; 8] = [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000];
const UTTERANCES: u32 = 40;
/// Most that a probability may differ: instruction sets round differently.
const TOLERANCE: f64 = 2e-4;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden/golden.csv")
}

/// Name, kind and bytes of each container with these samples.
fn containers(samples: &[i16], rate: u32) -> Vec<(&'static str, ContainerKind, Vec<u8>)> {
    let floats: Vec<f64> = samples.iter().map(|sample| f64::from(*sample) / 32_768.0).collect();
    vec![
        ("WAV, 16 bits", ContainerKind::Wav, wav16(samples.iter().copied(), rate)),
        ("WAV, floats", ContainerKind::Wav, wav(&floats, rate, 1, Format::F32)),
        ("AIFF", ContainerKind::Aiff, aiff(samples, rate)),
        ("CAF", ContainerKind::Caf, caf(samples, rate)),
        ("FLAC", ContainerKind::Flac, flac(samples, rate)),
    ]
}

/// The rate and the 16-bit samples of an utterance.
fn utterance(number: u32) -> (u32, Vec<i16>) {
    let rate = RATES[number as usize % RATES.len()];
    (rate, voice::utterance(number, rate))
}

#[test]
fn every_container_holds_the_same_samples() {
    for number in 0..UTTERANCES {
        let (rate, samples) = utterance(number);
        let expected: Vec<f32> = samples.iter().map(|s| f32::from(*s) / 32_768.0).collect();
        for (name, kind, bytes) in containers(&samples, rate) {
            let decoded = decode_bytes(&bytes, None, &DecodeLimits::default());
            let decoded = decoded.unwrap_or_else(|error| panic!("{number} as {name}: {error}"));
            assert_eq!(decoded.report.container, kind, "{name}");
            assert!(decoded.report.damage.is_none(), "{name}: {:?}", decoded.report.damage);
            let found = &decoded.waveform;
            assert_eq!((found.sample_rate, found.samples.len()), (rate, expected.len()), "{name}");
            assert!(found.samples == expected, "utterance {number} as {name} differs");
        }
    }
}

#[test]
fn utterances_keep_their_probabilities() {
    let model = Model::embedded(EmbeddedModel::RavdessClstmPlus).expect("a built-in model");
    let recognizer = Recognizer::new(model).expect("a network").with_min_speech(0.0);
    let mut text = format!("utterance,rate_hz,label,{}\n", recognizer.labels().join(","));
    for number in 0..UTTERANCES {
        let (rate, samples) = utterance(number);
        let mut all = containers(&samples, rate);
        let (_, _, bytes) = all.swap_remove(number as usize % all.len());
        let recognition = recognizer.recognize_bytes(&bytes, None).expect("an utterance");
        let prediction = recognition.prediction.expect("no gate");
        let _ = write!(text, "{number},{rate},{}", prediction.label);
        for probability in &prediction.probabilities {
            let _ = write!(text, ",{probability:.6}");
        }
        text.push('\n');
    }
    if std::env::var_os("CLSTM_UPDATE_GOLDEN").is_some() {
        std::fs::write(golden(), &text).expect("a writable file");
    }
    let known = std::fs::read_to_string(golden()).expect("golden.csv");
    assert_eq!(text.lines().count(), known.lines().count());
    for (found, known) in text.lines().zip(known.lines()) {
        let (found, known): (Vec<_>, Vec<_>) =
            (found.split(',').collect(), known.split(',').collect());
        assert_eq!(found[..2], known[..2]);
        if found[0] == "utterance" {
            assert_eq!(found, known, "the labels");
            continue;
        }
        for (a, b) in found[3..].iter().zip(&known[3..]) {
            let (a, b): (f64, f64) = (a.parse().expect("a number"), b.parse().expect("a number"));
            assert!((a - b).abs() < TOLERANCE, "found {found:?}, expected {known:?}");
        }
    }
    // The utterances are not all alike.
    let labels: std::collections::BTreeSet<_> =
        known.lines().skip(1).filter_map(|line| line.split(',').nth(2)).collect();
    assert!(labels.len() >= 3, "{labels:?}");
}
