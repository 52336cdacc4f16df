//! `predict --channels`: the sides of a call, each by itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{RATE, clstm, complains, folder, json_lines, ok, pcm16, place, text, wav_of};

/// A shipped recording of speech.
fn asset(name: &str) -> Vec<f32> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets").join(name);
    let bytes = fs::read(path).unwrap();
    assert_eq!(&bytes[36..40], b"data", "a plain header");
    let samples = bytes[44..].chunks_exact(2);
    samples.map(|s| f32::from(i16::from_le_bytes([s[0], s[1]])) / 32_768.0).collect()
}

/// A file with these channels, of the length of the longest.
fn recording(name: &str, channels: &[Vec<f32>]) -> PathBuf {
    let frames = channels.iter().map(Vec::len).max().unwrap();
    let sample = |channel: &Vec<f32>, i: usize| channel.get(i).copied().unwrap_or(0.0);
    let data: Vec<u8> = (0..frames)
        .flat_map(|i| channels.iter().map(move |channel| sample(channel, i)))
        .flat_map(|x| ((x * 32_767.0) as i16).to_le_bytes())
        .collect();
    let path = folder("channels").join(name);
    fs::write(&path, wav_of(1, channels.len() as u16, RATE, 16, &data)).unwrap();
    path
}

/// `a` after `from` seconds.
fn later(from: f64, samples: &[f32]) -> Vec<f32> {
    let mut all = vec![0.0; (from * f64::from(RATE)) as usize];
    all.extend_from_slice(samples);
    all
}

/// A call: one speaks, then the other, and each line also carries the other voice, 26 dB below and 5 ms later.
fn call() -> [Vec<f32>; 2] {
    let (first, second) = (asset("sample.wav"), later(2.6, &asset("sad.wav")));
    let with_echo = |own: &[f32], other: &[f32]| -> Vec<f32> {
        let length = own.len().max(other.len() + 80);
        let at = |samples: &[f32], i: usize| samples.get(i).copied().unwrap_or(0.0);
        (0..length)
            .map(|i| at(own, i) + 0.05 * if i < 80 { 0.0 } else { at(other, i - 80) })
            .collect()
    };
    [with_echo(&first, &second), with_echo(&second, &first)]
}

fn predict(path: &Path, more: &[&str]) -> Command {
    let mut command = clstm();
    command.arg("predict").arg(path).args(more);
    command
}

fn lines(path: &Path, more: &[&str]) -> Vec<Value> {
    json_lines(&ok(predict(path, &["--format", "jsonl"]).args(more)).stdout)
}

/// The labels of the two voices, each in a recording of its own.
fn labels() -> [Value; 2] {
    ["sample.wav", "sad.wav"].map(|name| {
        let path = recording(name, &[asset(name)]);
        lines(&path, &[]).remove(0)["label"].clone()
    })
}

#[test]
fn each_side_of_a_call_gets_the_label_of_its_voice() {
    let [first, second] = labels();
    assert_ne!(first, second, "the two voices differ");
    let path = recording("call.wav", &call());
    let found = lines(&path, &["--channels", "each"]);
    assert_eq!(found.len(), 2);
    for (channel, (line, label)) in found.iter().zip([&first, &second]).enumerate() {
        assert_eq!((&line["channel"], &line["label"]), (&channel.into(), label), "{line}");
        assert_eq!(line["path"], path.to_str().unwrap());
    }
    let one = lines(&path, &["--channels", "1"]);
    assert_eq!(one, found[1..]);
    assert_eq!(lines(&path, &[])[0].get("channel"), None);
    // Three channels, the last one silent.
    let [a, b] = call();
    let three = recording("three.wav", &[b, a, vec![0.0; 100]]);
    let found = lines(&three, &["--channels", "each"]);
    let labels: Vec<&Value> = found.iter().map(|line| &line["label"]).collect();
    assert_eq!(labels, [&second, &first, &Value::Null]);
}

#[test]
fn each_side_has_a_timeline_without_the_other_voice() {
    let path = recording("timeline.wav", &call());
    let found = lines(&path, &["--channels", "each", "--timeline", "--frames"]);
    assert_eq!(found.len(), 2);
    let spoken = |line: &Value| {
        let frames = line["frames"].as_array().unwrap().iter();
        frames.map(|frame| !frame["label"].is_null()).collect::<Vec<bool>>()
    };
    let (first, second) = (spoken(&found[0]), spoken(&found[1]));
    assert_eq!(first.len(), second.len(), "channels are as long as the recording");
    assert!(first[..2].contains(&true) && !first[3..].contains(&true), "{first:?}");
    assert!(!second[..2].contains(&true) && second[2..].contains(&true), "{second:?}");
    let [first, second] = labels();
    assert_eq!((&found[0]["label"], &found[1]["label"]), (&first, &second));
    // Rows and documents name the channel.
    let csv = text(
        &ok(&mut predict(&path, &["--channels", "each", "--timeline", "--format", "csv"])).stdout,
    );
    let mut rows = csv.lines();
    assert!(rows.next().unwrap().starts_with("path,channel,start_s,end_s,"), "{csv}");
    assert!(
        rows.clone().any(|row| row.contains(",1.0,"))
            && rows.all(|row| row.contains(",0.0,") || row.contains(",1.0,"))
    );
    let grid =
        ok(&mut predict(&path, &["--channels", "each", "--timeline", "--format", "textgrid"]))
            .stdout;
    let grid = text(&grid);
    assert!(grid.contains("size = 4\n") && grid.contains("name = \"emotion 1\""), "{grid}");
    let srt = text(
        &ok(&mut predict(&path, &["--channels", "each", "--timeline", "--format", "srt"])).stdout,
    );
    let at = |part: &str| srt.find(part).unwrap_or_else(|| panic!("{part} is not in {srt}"));
    assert!(at("channel 0: ") < at("channel 1: "));
}

#[test]
fn mono_has_channel_0_and_no_other() {
    let path = place("channels-mono.wav");
    fs::write(&path, pcm16(&asset("sample.wav"), RATE)).unwrap();
    let mix = lines(&path, &[]).remove(0);
    let mut each = lines(&path, &["--channels", "each"]).remove(0);
    assert_eq!(each.as_object_mut().unwrap().remove("channel"), Some(0.into()));
    assert_eq!(each, mix);
    let mut command = predict(&path, &["--channels", "1", "--format", "jsonl"]);
    let failed = complains(&mut command, 1, "1 of 1 recordings failed");
    let error = &json_lines(&failed.stdout)[0]["error"];
    assert_eq!(error["kind"], "channels", "{error}");
    complains(&mut predict(&path, &["--channels", "left"]), 2, "the number of a channel");
}

#[test]
fn unusual_channels_have_a_result_or_a_clear_error() {
    let (loud, other) = (asset("angry.wav"), asset("sad.wav"));
    let alone = |samples: &[f32]| {
        let path = recording("unusual-alone.wav", &[samples.to_vec()]);
        lines(&path, &[]).remove(0)["label"].clone()
    };
    let (angry, sad) = (alone(&loud), alone(&other));
    // Eight microphones, two of them with a voice.
    let mut eight = vec![vec![0.0; 10]; 8];
    (eight[2], eight[5]) = (loud.clone(), other.clone());
    let found = lines(&recording("eight.wav", &eight), &["--channels", "each"]);
    let labels: Vec<&Value> = found.iter().map(|line| &line["label"]).collect();
    let null = &Value::Null;
    assert_eq!(labels, [null, null, &angry, null, null, &sad, null, null]);
    // A copy in opposite phase is as loud as its source: both have the voice, and the mean has not cancelled.
    let opposite: Vec<f32> = loud.iter().map(|x| -x).collect();
    let path = recording("opposite.wav", &[loud, opposite]);
    let found = lines(&path, &["--channels", "each"]);
    assert_eq!((&found[0]["label"], &found[1]["label"]), (&angry, &angry));
    assert_eq!(lines(&path, &[])[0]["label"], angry);
    // The number of a channel, and a segment of each.
    for (number, status, message) in [("2", 1, "failed"), ("-1", 2, "mix"), ("1.0", 2, "mix")] {
        let mut command = predict(&path, &[&format!("--channels={number}")]);
        complains(command.args(["--format", "jsonl"]), status, message);
    }
    let csv = folder("channels").join("segments.csv");
    fs::write(&csv, "start,end\n0,1\n").unwrap();
    let mut command = predict(&path, &["--channels", "each", "--segments"]);
    let written = text(&ok(command.arg(csv)).stdout);
    let channels = written.lines().skip(1).map(|row| row.split(',').nth(2).unwrap());
    assert_eq!(channels.collect::<Vec<_>>(), ["0", "1"], "{written}");
}
