//! `clstm corpus`.

use std::fs;

use serde_json::Value;

use crate::support::{UTTERANCES, clstm, complains, corpus, folder, ok, status, text};

fn on_corpus(command: &str) -> std::process::Command {
    let mut clstm = clstm();
    clstm.args(["corpus", command, "ravdess", "--data"]).arg(corpus());
    clstm
}

#[test]
fn list_names_the_corpora_with_their_licences() {
    let table = text(&ok(clstm().args(["corpus", "list"])).stdout);
    assert!(table.contains("ravdess") && table.contains("CC BY-NC-SA 4.0"), "{table}");
    let json = ok(clstm().args(["corpus", "list", "--format", "json"])).stdout;
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json[0]["name"], "ravdess");
    assert_eq!(json[0]["labels"].as_array().unwrap().len(), 8);
}

#[test]
fn stats_has_the_papers_table_and_the_speakers() {
    let table = text(&ok(&mut on_corpus("stats")).stdout);
    assert!(table.contains("Whole Utterances"), "{table}");
    assert!(table.lines().any(|l| l.split_whitespace().eq(["Anger", "8", "12.50%"])), "{table}");
    let json = ok(on_corpus("stats").args(["--format", "json"])).stdout;
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["utterances"], UTTERANCES);
    assert_eq!(json["table5"][0]["emotion"], "Anger");
    assert_eq!(json["speakers"].as_array().unwrap().len(), 4);
    assert_eq!(json["speakers"][1]["sex"], "female");
    let seconds = json["duration"]["total_s"].as_f64().unwrap();
    assert!((seconds - 16.4).abs() < 1e-9, "{seconds}");
}

#[test]
fn check_fails_on_a_corpus_that_is_not_whole() {
    let table = text(&status(&mut on_corpus("check"), 1).stdout);
    assert!(table.contains("64 utterances of 1440"), "{table}");
    assert!(table.contains("missing: 1376"), "{table}");
    let json = status(on_corpus("check").args(["--format", "json"]), 1).stdout;
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["ok"], false);
    assert_eq!(json["missing"].as_array().unwrap().len(), 1376);
}

#[test]
fn a_folder_without_a_corpus_is_reported() {
    let args = ["corpus", "stats", "ravdess", "--data"];
    complains(clstm().args(args).arg("no/such/folder"), 1, "is not a folder");
    let empty = folder("empty-corpus");
    complains(clstm().args(args).arg(&empty), 1, "no ravdess utterance in");
    complains(clstm().args(["corpus", "check", "emodb", "--data", "."]), 2, "unknown corpus");
    fs::create_dir_all(empty.join("Actor_01")).unwrap();
    fs::write(empty.join("Actor_01/03-01-03-01-01-01-01.wav"), b"no sound").unwrap();
    complains(clstm().args(args).arg(&empty), 1, "cannot read utterance 03-01-03-01-01-01-01");
}
