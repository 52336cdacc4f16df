//! Files that `clstm cv` does not write are refused.

use std::fs;
use std::path::Path;

use clstm_report::{ReportError, Run, compare_runs, discover};
use serde_json::{Value, json};

use crate::support::{copy, edit, fixture};

/// The message for a run that was spoilt.
fn refused(spoil: impl FnOnce(&Path)) -> String {
    let (_room, folder) = copy("clstm", "run");
    spoil(&folder);
    Run::read(&folder).expect_err("a spoilt run").to_string()
}

fn record(change: impl FnOnce(&mut Value)) -> String {
    refused(|folder| edit(&folder.join("metrics.json"), change))
}

#[test]
fn records_that_are_refused() {
    let refuses = |message: String, what: &str| {
        assert!(message.contains("metrics.json") && message.contains(what), "{message}");
    };
    refuses(record(|b| b["labels"] = json!([])), "0 classes");
    refuses(record(|b| b["labels"] = json!(["a", "b"])), "not 2 by 2");
    refuses(record(|b| b["folds"] = json!([])), "no fold");
    refuses(record(|b| b["folds"][0]["confusion"][3] = json!([1])), "not 8 by 8");
    refuses(record(|b| b["folds"][0]["confusion"][3][3] = json!(999)), "does not count");
    refuses(record(|b| b["folds"][0]["ua"] = json!(0.999)), "not those of its confusion");
    refuses(record(|b| b["folds"][1]["fold"] = json!(1)), "fold 1 is there twice");
    refuses(record(|b| b["folds"][1]["fold"] = json!(7)), "fold 7");
    refuses(record(|b| b["folds"][0]["seconds"] = json!(-1.0)), "time");
    refuses(record(|b| b["mean"]["ua"] = json!(1e300)), "not a share");
    refuses(record(|b| b["protocol"]["folds"] = json!(u32::MAX)), "more of them than can be");
    refuses(record(|b| b["calibration"]["calibrated"]["ece"] = json!(7)), "calibration");
    refuses(
        record(|b| b["calibration"]["uncalibrated"]["bins"][0]["accuracy"] = json!(-3)),
        "calibration",
    );
    refuses(record(|b| *b = json!("x")), "invalid type");
    refuses(refused(|f| fs::write(f.join("metrics.json"), "{").unwrap()), "EOF");
}

#[test]
fn files_of_folds_that_cannot_be() {
    let spoilt = |name: &str, text: &[u8]| {
        let message = refused(|folder| fs::write(folder.join("fold-1").join(name), text).unwrap());
        assert!(message.contains(name), "{message}");
        message
    };
    spoilt("predictions.jsonl", b"not JSON\n");
    assert!(
        spoilt("predictions.jsonl", b"").contains("not the predictions that metrics.json counts")
    );
    spoilt("history.json", b"[{}]");
    spoilt("features.safetensors", b"\xff\xff\xff\xff\xff\xff\xff\xff");
    spoilt("environment.json", b"[1");
    let epoch = json!({"epoch": 1, "softmax_loss": 1.0, "train_ua": 0.5, "train_wa": 0.5});
    let twice = serde_json::to_vec(&json!([epoch, epoch])).unwrap();
    assert!(spoilt("history.json", &twice).contains("epoch 1 cannot be, after 1"));
    let message = refused(|folder| {
        fs::remove_file(folder.join("fold-1/history.json")).unwrap();
        fs::create_dir(folder.join("fold-1/history.json")).unwrap();
    });
    assert!(message.contains("not a file"), "{message}");
}

#[test]
fn histories_of_other_releases_are_read() {
    let (_room, folder) = copy("clstm", "run");
    edit(&folder.join("fold-1/history.json"), |history| {
        history[0]["something_new"] = json!({"deep": [1]});
        history[1]["validation"] = json!({"loss": 1.5, "ua": 0.25, "wa": 0.5, "more": 1});
        history[1].as_object_mut().unwrap().remove("learning_rate");
    });
    let run = Run::read(&folder).unwrap();
    let epochs = run.folds[0].history.as_ref().unwrap();
    assert_eq!(epochs[1].validation.unwrap().ua, 0.25);
}

#[test]
fn folders_that_hold_no_run() {
    let empty = tempfile::tempdir().unwrap();
    let none = Run::read(empty.path()).expect_err("nothing there");
    assert!(matches!(none, ReportError::NoRun { .. }) && none.to_string().contains("holds no run"));
    assert!(matches!(discover(&[empty.path().to_owned()]), Err(ReportError::NoRun { .. })));
    let nowhere = discover(&[empty.path().join("nowhere")]);
    assert!(matches!(nowhere, Err(ReportError::Io { .. })));
    // A fold's own folder is part of a run, and none.
    assert!(Run::read(&fixture("clstm").join("fold-1")).is_err());
    // The same run twice is read once.
    assert_eq!(discover(&[fixture("clstm"), fixture("clstm")]).unwrap().len(), 1);
}

#[test]
fn runs_that_contradict_each_other() {
    let (_room, folder) = copy("clstm", "other");
    edit(&folder.join("metrics.json"), |record| record["labels"][0] = json!("another"));
    let [first, other] = [fixture("clstm"), folder].map(|path| Run::read(&path).unwrap());
    let error = compare_runs(&first, &other, None).expect_err("other classes");
    assert!(error.to_string().contains("clstm and other cannot be compared"), "{error}");
}
