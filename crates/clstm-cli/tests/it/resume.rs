//! Ctrl-C, kill -9, and after.

#![cfg(unix)]

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::support::{clstm, corpus, json_file, ok, place, text, training};

const EPOCHS: usize = 40;

/// Starts a command and waits until it has printed this text; returns its output so far.
pub(crate) fn started(
    command: &mut Command,
    until: &str,
) -> (Child, BufReader<ChildStderr>, String) {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut reported = String::new();
    while !reported.contains(until) {
        assert_ne!(stderr.read_line(&mut reported).unwrap(), 0, "it ended early:\n{reported}");
    }
    (child, stderr, reported)
}

fn same(whole: &Path, broken: &Path, names: &[&str]) {
    for name in names {
        let bytes = |run: &Path| fs::read(run.join(name)).unwrap();
        assert!(bytes(whole) == bytes(broken), "{name} differs");
    }
}

#[test]
fn an_interrupted_training_resumes_to_the_same_model_bit_for_bit() {
    let whole = place("whole");
    ok(&mut training("train", &whole, EPOCHS));
    // By a user, and by a batch system.
    for signal in ["INT", "TERM"] {
        let broken = place(&format!("broken-{signal}"));
        let mut command = training("train", &broken, EPOCHS);
        // Also with another number of threads.
        command.args(["--threads", "1"]);
        let (mut child, mut stderr, mut reported) = started(&mut command, "epoch 2/40");
        let mut kill = Command::new("kill");
        kill.args([format!("-{signal}"), child.id().to_string()]);
        assert!(kill.status().unwrap().success());
        stderr.read_to_string(&mut reported).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{reported}");
        assert!(reported.contains("continue with --resume"), "{reported}");
        assert!(!reported.contains("epoch 40/40"), "it was not interrupted:\n{reported}");
        assert!(broken.join("checkpoint.safetensors").exists());
        assert!(!broken.join("model.safetensors").exists());

        let resumed = ok(training("train", &broken, EPOCHS).arg("--resume"));
        assert!(!text(&resumed.stderr).contains("epoch 1/40"), "it began again");
        same(&whole, &broken, &["model.safetensors", "history.json", "recipe.json"]);
    }
}

/// A fold with validation inside its training, its state saved every third epoch.
fn fold(out: &Path) -> Command {
    let mut command = training("cv", out, EPOCHS);
    command.args(["--split", "random", "--folds", "2", "--fold", "1", "--tensorboard"]);
    for setting in [
        "checkpoint_every=3",
        "validation.share=0.25",
        "validation.select=best",
        "validation.patience=30",
    ] {
        command.args(["--set", setting]);
    }
    command
}

#[test]
fn a_killed_training_loses_at_most_one_checkpoint_interval() {
    let (whole, killed) = (place("not-killed"), place("killed"));
    ok(&mut fold(&whole));
    let (mut child, mut stderr, mut reported) = started(&mut fold(&killed), "epoch 8/");
    child.kill().unwrap();
    stderr.read_to_string(&mut reported).unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "killed by a signal");
    let number = |line: &str, before: &str| -> usize {
        let (_, rest) = line.split_once(before).unwrap();
        rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
    };
    let last = reported.lines().rfind(|line| line.contains(": loss ")).unwrap();
    let last = number(last, " epoch ");
    assert!((8..EPOCHS).contains(&last), "it was not killed on the way:\n{reported}");

    let resumed = text(&ok(fold(&killed).arg("--resume")).stderr);
    let continued = resumed.lines().find(|line| line.contains("continuing after epoch")).unwrap();
    let kept = number(continued, "after epoch ");
    assert!(kept + 3 > last, "killed in or after epoch {last}, continued after {kept}");
    let files = ["model.safetensors", "history.json", "predictions.jsonl"];
    same(&whole.join("fold-1"), &killed.join("fold-1"), &files);
    let metrics = |run: &Path| {
        let mut metrics = json_file(&run.join("metrics.json"));
        metrics["folds"][0].as_object_mut().unwrap().remove("seconds");
        metrics
    };
    assert_eq!(metrics(&whole), metrics(&killed));
    assert_eq!(metrics(&whole)["folds"][0]["validation"]["utterances"], 8);

    // The model still knows whose test part this is.
    let mut evaluate = clstm();
    evaluate.arg("evaluate").arg("--model").arg(killed.join("fold-1/model.safetensors"));
    evaluate.arg("--data").arg(corpus()).args(["--corpus", "ravdess", "--format", "json"]);
    evaluate.args(["--split", "random", "--folds", "2", "--fold", "1"]);
    let report: serde_json::Value = serde_json::from_slice(&ok(&mut evaluate).stdout).unwrap();
    assert_eq!(report["training_overlap"]["held_out_fold"], true);
    assert_eq!(report["confusion"], metrics(&killed)["folds"][0]["confusion"]);
    match std::env::var_os("CLSTM_TENSORBOARD_PYTHON") {
        Some(python) => as_tensorboard_reads_it(&python, &killed.join("fold-1")),
        None => eprintln!("skipped: CLSTM_TENSORBOARD_PYTHON names no Python with TensorBoard"),
    }
}

/// What TensorBoard itself reads of a run that was killed and resumed is its history, each epoch once.
fn as_tensorboard_reads_it(python: &OsStr, run: &Path) {
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tensorboard/read_events.py");
    let read = ok(Command::new(python).arg(script).arg(run)).stdout;
    let read: serde_json::Value = serde_json::from_slice(&read).unwrap();
    let history = json_file(&run.join("history.json"));
    for (tag, part, field) in [
        ("loss/train", None, "loss"),
        ("loss/softmax", None, "softmax_loss"),
        ("loss/centre", None, "center_loss"),
        ("UA/train", None, "train_ua"),
        ("WA/train", None, "train_wa"),
        ("learning rate", None, "learning_rate"),
        ("loss/validation", Some("validation"), "loss"),
        ("UA/validation", Some("validation"), "ua"),
        ("loss/test", Some("test"), "loss"),
        ("UA/test", Some("test"), "ua"),
    ] {
        let points: Vec<(u64, f64)> = serde_json::from_value(read[tag].clone()).unwrap();
        let written: Vec<(u64, f64)> = history
            .as_array()
            .unwrap()
            .iter()
            .map(|r| {
                let value = &part.map_or(r, |part: &str| &r[part])[field];
                (r["epoch"].as_u64().unwrap(), f64::from(value.as_f64().unwrap() as f32))
            })
            .collect();
        assert_eq!(points, written, "{tag}");
    }
    let clips: Vec<(u64, f64)> = serde_json::from_value(read["clips a second"].clone()).unwrap();
    assert!(clips.len() == history.as_array().unwrap().len() && clips.iter().all(|c| c.1 > 0.0));
}
