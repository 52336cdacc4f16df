//! `predict --segments`: the segments of another tool, recognised and written back.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{RATE, clstm, complains, folder, json_lines, ok, pcm16, text, wav_of};

fn asset(name: &str) -> Vec<f32> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets").join(name);
    let bytes = fs::read(path).unwrap();
    assert_eq!(&bytes[36..40], b"data", "a plain header");
    let samples = bytes[44..].chunks_exact(2);
    samples.map(|s| f32::from(i16::from_le_bytes([s[0], s[1]])) / 32_768.0).collect()
}

/// A meeting: one voice for 2.2 s, a pause, another one from 3.5 s on. Its path, and the end of the second voice.
fn meeting() -> (PathBuf, f64) {
    let mut samples = asset("sample.wav");
    samples.resize((3.5 * f64::from(RATE)) as usize, 0.0);
    samples.extend(asset("sad.wav"));
    let path = folder("segments").join("meeting.wav");
    if !path.exists() {
        fs::write(&path, pcm16(&samples, RATE)).unwrap();
    }
    (path, samples.len() as f64 / f64::from(RATE))
}

fn single(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets").join(name);
    let mut command = clstm();
    command.args(["predict", "--format", "jsonl"]).arg(path);
    json_lines(&ok(&mut command).stdout).remove(0)
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = folder("segments").join(name);
    fs::write(&path, text).unwrap();
    path
}

fn predict(segments: &Path, more: &[&str]) -> Command {
    let mut command = clstm();
    command.arg("predict").arg(meeting().0).arg("--segments").arg(segments).args(more);
    command
}

#[test]
fn each_segment_gets_the_label_of_its_voice_and_the_file_is_written_back() {
    let (_, end) = meeting();
    let [first, second] = ["sample.wav", "sad.wav"].map(single);
    assert_ne!(first["label"], second["label"], "the two voices differ");
    let rttm = format!(
        "SPEAKER m 1 0.0 2.243 <NA> <NA> anna <NA> <NA>\nSPEAKER m 1 3.5 {:.3} <NA> <NA> ben <NA> <NA>\n",
        end - 3.5
    );
    let path = file("meeting.rttm", &rttm);
    let output = ok(&mut predict(&path, &[]));
    let written = text(&output.stdout);
    for (line, expected) in written.lines().zip([&first, &second]) {
        let fields: Vec<&str> = line.split(' ').collect();
        assert_eq!(fields.len(), 10, "{line}");
        assert_eq!(fields[6], expected["label"].as_str().unwrap(), "{line}");
        let confidence: f64 = fields[8].parse().unwrap();
        assert!(
            (confidence - expected["confidence"].as_f64().unwrap()).abs() < 0.1,
            "{line} {expected}"
        );
    }
    let summary = text(&output.stderr);
    assert!(summary.contains("anna") && summary.contains("share of time"), "{summary}");
    // JSON lines by the extension of the output.
    let to = folder("segments").join("meeting.jsonl");
    let _ = fs::remove_file(&to);
    ok(predict(&path, &["--top", "2", "--abstain=1"]).arg("--output").arg(&to));
    let line = json_lines(&fs::read(&to).unwrap()).remove(0);
    let segments = line["segments"].as_array().unwrap();
    assert_eq!((&segments[0]["label"], &segments[0]["speaker"]), (&first["label"], &"anna".into()));
    assert_eq!((&segments[1]["status"], &segments[1]["abstained"]), (&"ok".into(), &true.into()));
    assert_eq!(segments[0]["top"].as_array().unwrap().len(), 2);
    let ben = &line["speakers"][1];
    assert_eq!((&ben["speaker"], &ben["segments"]), (&"ben".into(), &1.into()));
    assert_eq!(ben["time"][second["label"].as_str().unwrap()], 1.0, "{ben}");
    let csv = text(&ok(&mut predict(&path, &["--format", "csv"])).stdout);
    assert!(
        csv.starts_with("path,start_s,end_s,speaker,text,status,clipped,context_s,speech,label,"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 3);
    let table = text(&ok(&mut predict(&path, &["--format", "table"])).stdout);
    assert!(table.contains("ben") && table.contains("share of time"), "{table}");
}

#[test]
fn each_of_three_speakers_gets_the_label_of_their_voice() {
    let voices = [("anna", "sample.wav"), ("ben", "sad.wav"), ("carla", "angry.wav")];
    let mut samples: Vec<f32> = Vec::new();
    let mut rttm = String::new();
    for (speaker, name) in voices {
        let voice = asset(name);
        let seconds = |count: usize| count as f64 / f64::from(RATE);
        let (start, length) = (seconds(samples.len()), seconds(voice.len()));
        rttm += &format!("SPEAKER talk 1 {start:.3} {length:.3} <NA> <NA> {speaker} <NA> <NA>\n");
        samples.extend(voice);
        samples.resize(samples.len() + RATE as usize / 2, 0.0);
    }
    let recording = folder("segments").join("three.wav");
    fs::write(&recording, pcm16(&samples, RATE)).unwrap();
    let rttm = file("three.rttm", &rttm);
    let mut command = clstm();
    command.arg("predict").arg(recording).arg("--segments").arg(rttm).args(["--format", "jsonl"]);
    let line = json_lines(&ok(&mut command).stdout).remove(0);
    let singles = voices.map(|(_, name)| single(name));
    let labels: BTreeSet<&str> = singles.iter().filter_map(|one| one["label"].as_str()).collect();
    assert!(labels.len() >= 2, "speakers with the same emotion prove nothing: {labels:?}");
    for (number, ((speaker, _), alone)) in voices.iter().zip(&singles).enumerate() {
        let segment = &line["segments"][number];
        assert_eq!(
            (&segment["speaker"], &segment["label"]),
            (&Value::from(*speaker), &alone["label"])
        );
        let label = alone["label"].as_str().unwrap();
        assert_eq!(line["speakers"][number]["speaker"], *speaker);
        assert_eq!(line["speakers"][number]["time"][label], 1.0, "{line}");
    }
}

#[test]
fn short_silent_and_missing_parts_are_marked() {
    let (_, end) = meeting();
    let csv = file(
        "marks.csv",
        &format!(
            "start,end,speaker\n0.5,0.7,a\n2.4,3.3,a\n{:.2},{:.2},b\n{:.2},{:.2},b\n1.0,1.3,a\n",
            end - 1.5,
            end + 2.0,
            end + 1.0,
            end + 2.0
        ),
    );
    let output = ok(&mut predict(&csv, &["--format", "jsonl"]));
    let segments = json_lines(&output.stdout).remove(0)["segments"].take();
    let status: Vec<&str> =
        segments.as_array().unwrap().iter().map(|s| s["status"].as_str().unwrap()).collect();
    assert_eq!(status, ["too_short", "no_speech", "ok", "outside", "too_short"]);
    assert_eq!((&segments[2]["clipped"], segments[0].get("clipped")), (&true.into(), None));
    assert!(segments[0]["label"].is_null());
    assert!(text(&output.stderr).contains("2 of 5 segments end after the recording"));
    // With context, short segments are recognised.
    let output = ok(&mut predict(&csv, &["--format", "jsonl", "--context", "1"]));
    let segments = json_lines(&output.stdout).remove(0)["segments"].take();
    assert_eq!((&segments[0]["status"], &segments[4]["status"]), (&"ok".into(), &"ok".into()));
    assert!((segments[4]["context_s"].as_f64().unwrap() - 1.2).abs() < 1e-9, "{segments}");
    assert_eq!(segments[2].get("context_s"), None);
    // The table itself, with its columns.
    let same = text(&ok(&mut predict(&csv, &[])).stdout);
    assert!(
        same.starts_with("start,end,speaker,emotion,emotion_confidence,emotion_status,"),
        "{same}"
    );
    assert!(same.lines().nth(3).unwrap().contains("ok clipped"), "{same}");
}

#[test]
fn encodings_and_tiers_are_kept() {
    let grid = "File type = \"ooTextFile\"\r\nObject class = \"TextGrid\"\r\n\r\n0\r\n5\r\n<exists>\r\n2\r\n\
                \"IntervalTier\"\r\n\"anna\"\r\n0\r\n5\r\n2\r\n0\r\n2.2\r\n\"Grüß\"\r\n2.2\r\n5\r\n\"\"\r\n\
                \"IntervalTier\"\r\n\"ben\"\r\n0\r\n5\r\n2\r\n0\r\n3.5\r\n\"\"\r\n3.5\r\n5\r\n\"x\"\r\n";
    let utf16: Vec<u8> = grid.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let path = folder("segments").join("utf16.TextGrid");
    fs::write(&path, [b"\xfe\xff", &utf16[..]].concat()).unwrap();
    complains(&mut predict(&path, &[]), 2, "name one or more with --tier: \"anna\", \"ben\"");
    complains(&mut predict(&path, &["--tier", "carl"]), 2, "there is no tier \"carl\"");
    let written = ok(&mut predict(&path, &["--tier", "anna", "--tier", "ben"])).stdout;
    assert_eq!(written[..2], *b"\xfe\xff");
    let units: Vec<u16> =
        written[2..].chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    let written = String::from_utf16(&units).unwrap();
    assert!(written.contains("<exists>\r\n8\r\n") && written.contains("\"Grüß\""), "{written}");
    assert!(
        written.contains("\"ben emotion\"\r\n0\r\n5\r\n2\r\n0\r\n3.5\r\n\"\"\r\n3.5\r\n5\r\n\""),
        "{written}"
    );
}

#[test]
fn mistakes_are_named() {
    let bad = file("bad.srt", "1\n00:00:02,000 --> 00:00:01,000\nx\n");
    complains(&mut predict(&bad, &[]), 1, "bad.srt: line 2: the end 1 s is before the start 2 s");
    let good = file("good.srt", "1\n00:00:00,000 --> 00:00:02,000\nx\n");
    assert!(
        text(&ok(&mut predict(&good, &["--top", "2"])).stdout)
            .starts_with("1\n00:00:00,000 --> 00:00:02,000\n[")
    );
    complains(
        &mut predict(&good, &["--format", "vtt"]),
        2,
        "needs segments in WebVTT, these are in SRT",
    );
    complains(&mut predict(&good, &["--tier", "a"]), 2, "SRT has no tiers");
    complains(&mut predict(&good, &["--timeline"]), 2, "cannot be used with");
    complains(&mut predict(&good, &["--context=-1"]), 2, "seconds from 0 to 10");
    complains(predict(&good, &[]).arg(meeting().0), 2, "one recording");
    complains(
        predict(&good, &[]).arg("--output").arg(&good).arg("--force"),
        2,
        "would replace the segments",
    );
    assert_eq!(
        fs::read_to_string(&good).unwrap(),
        "1\n00:00:00,000 --> 00:00:02,000\nx\n",
        "an input stays"
    );
    complains(&mut predict(&file("none.docx", "x"), &[]), 1, "unknown format of segments");
    complains(predict(&good, &["--channels", "3"]).arg("--strict"), 1, "no channel 3");
}

/// Two voices at the same time, one on each channel.
fn stereo(name: &str) -> PathBuf {
    let channels = ["sample.wav", "sad.wav"].map(asset);
    let frames = channels.iter().map(Vec::len).max().unwrap();
    let at = |channel: &Vec<f32>, i: usize| channel.get(i).copied().unwrap_or(0.0);
    let samples = (0..frames).flat_map(|i| channels.iter().map(move |channel| at(channel, i)));
    let data: Vec<u8> = samples.flat_map(|x| ((x * 32_767.0) as i16).to_le_bytes()).collect();
    let path = folder("segments").join(name);
    fs::write(&path, wav_of(1, 2, RATE, 16, &data)).unwrap();
    path
}

/// The labels of the first 2 s of both voices, each in a recording of its own.
fn parts() -> [Value; 2] {
    let csv = file("parts.csv", "start,end\n0,2\n");
    let labels = ["sample.wav", "sad.wav"].map(|name| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets").join(name);
        let mut command = clstm();
        command.arg("predict").arg(path).arg("--segments").arg(&csv).args(["--format", "jsonl"]);
        json_lines(&ok(&mut command).stdout).remove(0)["segments"][0]["label"].take()
    });
    assert_ne!(labels[0], labels[1], "the two voices differ");
    labels
}

fn of_channels(recording: &Path, segments: &Path, more: &[&str]) -> Command {
    let mut command = clstm();
    command.arg("predict").arg(recording).arg("--segments").arg(segments);
    command.args(["--channels", "each"]).args(more);
    command
}

#[test]
fn segments_with_a_channel_are_processed_on_it() {
    let recording = stereo("own-channels.wav");
    let [first, second] = parts();
    let rttm = file(
        "own.rttm",
        "SPEAKER m 1 0 2 <NA> <NA> anna <NA> <NA>\nSPEAKER m 2 0 2 <NA> <NA> ben <NA> <NA>\n",
    );
    let written = text(&ok(&mut of_channels(&recording, &rttm, &[])).stdout);
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(lines.len(), 2, "{written}");
    for (line, expected) in lines.iter().zip([&first, &second]) {
        assert_eq!(line.split(' ').nth(6), expected.as_str(), "{written}");
    }
    let output = ok(&mut of_channels(&recording, &rttm, &["--format", "jsonl"]));
    let line = json_lines(&output.stdout).remove(0);
    let channels = |rows: &Value| -> Vec<Value> {
        rows.as_array().unwrap().iter().map(|row| row["channel"].clone()).collect()
    };
    assert_eq!(channels(&line["segments"]), [0, 1]);
    assert_eq!(channels(&line["speakers"]), [0, 1]);
    let summary = text(&output.stderr);
    assert!(summary.contains("speaker  channel  segments"), "{summary}");
    // The mean has both voices, and a note names the way out.
    let mut mix = clstm();
    mix.arg("predict").arg(&recording).arg("--segments").arg(&rttm).args(["--format", "csv"]);
    let mix = ok(&mut mix);
    assert!(text(&mix.stdout).starts_with("path,start_s,"), "{}", text(&mix.stdout));
    assert!(text(&mix.stderr).contains("--channels each"), "{}", text(&mix.stderr));
    // Diarisers write channel 1 for every recording: the other channel is named.
    let one = file("one.rttm", "SPEAKER m 1 0 2 <NA> <NA> anna <NA> <NA>\n");
    let output = ok(&mut of_channels(&recording, &one, &["--format", "jsonl"]));
    assert!(text(&output.stderr).contains("no segment of the file is of channel 1"));
    // A number selects the channel of all segments.
    let mut number = clstm();
    number.arg("predict").arg(&recording).arg("--segments").arg(&one);
    number.args(["--channels", "1", "--format", "jsonl"]);
    let line = json_lines(&ok(&mut number).stdout).remove(0);
    assert_eq!(
        (&line["segments"][0]["channel"], &line["segments"][0]["label"]),
        (&1.into(), &second)
    );
}

#[test]
fn segments_without_a_channel_are_processed_on_every_channel_in_every_format() {
    let recording = stereo("every-channel.wav");
    let labels = parts();
    let [first, second] = labels.each_ref().map(|label| label.as_str().unwrap());
    let written = |name: &str, segments: &str| {
        text(&ok(&mut of_channels(&recording, &file(name, segments), &[])).stdout)
    };
    let rttm = written("every.rttm", "SPEAKER m <NA> 0 2 <NA> <NA> anna <NA> <NA>\n");
    let rows: Vec<Vec<&str>> = rttm.lines().map(|line| line.split(' ').collect()).collect();
    assert_eq!(rows.iter().map(|row| row[2]).collect::<Vec<_>>(), ["1", "2"], "{rttm}");
    assert_eq!(rows.iter().map(|row| row[6]).collect::<Vec<_>>(), [first, second], "{rttm}");
    let csv = written("every.csv", "start,end,channel\n0,2,\n0,2,1\n");
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').take(4).collect()).collect();
    let expected = [["0", "2", "0", first], ["0", "2", "1", second], ["0", "2", "1", second]];
    assert_eq!(rows[1..], expected, "{csv}");
    let srt = written("every.srt", "1\n00:00:00,000 --> 00:00:02,000\nhello\n");
    assert!(srt.contains(&format!("[channel 0: {first} ")), "{srt}");
    assert!(srt.contains(&format!("; channel 1: {second} ")) && srt.contains("] hello"), "{srt}");
    let json = written("every.json", "[{\"start\": 0, \"end\": 2, \"text\": \"hello\"}]");
    let json: Value = serde_json::from_str(&json).unwrap();
    let found = json[0]["emotion"].as_array().unwrap();
    assert_eq!((&found[0]["channel"], &found[0]["label"]), (&0.into(), &labels[0]));
    assert_eq!((&found[1]["channel"], &found[1]["label"]), (&1.into(), &labels[1]));
}

#[test]
fn channels_that_there_are_not_name_the_segment() {
    let (mono, _) = meeting();
    let csv = file("third.csv", "start,end,channel\n0,2,0\n0,2,2\n");
    complains(&mut of_channels(&mono, &csv, &[]), 1, "segment of line 3: there is no channel 2");
    let csv = file("left.csv", "start,end,channel\n0,2,left\n");
    complains(&mut of_channels(&mono, &csv, &[]), 1, "line 2: the channel \"left\" is no number");
    // A column of that name is not read unless it is asked for.
    ok(&mut predict(&csv, &[]));
}
