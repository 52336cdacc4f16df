//! Results go to stdout or --output, and nothing else does.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::support::{UTTERANCES, complains, json_lines, model, ok, place, predict, text, voices};

#[test]
fn json_lines_hold_nothing_else_and_keep_the_order() {
    let output = ok(predict().arg(voices()).args(["--format", "jsonl", "--threads", "3"]));
    let lines = json_lines(&output.stdout);
    assert_eq!(lines.len(), UTTERANCES);
    let paths: Vec<&str> = lines.iter().map(|line| line["path"].as_str().unwrap()).collect();
    assert!(paths.is_sorted());
    // Lines without speech have no probabilities.
    let text = text(&output.stdout);
    let labelled: Vec<&str> =
        text.lines().filter(|line| !line.contains("\"label\":null")).collect();
    assert!(labelled.len() > UTTERANCES / 2, "{text}");
    for line in labelled {
        let fields =
            ["{\"path\":", "\"duration_s\":", "\"speech\":", "\"label\":", "\"confidence\":"];
        let rest = ["\"probabilities\":{\"neutral\":", "\"model\":\"ravdess-clstm\"}"];
        let at: Vec<usize> =
            fields.iter().chain(&rest).map(|field| line.find(field).unwrap()).collect();
        assert!(at.is_sorted(), "{line}");
    }
    let labels: Vec<&str> = text_labels(&output.stdout);
    let expected = "neutral calm happy sad angry fearful disgust surprised";
    assert_eq!(labels.join(" "), expected);
    let one = ok(predict().arg(voices()).args(["--format", "jsonl", "--threads", "1"]));
    assert_eq!(one.stdout, output.stdout, "the predictions depend on the number of threads");
}

/// Labels of the first line in the order written.
fn text_labels(stdout: &[u8]) -> Vec<&str> {
    let line = std::str::from_utf8(stdout).unwrap().lines().next().unwrap();
    let labels = crate::support::probabilities(line).split(',');
    labels.map(|pair| pair.split('"').nth(1).unwrap()).collect()
}

#[test]
fn a_file_gets_what_stdout_would() {
    let file = place("predictions.csv");
    let pattern = voices().join("Actor_0[12]/*-01.wav");
    let stdout = ok(predict().arg(&pattern).args(["--format", "csv"])).stdout;
    let written = ok(predict().arg(&pattern).args(["--format", "csv", "--output"]).arg(&file));
    assert!(written.stdout.is_empty());
    assert_eq!(fs::read(&file).unwrap(), stdout);
    let text = text(&stdout);
    assert_eq!(text.lines().count(), 17, "a header and Actor_01's 16");
    assert!(text.starts_with("path,duration_s,speech,label,confidence,p_neutral,p_calm,p_happy,"));
    assert!(
        text.lines()
            .next()
            .unwrap()
            .ends_with(",p_surprised,reason,damaged,error_kind,error_message")
    );
}

#[test]
fn the_table_is_for_people() {
    let table = text(&ok(predict().arg(voices().join("Actor_03"))).stdout);
    assert_eq!(table.lines().count(), 17);
    assert!(table.lines().next().unwrap().starts_with("path"));
    let row = |line: &str| line.contains('%') || line.contains("(no speech)");
    assert!(table.lines().skip(1).all(row) && table.contains('%'), "{table}");
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let mut command = predict();
    // Many times the corpus: far more than a pipe holds.
    command.args(std::iter::repeat_n(voices(), 12)).args(["--format", "jsonl"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("{\"path\":"));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn a_recording_is_not_written_over() {
    let path = place("precious.wav");
    fs::copy(voices().join("Actor_01/03-01-02-01-01-01-01.wav"), &path).unwrap();
    complains(predict().arg(&path).arg("--output").arg(&path), 2, "would replace the recording");
    assert!(fs::metadata(&path).unwrap().len() > 1000);
    complains(predict().arg(model()).args(["--output", "no/such/folder/x"]), 1, "cannot write");
}
