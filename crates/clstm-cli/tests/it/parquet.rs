//! Parquet files with recordings in them.

use std::fs;
use std::path::{Path, PathBuf};

use clstm_test_support::parquet::{Layout, Row, write};
use serde_json::Value;

use crate::support::{
    RATE, TINY, clstm, complains, folder, json_file, json_lines, model, ok, pcm16, predict, status,
    text, voice,
};

/// Sixteen tones of two classes and four speakers, as a Parquet file of several row groups and as files.
fn tones(name: &str) -> (PathBuf, PathBuf) {
    let folder = folder(name);
    let mut rows = Vec::new();
    for actor in 1..=4_u32 {
        for (label, class) in ["happy", "sad"].into_iter().enumerate() {
            for repetition in 1..=2 {
                let bytes = pcm16(&voice(3 + label as u32, actor, repetition), RATE);
                let path = format!("{actor}-{class}-{repetition}.wav");
                let own = folder.join("files").join(class);
                fs::create_dir_all(&own).unwrap();
                fs::write(own.join(&path), &bytes).unwrap();
                rows.push(Row {
                    bytes: Some(bytes),
                    path: Some(path),
                    label: Some(label as i64),
                    speaker: Some(format!("s{actor}")),
                });
            }
        }
    }
    let file = folder.join("tones.parquet");
    let layout = Layout { classes: vec!["happy", "sad"], group_rows: 5, ..Layout::default() };
    write(&file, &rows, &layout);
    (file, folder.join("files"))
}

fn on(command: &str, corpus: &str, data: &Path, out: &Path) -> std::process::Command {
    let mut clstm = clstm();
    clstm.args([command, "--corpus", corpus, "--preset", "clstm", "--epochs", "1"]);
    clstm.arg("--data").arg(data).arg("--output").arg(out);
    clstm.args(TINY.iter().flat_map(|setting| ["--set", setting]));
    clstm
}

#[test]
fn predict_processes_each_row_like_its_file() {
    let (file, files) = tones("parquet-predict");
    let lines = |path: &Path| {
        json_lines(&ok(predict().arg(path).args(["--format", "jsonl", "--quiet"])).stdout)
    };
    let rows = lines(&file);
    assert_eq!(rows.len(), 16);
    for (number, row) in rows.iter().enumerate() {
        let path = row["path"].as_str().unwrap();
        assert!(path.ends_with(&format!("tones.parquet:{number}")), "{path}");
    }
    // Files are in the order of their names: by class, then by actor and repetition.
    let row_of = |file: usize| file % 8 / 2 * 4 + file / 8 * 2 + file % 2;
    for (number, line) in lines(&files).iter().enumerate() {
        let row = &rows[row_of(number)];
        assert_eq!(line["probabilities"], row["probabilities"], "file {number}");
        assert_eq!(line["duration_s"], row["duration_s"]);
    }
    let timelines = ok(predict().arg(&file).args(["--timeline", "--format", "jsonl"])).stdout;
    assert!(json_lines(&timelines).iter().all(|line| line["segments"].is_array()));
    let channels = ok(predict().arg(&file).args(["--channels", "0", "--format", "jsonl"])).stdout;
    assert_eq!(json_lines(&channels)[5]["probabilities"], rows[5]["probabilities"]);

    let table = file.with_file_name("predictions.parquet");
    ok(predict().arg(&files).args(["--format", "parquet", "--output"]).arg(&table));
    let output = status(predict().arg(&table).args(["--format", "jsonl"]), 1);
    let error = json_lines(&output.stdout).remove(0);
    assert_eq!(error["error"]["kind"], "io");
    assert!(error["error"]["message"].as_str().unwrap().contains("no column of recordings"));
    // The file is an input: no output replaces it.
    let replaces = ["--force", "--format", "csv", "--output"];
    complains(predict().arg(&file).args(replaces).arg(&file), 2, "would replace");
}

#[test]
fn training_and_evaluation_are_those_of_the_files() {
    let (file, files) = tones("parquet-training");
    let out = |name: &str| file.with_file_name(name);
    ok(&mut on("train", "manifest", &file, &out("rows")));
    ok(&mut on("train", "audiofolder", &files, &out("whole")));
    let losses = |run: &str| {
        let history = json_file(&out(run).join("history.json"));
        history[0]["loss"].clone()
    };
    assert!(losses("rows").is_number(), "{}", json_file(&out("rows").join("history.json")));

    let evaluate = |corpus: &str, data: &Path| -> Value {
        let mut command = clstm();
        command.args(["evaluate", "--format", "json", "--corpus", corpus, "--data"]).arg(data);
        command.arg("--model").arg(out("rows").join("model.safetensors"));
        serde_json::from_slice(&ok(&mut command).stdout).unwrap()
    };
    let (rows, whole) = (evaluate("manifest", &file), evaluate("audiofolder", &files));
    assert_eq!(rows["utterances"], 16);
    assert_eq!(rows["confusion"], whole["confusion"]);

    let mut cv = on("cv", "manifest", &file, &out("folds"));
    ok(cv.args(["--split", "speaker", "--folds", "2", "--jobs", "1"]));
    let metrics = json_file(&out("folds").join("metrics.json"));
    assert_eq!(metrics["folds"].as_array().unwrap().len(), 2);
}

#[test]
fn bad_rows_are_named() {
    let path = folder("parquet-bad").join("bad.parquet");
    let good = pcm16(&voice(3, 1, 1), RATE);
    let row = |bytes: &[u8], label| Row {
        bytes: Some(bytes.to_vec()),
        label: Some(label),
        ..Row::default()
    };
    let rows = [row(&good, 0), row(b"no recording", 1), row(&pcm16(&voice(4, 1, 1), RATE), 1)];
    write(&path, &rows, &Layout::default());
    let out = path.with_file_name("run");
    complains(&mut on("train", "manifest", &path, &out), 1, "bad.parquet:1");
    let output =
        complains(predict().arg(&path).args(["--format", "jsonl"]), 1, "1 of 3 recordings failed");
    let lines = json_lines(&output.stdout);
    assert_eq!(lines[1]["error"]["kind"], "format");
    assert!(lines[0]["label"].is_string() && lines[2]["label"].is_string());
    let report = status(clstm().args(["corpus", "check", "manifest", "--data"]).arg(&path), 1);
    assert!(text(&report.stdout).contains("bad.parquet:1"), "{}", text(&report.stdout));
    assert!(model().is_file());
}
