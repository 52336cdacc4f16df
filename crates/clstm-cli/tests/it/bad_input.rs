//! Unusual and damaged input files: each returns a clear error or a plausible prediction.

use std::f32::consts::TAU;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::support::{
    clstm, folder, json_lines, model, ok, pcm16, place, predict, status, text, voices, wav_of,
};

fn tone(seconds: f32, rate: u32) -> Vec<f32> {
    let samples = (seconds * rate as f32) as u32;
    (0..samples).map(|i| 0.3 * (TAU * 1000.0 * i as f32 / rate as f32).sin()).collect()
}

/// One second at 96 kHz, six channels of 24 bits with the tone in each.
fn surround() -> Vec<u8> {
    let data: Vec<u8> = tone(1.0, 96_000)
        .iter()
        .flat_map(|x| {
            let sample = ((x * 8_388_607.0) as i32).to_le_bytes();
            std::iter::repeat_n([sample[0], sample[1], sample[2]], 6).flatten()
        })
        .collect();
    wav_of(1, 6, 96_000, 24, &data)
}

fn write(folder: &str, name: &str, bytes: &[u8]) -> PathBuf {
    let path = self::folder(folder).join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// The error's kind and message, from a run over one file that must fail.
fn refused(name: &str, bytes: &[u8]) -> (String, String) {
    let path = write("bad", name, bytes);
    let output = status(predict().arg(&path).args(["--format", "jsonl"]), 1);
    let [line] = &json_lines(&output.stdout)[..] else { panic!("one line, please") };
    assert_eq!(line["path"], path.to_str().unwrap());
    assert!(line["label"].is_null());
    let field = |name: &str| line["error"][name].as_str().unwrap().to_owned();
    (field("kind"), field("message"))
}

#[test]
fn each_kind_of_damage_has_its_error() {
    let nans: Vec<u8> = (0..8000).flat_map(|_| f32::NAN.to_le_bytes()).collect();
    let cases: [(&str, &[u8], &str, &str); 4] = [
        ("empty.wav", b"", "empty", "0 bytes"),
        ("text.wav", b"Dear diary, today I was happy. ", "format", "it is a text file"),
        ("no-samples.wav", &pcm16(&[], 16_000), "no_samples", "no samples"),
        ("nan.wav", &wav_of(3, 1, 16_000, 32, &nans), "non_finite", "export the recording again"),
    ];
    for (name, bytes, kind, message) in cases {
        let (found, reported) = refused(name, bytes);
        assert_eq!(found, kind, "{name}: {reported}");
        assert!(reported.contains(message), "{name}: {reported}");
    }
}

#[test]
fn a_damaged_recording_is_marked_and_refused_by_strict() {
    let path = voices().join("Actor_01/03-01-03-01-01-01-01.wav");
    let whole = fs::read(path).unwrap();
    let cut = write("bad", "truncated.wav", &whole[..whole.len() / 2]);
    let output = ok(predict().arg(&cut).args(["--format", "jsonl"]));
    let line = json_lines(&output.stdout).remove(0);
    assert!((line["duration_s"].as_f64().unwrap() - 0.75).abs() < 0.01, "{line}");
    assert!((line["damaged"]["missing_s"].as_f64().unwrap() - 0.75).abs() < 0.01, "{line}");
    assert!(text(&output.stderr).contains("truncated.wav: damaged: "), "{line}");
    let strict = status(predict().arg(&cut).args(["--format", "jsonl", "--strict"]), 1);
    assert_eq!(json_lines(&strict.stdout)[0]["error"]["kind"], "decode");
    let silence = write("bad", "silence.wav", &pcm16(&[0.0; 16_000], 16_000));
    let silent = json_lines(&ok(predict().arg(&silence).args(["--format", "jsonl"])).stdout);
    assert!(silent[0]["label"].is_null() && silent[0]["error"].is_null(), "{silent:?}");
}

#[test]
fn a_path_that_does_not_exist_is_a_row_and_a_failure() {
    for (path, kind) in [("no/such/file.wav", "not_found"), ("no/such/*.wav", "not_found")] {
        let output = status(predict().arg(path).args(["--format", "jsonl"]), 1);
        let lines = json_lines(&output.stdout);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["path"], path);
        assert_eq!(lines[0]["error"]["kind"], kind);
    }
}

#[test]
fn a_folder_without_recordings_is_a_failure() {
    write("no-recordings", "notes.txt", b"no recordings here");
    let path = place("no-recordings");
    let output = status(predict().arg(&path).args(["--format", "jsonl"]), 1);
    assert_eq!(json_lines(&output.stdout)[0]["error"]["kind"], "not_found");
}

/// `predict` with its default threshold of speech.
fn gated() -> Command {
    let mut command = clstm();
    command.args(["predict", "--model"]).arg(model());
    command
}

#[test]
fn a_tone_is_no_speech_and_no_failure() {
    let tone = write("odd", "tone.wav", &pcm16(&tone(1.0, 16_000), 16_000));
    let surround = write("odd", "surround.wav", &surround());
    let output = ok(gated().args([&tone, &surround]).args(["--format", "jsonl"]));
    let lines = json_lines(&output.stdout);
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert!((line["duration_s"].as_f64().unwrap() - 1.0).abs() < 0.01, "{line}");
        assert!(line["speech"].as_f64().unwrap() < 0.5, "{line}");
        assert!(line["label"].is_null() && line["probabilities"].is_null(), "{line}");
    }
    let table = text(&ok(gated().arg(&tone)).stdout);
    assert!(table.contains("(no speech)"), "{table}");
}

#[test]
fn speech_gets_probabilities_that_sum_to_1() {
    let output = ok(predict().arg(voices().join("Actor_01")).args(["--format", "jsonl"]));
    let lines = json_lines(&output.stdout);
    let labelled: Vec<_> = lines.iter().filter(|line| !line["label"].is_null()).collect();
    assert!(labelled.len() > 8, "{lines:?}");
    for line in labelled {
        let p: Vec<f64> = line["probabilities"]
            .as_object()
            .unwrap()
            .values()
            .map(|p| p.as_f64().unwrap())
            .collect();
        assert_eq!(p.len(), 8);
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let best = p.iter().copied().fold(0.0, f64::max);
        assert_eq!(line["confidence"].as_f64(), Some(best));
        assert_eq!(line["probabilities"][line["label"].as_str().unwrap()].as_f64(), Some(best));
    }
}

#[test]
fn one_bad_file_among_good_ones_does_not_stop_them() {
    let good = voices().join("Actor_01/03-01-03-01-01-01-01.wav");
    let bytes = fs::read(&good).unwrap();
    write("mixed", "a.wav", &bytes);
    write("mixed", "b.wav", b"RIFF, but only in name");
    write("mixed", "c.txt", b"passed over in silence");
    write("mixed/d", "e.WAV", &bytes);
    write("mixed", "f.wav", &bytes);
    write("mixed", ".hidden.wav", &bytes);
    let folder = place("mixed");

    let output = status(predict().arg(&folder).args(["--format", "jsonl"]), 1);
    assert!(text(&output.stderr).contains("1 of 4 recordings failed"));
    let lines = json_lines(&output.stdout);
    let names: Vec<&str> = lines
        .iter()
        .map(|l| l["path"].as_str().unwrap().strip_prefix(folder.to_str().unwrap()).unwrap())
        .collect();
    assert_eq!(names, ["/a.wav", "/b.wav", "/d/e.WAV", "/f.wav"]);
    assert!(lines[1]["error"]["kind"].is_string());
    for i in [0, 2, 3] {
        assert_eq!(lines[i]["probabilities"], lines[0]["probabilities"]);
        assert!(lines[i]["label"].is_string());
    }

    let output = status(predict().arg(&folder).args(["--format", "jsonl", "--fail-fast"]), 1);
    assert_eq!(json_lines(&output.stdout).len(), 2, "the first prediction and the failure");
    // A text file is tried where it was named.
    let named = folder.join("c.txt");
    let output = status(predict().arg(&named).args(["--format", "jsonl"]), 1);
    assert_eq!(json_lines(&output.stdout)[0]["error"]["kind"], "format");
}
