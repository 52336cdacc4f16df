//! `--precision`: in what a model is trained and used.

use std::path::Path;

use clstm::Precision;
use serde_json::Value;

use crate::support::{
    clstm, complains, corpus, json_file, json_lines, ok, place, predict, text, training, voices,
};

#[test]
fn a_bf16_run_records_its_precision_everywhere() {
    let out = place("cv-bf16");
    let mut cv = training("cv", &out, 2);
    let printed = ok(cv.args(["--split", "speaker", "--folds", "2", "--precision", "bf16"]));
    let protocol = "ravdess, speaker split (speaker-independent), 2 folds, 2 epochs, seed 1, bf16";
    assert_eq!(text(&printed.stdout).lines().next(), Some(protocol));
    let metrics = json_file(&out.join("metrics.json"));
    assert_eq!(metrics["protocol"]["precision"], "bf16");
    assert_eq!(metrics["folds"].as_array().map(Vec::len), Some(2));
    assert_eq!(json_file(&out.join("recipe.json"))["precision"], "bf16");

    let fold = out.join("fold-1/model.safetensors");
    let inspected = ok(clstm().arg("inspect").arg(&fold).args(["--format", "json"])).stdout;
    let inspected: Value = serde_json::from_slice(&inspected).unwrap();
    assert_eq!(inspected["training"]["precision"], "bf16");
    assert_eq!(inspected["training"]["protocol"], metrics["protocol"]);
    assert_eq!(inspected["training"]["fold"], serde_json::json!({"number": 1, "of": 2}));
    assert!(text(&ok(clstm().arg("inspect").arg(&fold)).stdout).contains(protocol));

    // The fold is recognised as the one held out, and tested in f32 unless asked otherwise.
    let evaluate = |more: &[&str]| -> Value {
        let mut evaluate = clstm();
        evaluate.arg("evaluate").arg("--model").arg(&fold).arg("--data").arg(corpus());
        evaluate.args(["--corpus", "ravdess", "--split", "speaker", "--folds", "2", "--fold", "1"]);
        serde_json::from_slice(&ok(evaluate.args(["--format", "json"]).args(more)).stdout).unwrap()
    };
    let report = evaluate(&[]);
    assert_eq!(report["training_overlap"]["held_out_fold"], true);
    assert_eq!(report["confusion"], metrics["folds"][0]["confusion"]);
    assert_eq!(report["precision"], "f32");
    assert_eq!(evaluate(&["--precision", "bf16"])["precision"], "bf16");
}

#[test]
fn a_run_continues_in_its_own_precision_only() {
    let out = place("bf16-setting");
    // As a setting, too.
    ok(training("train", &out, 2).args(["--set", "precision=bf16"]));
    let model = out.join("model.safetensors");
    let inspected = text(&ok(clstm().arg("inspect").arg(&model)).stdout);
    assert!(inspected.contains("seed 1, bf16; nothing held out"), "{inspected}");
    let other = "started differently (another recipe)";
    complains(training("train", &out, 2).arg("--resume"), 1, other);
    ok(training("train", &out, 2).args(["--resume", "--precision", "bf16"]));
    let scores = place("cv-f32-for-bf16");
    let mut cv = training("cv", &scores, 2);
    ok(cv.args(["--split", "random", "--folds", "2", "--fold", "1"]));
    let mut scored = training("train", &place("bf16-scored"), 2);
    scored.args(["--precision", "bf16", "--scores"]).arg(scores.join("metrics.json"));
    complains(&mut scored, 1, "its precision is f32, this recipe's bf16");
}

#[test]
fn predict_computes_in_the_precision_asked_for() {
    let wav = voices().join("Actor_01/03-01-05-01-01-01-01.wav");
    let predicted = |precision: &str| {
        let mut predict = predict();
        predict.arg(&wav).args(["--format", "jsonl", "--precision", precision]);
        json_lines(&ok(&mut predict).stdout).remove(0)
    };
    let (exact, near) = (predicted("f32"), predicted("bf16"));
    let plain = json_lines(&ok(predict().arg(&wav).args(["--format", "jsonl"])).stdout).remove(0);
    assert_eq!(plain, exact, "f32 is the default");
    for (label, probability) in exact["probabilities"].as_object().unwrap() {
        let difference =
            probability.as_f64().unwrap() - near["probabilities"][label].as_f64().unwrap();
        assert!(difference.abs() < 0.02, "{label}: {difference}");
    }
}

#[test]
fn a_timeline_uses_the_faster_precision() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/sample.wav");
    let timeline = |more: &[&str]| {
        let mut predict = predict();
        predict.arg(&sample).args(["--timeline", "--frames", "--format", "jsonl"]).args(more);
        text(&ok(&mut predict).stdout)
    };
    let [exact, near] = Precision::ALL.map(|p| timeline(&["--precision", p.name()]));
    assert_ne!(exact, near);
    let expected = if Precision::fastest() == Precision::Bf16 { near } else { exact };
    assert_eq!(timeline(&[]), expected);
}
