//! `--classes` and `--top`: fewer classes of a model, and its most probable labels.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{clstm, complains, corpus, json_lines, model, ok, place, predict, text};

fn recording() -> std::path::PathBuf {
    corpus().join("Actor_01/03-01-02-01-01-01-01.wav")
}

fn line(more: &[&str]) -> Value {
    json_lines(&ok(predict().args(["--format", "jsonl"]).args(more).arg(recording())).stdout)
        .remove(0)
}

#[test]
fn probabilities_of_merged_classes_are_sums() {
    let all = line(&[]);
    let four = line(&["--classes", "basic-four"]);
    let p = |line: &Value, label: &str| line["probabilities"][label].as_f64().unwrap();
    let kept: f64 =
        ["neutral", "calm", "happy", "sad", "angry"].iter().map(|label| p(&all, label)).sum();
    let names: Vec<&String> = four["probabilities"].as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 4, "{four}");
    let neutral = (p(&all, "neutral") + p(&all, "calm")) / kept;
    assert!((p(&four, "neutral") - neutral).abs() < 1e-12, "{four}");
    assert!((p(&four, "sad") - p(&all, "sad") / kept).abs() < 1e-12, "{four}");
    assert_eq!(four["confidence"], four["probabilities"][four["label"].as_str().unwrap()]);
    // The same in a timeline, whose only window is the recording.
    let timeline = line(&["--classes", "basic-four", "--timeline"]);
    assert_eq!(timeline["segments"][0].get("calm"), None);
    complains(predict().args(["--classes", "basic-five"]).arg(recording()), 2, "basic-four");
    let few = place("classes-few.toml");
    fs::write(&few, "[labels]\nsad = \"low\"\nbored = \"low\"\n").unwrap();
    let message = "1 of its classes come of the labels";
    complains(predict().arg("--classes").arg(&few).arg(recording()), 2, message);
}

#[test]
fn the_most_probable_labels_are_listed_with_their_probabilities() {
    let line = line(&["--top", "3"]);
    let top = line["top"].as_array().unwrap();
    assert_eq!(top.len(), 3);
    assert_eq!((&top[0]["label"], &top[0]["probability"]), (&line["label"], &line["confidence"]));
    let p: Vec<f64> = top.iter().map(|label| label["probability"].as_f64().unwrap()).collect();
    assert!(p.is_sorted_by(|a, b| a >= b), "{p:?}");
    for label in top {
        assert_eq!(line["probabilities"][label["label"].as_str().unwrap()], label["probability"]);
    }
    let csv = ok(predict().args(["--format", "csv", "--top", "2"]).arg(recording())).stdout;
    assert!(text(&csv).lines().next().unwrap().contains(",confidence,label_2,confidence_2,p_"));
    complains(predict().args(["--top", "0"]).arg(recording()), 2, "--top");
}

fn evaluate(data: &Path, name: &str, more: &[&str]) -> Value {
    let mut command = clstm();
    command.args(["evaluate", "--format", "json", "--corpus", name, "--data"]).arg(data);
    command.arg("--model").arg(model()).args(more);
    serde_json::from_slice(&ok(&mut command).stdout).unwrap()
}

#[test]
fn merged_classes_are_scored_on_a_corpus_with_other_labels() {
    let predictions = place("classes-predictions.jsonl");
    let path = predictions.to_str().unwrap();
    let report = evaluate(
        corpus(),
        "ravdess",
        &["--classes", "basic-four", "--predictions", path, "--force"],
    );
    assert_eq!(report["labels"], json!(["neutral", "happy", "sad", "angry"]));
    // Five of eight emotions with eight utterances each.
    assert_eq!(report["utterances"], 40);
    let lines = json_lines(&fs::read(&predictions).unwrap());
    let correct = lines.iter().filter(|line| line["label"] == line["truth"]).count();
    assert_eq!(report["wa"].as_f64().unwrap(), correct as f64 / 40.0);
    // Another spelling of the labels, a class that the model does not have, and one that the map leaves out.
    let list = place("classes-list.csv");
    let mut rows = "path,label,speaker\n".to_owned();
    for (number, label) in ["joy", "anger", "sadness", "boredom", "neutral"].iter().enumerate() {
        let file = corpus().join(format!("Actor_01/03-01-0{}-01-01-01-01.wav", number + 1));
        rows += &format!("{},{label},one\n", file.display());
    }
    fs::write(&list, rows).unwrap();
    let report = evaluate(&list, "manifest", &["--classes", "basic-four"]);
    assert_eq!(report["utterances"], 4);
    let mut unmapped = clstm();
    unmapped.args(["evaluate", "--corpus", "manifest", "--data"]).arg(&list);
    let message = "classes that the model does not have";
    complains(unmapped.arg("--model").arg(model()), 1, message);
}
