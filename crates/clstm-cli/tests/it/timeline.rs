//! `predict --timeline`: segments and frames in every format.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{complains, folder, json_lines, ok, place, predict, status, text};

/// Speech, a second or two; the shipped sample.
fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/sample.wav")
}

fn timeline(format: &str) -> Command {
    let mut command = predict();
    command.args(["--timeline", "--hop", "0.25", "--format", format]);
    command
}

#[test]
fn items_follow_each_other_from_the_first_sample_to_the_last() {
    for more in [&[][..], &["--frames"]] {
        let lines = json_lines(&ok(timeline("jsonl").args(more).arg(sample())).stdout);
        let [line] = &lines[..] else { panic!("one line a recording: {lines:?}") };
        assert!((line["duration_s"].as_f64().unwrap() - 2.243).abs() < 0.01, "{line}");
        let speech = line["speech"].as_f64().unwrap();
        assert!((0.1..=1.0).contains(&speech), "{line}");
        assert_eq!(line["probabilities"][line["label"].as_str().unwrap()], line["confidence"]);
        assert_eq!(line.get("frames").is_some(), !more.is_empty());
        for items in ["segments", "frames"].into_iter().filter_map(|name| line.get(name)) {
            let items = items.as_array().unwrap();
            assert_eq!(items[0]["start_s"], 0.0);
            assert!((items.last().unwrap()["end_s"].as_f64().unwrap() - 2.243).abs() < 0.01);
            assert!(items.windows(2).all(|pair| pair[0]["end_s"] == pair[1]["start_s"]));
            let labelled: Vec<_> = items.iter().filter(|item| !item["label"].is_null()).collect();
            assert!(!labelled.is_empty());
            for item in labelled {
                let probability = &item["probabilities"][item["label"].as_str().unwrap()];
                assert_eq!(*probability, item["confidence"]);
            }
        }
        let rows = line[if more.is_empty() { "segments" } else { "frames" }].as_array().unwrap();
        let csv = text(&ok(timeline("csv").args(more).arg(sample())).stdout);
        let columns: Vec<usize> = csv.lines().map(|line| line.split(',').count()).collect();
        assert_eq!(columns.len(), rows.len() + 1);
        assert!(columns.iter().all(|&n| n == 16 + more.len()), "{csv}");
    }
    let table = text(&ok(timeline("table").arg(sample())).stdout);
    assert!(table.lines().count() > 1 && table.contains("0:00.0 - "), "{table}");
}

#[test]
fn documents_are_what_their_readers_expect() {
    let grid = text(&ok(timeline("textgrid").arg(sample())).stdout);
    assert!(grid.starts_with("File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n"));
    assert!(grid.contains("name = \"emotion\"") && grid.contains("name = \"confidence\""));
    let promised = grid.lines().find_map(|line| line.trim().strip_prefix("intervals: size = "));
    let intervals = grid.lines().filter(|line| line.trim().starts_with("intervals [")).count();
    assert_eq!(intervals, 2 * promised.unwrap().parse::<usize>().unwrap());

    let srt = text(&ok(timeline("srt").arg(sample())).stdout);
    let mut lines = srt.lines();
    assert_eq!(lines.next(), Some("1"));
    let times = lines.next().unwrap();
    assert!(times.len() == 29 && times.contains(" --> ") && times.contains(','), "{times}");
    assert!(lines.next().unwrap().ends_with("%)"));
    let vtt = text(&ok(timeline("vtt").arg(sample())).stdout);
    assert!(vtt.starts_with("WEBVTT\n\n00:00:0"), "{vtt}");
    let abstaining = text(&ok(timeline("vtt").arg("--abstain=1").arg(sample())).stdout);
    assert!(abstaining.contains("\n? "), "{abstaining}");
}

#[test]
fn parquet_is_a_file_with_a_name() {
    let file = place("timeline.parquet");
    ok(timeline("parquet").arg(sample()).arg("--output").arg(&file));
    let bytes = fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    complains(timeline("parquet").arg(sample()), 2, "give one with --output");
    let mut resumed = timeline("parquet");
    resumed.arg(sample()).arg("--resume").arg("--output").arg(&file);
    complains(&mut resumed, 2, "--resume needs --format jsonl or csv");
    assert_eq!(fs::read(&file).unwrap(), bytes, "what was there stays");
}

#[test]
fn each_recording_gets_a_document_of_its_own() {
    let (from, to) = (folder("timeline-recordings"), place("timeline-documents"));
    fs::create_dir_all(from.join("again")).unwrap();
    for name in ["one.wav", "two.wav"] {
        fs::copy(sample(), from.join(name)).unwrap();
    }
    fs::write(from.join("three.wav"), b"no sound").unwrap();
    complains(timeline("srt").arg(&from), 2, "give a folder with --output");
    let reported = complains(timeline("srt").arg(&from).arg("--output").arg(&to), 1, "three.wav");
    assert!(text(&reported.stderr).contains("1 of 3 recordings failed"));
    let one = fs::read(to.join("one.srt")).unwrap();
    assert!(!one.is_empty() && one == fs::read(to.join("two.srt")).unwrap());
    assert!(!to.join("three.srt").exists());
    complains(timeline("srt").arg(&from).arg("--output").arg(&to), 1, "--force");
    // A folder that does not exist yet, for a single recording.
    let single = format!("{}/", place("timeline-single").display());
    ok(timeline("srt").arg(sample()).args(["--output", &single]));
    assert_eq!(fs::read(place("timeline-single").join("sample.srt")).unwrap(), one);
    fs::copy(sample(), from.join("again/one.wav")).unwrap();
    complains(timeline("srt").arg(&from).arg("--output").arg(&to), 2, "would both be written to");
}

#[test]
fn a_damaged_recording_has_a_timeline_that_is_marked() {
    let cut = place("timeline-cut.wav");
    let bytes = fs::read(sample()).unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let output = ok(timeline("jsonl").arg(&cut).arg(sample()));
    let lines = json_lines(&output.stdout);
    let [first, second] = &lines[..] else { panic!("a line each: {lines:?}") };
    assert_eq!(first["path"], cut.to_str().unwrap());
    assert!((first["duration_s"].as_f64().unwrap() - 1.12).abs() < 0.02, "{first}");
    assert!((first["damaged"]["missing_s"].as_f64().unwrap() - 1.12).abs() < 0.02, "{first}");
    assert!(first["label"].is_string() && !first["segments"].as_array().unwrap().is_empty());
    assert!(second["segments"].is_array() && second["damaged"].is_null(), "{second}");
    assert!(text(&output.stderr).contains("timeline-cut.wav: damaged: 1.12 s missing"));
    let csv = text(&ok(timeline("csv").arg(&cut)).stdout);
    let mut rows = csv.lines();
    let header: Vec<&str> = rows.next().unwrap().split(',').collect();
    let column = header.iter().position(|name| *name == "damaged").unwrap();
    assert!(rows.all(|row| row.split(',').nth(column).is_some_and(|field| !field.is_empty())));
    for format in ["srt", "textgrid", "table"] {
        let warned = ok(timeline(format).arg(&cut));
        assert!(text(&warned.stderr).contains("timeline-cut.wav: damaged: "), "{format}");
    }
    let strict = status(timeline("jsonl").arg("--strict").arg(&cut).arg(sample()), 1);
    let lines = json_lines(&strict.stdout);
    assert_eq!(lines[0]["error"]["kind"], "decode", "{}", lines[0]);
    assert!(lines[1]["error"].is_null());
}

#[test]
fn settings_that_make_no_timeline_are_refused() {
    complains(predict().arg(sample()).args(["--format", "srt"]), 2, "add --timeline");
    complains(predict().arg(sample()).args(["--hop", "1"]), 2, "--timeline");
    let with = |setting: &[&str]| {
        let mut command = predict();
        command.arg("--timeline").args(setting).arg(sample());
        command
    };
    complains(&mut with(&["--hop", "0"]), 2, "--hop <SECONDS>");
    complains(&mut with(&["--window", "60"]), 2, "window_s");
}

#[test]
fn an_interrupted_run_continues_and_ends_like_one_that_was_not() {
    let from = folder("resume-recordings");
    for name in ["a, b.wav", "c.wav", "d.wav"] {
        fs::copy(sample(), from.join(name)).unwrap();
    }
    fs::write(from.join("bad.wav"), b"no sound").unwrap();
    for timeline in [false, true] {
        for format in ["jsonl", "csv"] {
            let (whole, cut) = (place("resume-whole"), place("resume-cut"));
            let run = |to: &Path, more: &[&str]| {
                let mut command = predict();
                command.args(["--format", format]).arg("--output").arg(to).arg(&from).args(more);
                if timeline {
                    command.args(["--timeline", "--hop", "0.25"]);
                }
                status(command.arg("--force"), 1)
            };
            run(&whole, &[]);
            let expected = fs::read(&whole).unwrap();
            for length in [0, 3, expected.len() / 3, expected.len() / 2, expected.len() - 1] {
                fs::write(&cut, &expected[..length]).unwrap();
                let mut command = predict();
                command.args(["--format", format, "--resume"]).arg("--output").arg(&cut);
                command.arg(&from).args(timeline.then_some("--timeline"));
                command.args(timeline.then_some("--hop=0.25")).output().unwrap();
                assert!(fs::read(&cut).unwrap() == expected, "{format} {timeline} from {length}");
            }
        }
    }
    let table =
        predict().arg(&from).args(["--resume", "--output"]).arg(place("resume-whole")).output();
    assert_eq!(table.unwrap().status.code(), Some(2), "a table cannot be resumed");
    complains(predict().arg(&from).arg("--resume"), 2, "--output");

    let grids = place("resume-grids");
    let run =
        || status(timeline("textgrid").arg(&from).arg("--resume").arg("--output").arg(&grids), 1);
    run();
    fs::write(grids.join("c.TextGrid"), "mine").unwrap();
    fs::remove_file(grids.join("d.TextGrid")).unwrap();
    assert!(text(&run().stderr).contains("2 of 4 recordings are done already"));
    assert_eq!(fs::read(grids.join("c.TextGrid")).unwrap(), b"mine");
    assert!(grids.join("d.TextGrid").exists());
}
