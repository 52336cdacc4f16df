//! `clstm cv`, and what its runs are used for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::support::{
    clstm, complains, corpus, json_file, ok, place, probabilities, text, training, voices,
};

/// A run over two speaker-independent folds, and what it printed.
fn run() -> &'static (PathBuf, String) {
    static RUN: OnceLock<(PathBuf, String)> = OnceLock::new();
    RUN.get_or_init(|| {
        let out = place("cv-speaker");
        let output = ok(&mut cv(&out, "speaker"));
        (out, text(&output.stdout))
    })
}

fn cv(out: &Path, split: &str) -> Command {
    let mut command = training("cv", out, 2);
    command.args(["--split", split, "--folds", "2"]);
    command
}

#[test]
fn metrics_json_has_the_fields_of_the_contract() {
    let metrics = json_file(&run().0.join("metrics.json"));
    let protocol = json!({
        "corpus": "ravdess", "split": "speaker", "folds": 2, "seed": 1, "preset": "clstm",
        "epochs": 2, "precision": "f32", "test_used_for_selection": false
    });
    assert_eq!(metrics["protocol"], protocol);
    let folds = metrics["folds"].as_array().unwrap();
    assert_eq!(folds.len(), 2);
    let mut speakers = Vec::new();
    for (fold, number) in folds.iter().zip(1..) {
        assert_eq!(fold["fold"], number);
        assert!(["ua", "wa", "macro_f1"].iter().all(|field| fold[field].is_f64()));
        let environment = &fold["environment"];
        assert!(["version", "arch", "instruction_set"].iter().all(|f| environment[f].is_string()));
        let confusion: Vec<Vec<u64>> = serde_json::from_value(fold["confusion"].clone()).unwrap();
        assert_eq!(confusion.len(), 8);
        assert_eq!(confusion.iter().flatten().sum::<u64>(), 32);
        let recall: f64 =
            (0..8).map(|k| confusion[k][k] as f64 / confusion[k].iter().sum::<u64>() as f64).sum();
        assert!((fold["ua"].as_f64().unwrap() - recall / 8.0).abs() < 1e-12);
        speakers.extend(fold["test_speakers"].as_array().unwrap().clone());
    }
    speakers.sort_by_key(Value::to_string);
    assert_eq!(speakers, ["01", "02", "03", "04"]);
    for over in ["mean", "std"] {
        assert!(["ua", "wa", "macro_f1"].iter().all(|field| metrics[over][field].is_f64()));
    }
    assert_eq!(metrics["labels"][0], "neutral");
}

#[test]
fn the_figures_are_printed_with_their_protocol() {
    let printed = &run().1;
    let first = printed.lines().next().unwrap();
    assert_eq!(first, "ravdess, speaker split (speaker-independent), 2 folds, 2 epochs, seed 1");
    for part in ["mean ± std over 2 of 2 folds: UA ", "macro F1", "precision", "confusion"] {
        assert!(printed.contains(part), "{part:?} is not in\n{printed}");
    }
    for line in ["fold  train  test", "1        32    32"] {
        assert!(printed.lines().any(|l| l.starts_with(line)), "{line:?} is not in\n{printed}");
    }
}

/// A run whose folds another seed than its training's has drawn: `evaluate` knows them by it.
#[test]
fn folds_of_a_seed_of_their_own_are_found_again() {
    let out = place("cv-fold-seed");
    let mut command = training("cv", &out, 1);
    ok(command.args(["--split", "random", "--folds", "2", "--fold", "1", "--fold-seed", "9"]));
    let fold = |more: &[&str]| -> Value {
        let mut evaluate = clstm();
        evaluate.args(["evaluate", "--corpus", "ravdess", "--data"]).arg(corpus());
        evaluate.arg("--model").arg(out.join("fold-1/model.safetensors"));
        evaluate.args(["--split", "random", "--folds", "2", "--fold", "1", "--format", "json"]);
        serde_json::from_slice(&ok(evaluate.args(more)).stdout).unwrap()
    };
    let found = fold(&["--fold-seed", "9"]);
    assert_eq!(found["training_overlap"]["held_out_fold"], true);
    let metrics = json_file(&out.join("metrics.json"));
    assert_eq!(found["confusion"], metrics["folds"][0]["confusion"]);
    assert_eq!(fold(&[])["training_overlap"]["held_out_fold"], true, "the model file has the seed");
    assert_eq!(fold(&["--fold-seed", "1"])["training_overlap"]["held_out_fold"], false);
}

#[test]
fn predict_agrees_with_evaluate_and_the_run_to_the_last_digit() {
    let fold = run().0.join("fold-2");
    let (model, predictions) = (fold.join("model.safetensors"), place("fold-2.jsonl"));
    let mut evaluate = clstm();
    evaluate.arg("evaluate").arg("--model").arg(&model).arg("--data").arg(corpus());
    evaluate.args(["--corpus", "ravdess", "--split", "speaker", "--folds", "2", "--fold", "2"]);
    evaluate.args(["--format", "json", "--predictions"]).arg(&predictions);
    let output = ok(&mut evaluate);
    assert!(!text(&output.stderr).contains("warning"), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["training_overlap"]["held_out_fold"], true);
    let metrics = json_file(&run().0.join("metrics.json"));
    assert_eq!(report["confusion"], metrics["folds"][1]["confusion"]);

    let evaluated = fs::read_to_string(&predictions).unwrap();
    let paths: Vec<String> = evaluated
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["path"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(paths.len(), 32);
    // Tones are no speech for `predict`: both are compared on recordings of speech.
    let spoken = place("fold-2-voices.jsonl");
    let mut evaluate = clstm();
    evaluate.arg("evaluate").arg("--model").arg(&model).arg("--data").arg(voices());
    ok(evaluate.args(["--corpus", "ravdess", "--predictions"]).arg(&spoken));
    let spoken = fs::read_to_string(&spoken).unwrap();
    let value =
        |line: &str, field: &str| serde_json::from_str::<Value>(line).unwrap()[field].clone();
    let files: Vec<String> =
        spoken.lines().map(|line| value(line, "path").as_str().unwrap().to_owned()).collect();
    let mut predict = clstm();
    predict.arg("predict").args(&files).arg("--model").arg(&model);
    predict.args(["--format", "jsonl", "--min-speech", "0"]);
    let predicted = text(&ok(&mut predict).stdout);
    assert_eq!(predicted.lines().count(), files.len());
    let pairs = spoken.lines().zip(predicted.lines());
    let labelled: Vec<_> = pairs.filter(|(_, line)| !value(line, "label").is_null()).collect();
    assert!(labelled.len() > files.len() / 2, "{predicted}");
    for (a, b) in labelled {
        assert_eq!(probabilities(a), probabilities(b));
        for field in ["path", "duration_s", "label", "confidence", "model"] {
            assert_eq!(value(a, field), value(b, field));
        }
    }

    let own = fs::read_to_string(fold.join("predictions.jsonl")).unwrap();
    for (own, line) in own.lines().zip(evaluated.lines()) {
        let own: Value = serde_json::from_str(own).unwrap();
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(own["id"], line["id"]);
        let values: Vec<&Value> = line["probabilities"].as_object().unwrap().values().collect();
        let mut own: Vec<f64> = serde_json::from_value(own["probabilities"].clone()).unwrap();
        let mut values: Vec<f64> = values.iter().map(|v| v.as_f64().unwrap()).collect();
        // The object may come back in another order.
        own.sort_by(f64::total_cmp);
        values.sort_by(f64::total_cmp);
        assert_eq!(own, values);
    }
}

#[test]
fn another_fold_than_the_one_held_out_is_warned_of() {
    let model = run().0.join("fold-2/model.safetensors");
    let mut evaluate = clstm();
    evaluate.arg("evaluate").arg("--model").arg(&model).arg("--data").arg(corpus());
    evaluate.args(["--corpus", "ravdess", "--split", "speaker", "--folds", "2", "--fold", "1"]);
    complains(&mut evaluate, 0, "the model was TRAINED on 32 of these 32 utterances");
    evaluate.args(["--seed", "1"]);
    complains(&mut evaluate, 0, "these speakers were in the training");
}

#[test]
fn folds_as_separate_jobs_join_to_the_same_figures() {
    let out = place("cv-jobs");
    let output =
        complains(cv(&out, "speaker").args(["--fold", "2"]), 0, "partial: folds 1 are not done");
    let printed = text(&output.stdout);
    assert!(printed.contains("over 1 of 2 folds"), "{printed}");
    assert!(printed.contains("PARTIAL: folds 1 are missing"), "{printed}");
    let partial = json_file(&out.join("metrics.json"));
    assert_eq!((&partial["folds_done"], &partial["folds_missing"]), (&json!([2]), &json!([1])));
    ok(cv(&out, "speaker").args(["--fold", "1"]));
    let without_times = |path: &Path| {
        let mut metrics = json_file(&path.join("metrics.json"));
        for fold in metrics["folds"].as_array_mut().unwrap() {
            fold.as_object_mut().unwrap().remove("seconds");
        }
        metrics
    };
    assert_eq!(without_times(&out), without_times(&run().0));
    complains(cv(&out, "speaker").args(["--fold", "3"]), 2, "there is no fold 3");
    complains(&mut cv(&out, "speaker"), 1, "already holds a run");
}

#[test]
fn several_seeds_are_runs_of_their_own_over_the_same_folds() {
    let out = place("cv-seeds");
    let seeds = |seeds: &str, more: &[&str]| {
        let mut command = cv(&out, "random");
        command.args(["--fold-seed", "7", "--seeds", seeds]).args(more);
        command
    };
    complains(&mut seeds("2,5", &["--fold", "1"]), 0, "partial: folds 2 of seed 5 are not done");
    complains(&mut seeds("2,5", &[]), 1, "already holds a run");
    let printed = text(&ok(&mut seeds("2,5", &["--resume"])).stdout);
    assert!(printed.contains("all seeds test on the same folds"), "{printed}");
    let figures = json_file(&out.join("seeds.json"));
    let runs: Vec<Value> =
        [2, 5].map(|seed| json_file(&out.join(format!("seed-{seed}/metrics.json")))).to_vec();
    let ua = |value: &Value| value["mean"]["ua"].as_f64().unwrap();
    let (a, b) = (ua(&runs[0]), ua(&runs[1]));
    assert!((ua(&figures) - (a + b) / 2.0).abs() < 1e-12);
    assert!((figures["std"]["ua"].as_f64().unwrap() - (a - b).abs() / 2.0).abs() < 1e-12);
    assert_eq!(figures["runs"][1]["seed"], 5);
    assert_eq!(figures["runs"][1]["folds"], json!([1, 2]));
    let tested = |seed: usize| {
        let lines = fs::read_to_string(out.join(format!("seed-{seed}/fold-1/predictions.jsonl")));
        let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].to_string();
        lines.unwrap().lines().map(id).collect::<Vec<_>>()
    };
    assert_eq!(tested(2), tested(5), "the same folds");
    complains(&mut seeds("2,2", &[]), 2, "the seed 2 is named twice");
    complains(&mut seeds("3", &["--seed", "1"]), 2, "cannot be used with");
    complains(&mut cv(&out, "random"), 1, "holds runs of several seeds");
    // They can be averaged as they are.
    let both = place("cv-seeds-average");
    let mut ensemble = clstm();
    ensemble
        .arg("ensemble")
        .args([out.join("seed-2"), out.join("seed-5")])
        .arg("--output")
        .arg(&both);
    ok(&mut ensemble);
}

#[test]
fn folds_of_different_recipes_do_not_mix() {
    let out = place("cv-mixed");
    ok(cv(&out, "speaker").args(["--fold", "1"]));
    let mut other = cv(&out, "speaker");
    other.args(["--fold", "2", "--set", "optimizer.learning_rate=0.01"]);
    complains(&mut other, 1, "started differently (another recipe)");
    other.arg("--resume");
    complains(&mut other, 1, "started differently (another recipe)");
    assert_eq!(json_file(&out.join("recipe.json"))["optimizer"]["learning_rate"], 0.001);
}

#[test]
fn cross_validated_scores_go_into_the_model_of_everything() {
    let (out, metrics) = (place("scored"), run().0.join("metrics.json"));
    ok(training("train", &out, 2).arg("--scores").arg(&metrics));
    let model = out.join("model.safetensors");
    let inspected = ok(clstm().arg("inspect").arg(&model).args(["--format", "json"])).stdout;
    let inspected: Value = serde_json::from_slice(&inspected).unwrap();
    let scores = &inspected["training"]["scores"];
    assert_eq!(scores.as_array().unwrap().len(), 1);
    assert_eq!(scores[0]["protocol"], json_file(&metrics)["protocol"]);
    let protocol = "ravdess, speaker split (speaker-independent), 2 folds, 2 epochs, seed 1";
    let table = text(&ok(clstm().arg("inspect").arg(&model)).stdout);
    assert!(table.contains(protocol), "{table}");
    assert_eq!(scores[0]["folds"], 2);
    assert_eq!(scores[0]["ua"], json_file(&metrics)["mean"]["ua"]);

    let other = place("scored-otherwise");
    let mut epochs = training("train", &other, 3);
    complains(epochs.arg("--scores").arg(&metrics), 1, "number of epochs");
    let mut setting = training("train", &other, 2);
    setting.args(["--set", "label_smoothing=0.2", "--scores"]).arg(&metrics);
    complains(&mut setting, 1, "does not measure this model");
    assert!(!other.exists(), "nothing was begun");
}
