//! Reading a corpus: whole recordings, and parts of them.

use std::fs;
use std::path::Path;

use clstm_audio::DecodeLimits;
use clstm_corpus::{Corpus, Utterance};
use clstm_train::{Dataset, TrainError};

use crate::corpus::recipe;

/// Another rate than the front end's, so that cutting and resampling do not commute.
const RATE: u32 = 22_050;

/// Half a second whose pitch rises, of 16 bits.
fn recording() -> Vec<i16> {
    let wave = |i: u32| {
        let t = f64::from(i) / f64::from(RATE);
        9_000.0 * (std::f64::consts::TAU * (200.0 + 400.0 * t) * t).sin()
    };
    (0..RATE / 2).map(|i| wave(i) as i16).collect()
}

fn write(path: &Path, samples: &[i16]) {
    let bytes = 2 * samples.len() as u32;
    let mut file = Vec::new();
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + bytes).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&(2 * RATE).to_le_bytes());
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend_from_slice(&bytes.to_le_bytes());
    file.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    fs::write(path, file).expect("a file");
}

/// Utterances of these files and spans.
fn load(folder: &Path, of: &[(&str, Option<(f64, f64)>)]) -> Result<Dataset, TrainError> {
    let mut utterances = Vec::new();
    for (i, (file, span)) in of.iter().enumerate() {
        utterances.push(Utterance {
            id: format!("u{i}"),
            path: folder.join(file),
            label: i % 2,
            span: *span,
            ..Utterance::default()
        });
    }
    let labels = vec!["a".to_owned(), "b".to_owned()];
    let corpus = Corpus::new("parts", folder, labels, utterances).expect("a corpus");
    Dataset::load(corpus, &recipe().frontend, &DecodeLimits::default())
}

#[test]
fn a_part_is_read_as_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let whole = recording();
    let cut = |from: f64, to: f64| {
        let at = |seconds: f64| (seconds * f64::from(RATE)).round() as usize;
        &whole[at(from)..at(to)]
    };
    write(&folder.path().join("whole.wav"), &whole);
    write(&folder.path().join("first.wav"), cut(0.0, 0.2));
    write(&folder.path().join("second.wav"), cut(0.2, 0.5));
    let twice: Vec<i16> = whole.iter().chain(&whole).copied().collect();
    write(&folder.path().join("twice.wav"), &twice);
    let of = [
        ("whole.wav", Some((0.2, 0.5))),
        ("first.wav", None),
        ("whole.wav", Some((0.0, 0.2))),
        ("second.wav", None),
        ("twice.wav", Some((0.5, 1.0))),
        ("whole.wav", None),
        ("twice.wav", Some((0.1, 0.3))),
    ];
    let dataset = load(folder.path(), &of).unwrap();
    for (part, file) in [(0, 3), (2, 1), (4, 5)] {
        assert_eq!(dataset.clips[part].samples, dataset.clips[file].samples);
        assert_eq!(dataset.durations_s[part], dataset.durations_s[file]);
        assert_eq!(dataset.groups[part], dataset.groups[file], "the same stretch is a copy");
    }
    assert!((dataset.durations_s[0] - 0.3).abs() < 1e-3);
    assert_eq!(dataset.groups, [0, 1, 1, 0, 2, 2, 3]);
}

#[test]
fn a_part_outside_its_recording_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("whole.wav"), &recording());
    let mut silent = recording();
    silent[..RATE as usize / 4].fill(0);
    write(&folder.path().join("half.wav"), &silent);
    let of = [
        ("whole.wav", Some((0.0, 0.4))),
        ("whole.wav", Some((0.4, 0.6))),
        ("gone.wav", Some((0.0, 0.1))),
        ("half.wav", Some((0.0, 0.2))),
        ("half.wav", Some((0.25, 0.5))),
    ];
    let error = load(folder.path(), &of).unwrap_err();
    let TrainError::BadUtterances { bad } = &error else { panic!("{error}") };
    let messages: Vec<&str> = bad.iter().map(|bad| bad.message.as_str()).collect();
    assert_eq!(bad.len(), 3, "{messages:?}");
    assert_eq!(
        messages[0],
        "u1: the part from 0.4 s to 0.6 s is not in the recording, which ends at 0.500 s; correct \
         the times of the part"
    );
    assert!(messages[1].starts_with("u2: no such file"), "{messages:?}");
    assert_eq!(messages[2], "u3: the recording holds no sound");
}
