//! From a corpus to a model to predictions.

use std::fs;

use serde_json::Value;

use crate::support::{
    UTTERANCES, clstm, complains, corpus, json_file, json_lines, model, ok, place, predict, status,
    text, training, voices,
};

#[test]
fn a_training_writes_its_files_and_a_model_that_describes_it() {
    let run = model().parent().unwrap();
    for name in ["model.safetensors", "history.json", "recipe.json", "checkpoint.safetensors"] {
        assert!(run.join(name).is_file(), "{name}");
    }
    assert_eq!(json_file(&run.join("history.json")).as_array().unwrap().len(), 2);
    assert_eq!(json_file(&run.join("recipe.json"))["network"]["features"], 8);

    let json = ok(clstm().arg("inspect").arg(model()).args(["--format", "json"])).stdout;
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["name"], "ravdess-clstm");
    assert_eq!(json["sample_rate"], 16_000);
    assert_eq!(json["training"]["utterances"], UTTERANCES);
    assert_eq!(json["training"]["speakers"].as_array().unwrap().len(), 4);
    assert_eq!(json["training"]["scores"], Value::Array(Vec::new()));
    assert_eq!(json["digest"].as_str().unwrap().len(), 64);
    assert_eq!(json["training"]["protocol"]["split"], "none");
    assert_eq!(json["training"].get("fold"), None);

    let table = text(&ok(clstm().arg("inspect").arg(model())).stdout);
    for part in [
        "neutral calm happy",
        "CC BY-NC-SA",
        "LFLB 4",
        "bidirectional GRU",
        "no scores",
        "nothing held out",
    ] {
        assert!(table.contains(part), "{part:?} is not in\n{table}");
    }
    assert!(table.contains(json["digest"].as_str().unwrap()));
    assert!(table.contains(&json["parameters"].to_string()));
}

#[test]
fn a_run_is_not_written_over() {
    let run = model().parent().unwrap();
    let before = fs::read(model()).unwrap();
    complains(&mut training("train", run, 2), 1, "already holds a run");
    complains(training("train", run, 3).arg("--resume"), 1, "started differently");
    complains(training("cv", run, 2).args(["--split", "random"]), 1, "holds a training");
    assert_eq!(fs::read(model()).unwrap(), before);
    assert_eq!(json_file(&run.join("recipe.json"))["epochs"], 2);
}

#[test]
fn evaluation_on_training_utterances_warns() {
    let mut evaluate = clstm();
    evaluate.arg("evaluate").arg("--model").arg(model());
    evaluate.args(["--corpus", "ravdess", "--data"]).arg(corpus());
    let output = complains(&mut evaluate, 0, "the model was TRAINED on 64 of these 64 utterances");
    assert!(text(&output.stderr).contains("these speakers were in the training: 01 02 03 04"));
    let table = text(&output.stdout);
    assert!(table.contains("all 64 utterances of ravdess") && table.contains("WARNING"), "{table}");

    let file = place("evaluation.json");
    evaluate.args(["--format", "json", "--output"]).arg(&file);
    assert!(ok(&mut evaluate).stdout.is_empty());
    let json = json_file(&file);
    assert_eq!(json["training_overlap"]["utterances_trained_on"], UTTERANCES);
    assert_eq!(json["utterances"], UTTERANCES);
    let total: u64 = json["confusion"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(|count| count.as_u64().unwrap())
        .sum();
    assert_eq!(total, UTTERANCES as u64);
}

#[test]
fn standard_input_gets_the_prediction_of_the_file() {
    let path = voices().join("Actor_02/03-01-05-01-01-01-02.wav");
    let file = ok(predict().arg(&path).args(["--format", "jsonl"])).stdout;
    let input = fs::File::open(&path).unwrap();
    let stdin = ok(predict().arg("-").args(["--format", "jsonl"]).stdin(input)).stdout;
    let (mut file, stdin) = (json_lines(&file), json_lines(&stdin));
    assert_eq!(stdin[0]["path"], "-");
    file[0]["path"] = "-".into();
    assert_eq!(file, stdin);
    complains(predict().args(["-", "-"]), 2, "only once");
}

#[test]
fn an_invalid_model_file_is_reported() {
    let file = place("no-model.safetensors");
    fs::write(&file, b"not a model").unwrap();
    complains(clstm().arg("inspect").arg(&file), 1, "not a safetensors file");
    complains(clstm().args(["inspect", "no-such-model"]), 2, "no model file no-such-model");
    let wav = voices().join("Actor_01/03-01-01-01-01-01-01.wav");
    let output = status(clstm().arg("predict").arg(&wav).arg("--model").arg(&file), 1);
    assert!(output.stdout.is_empty());
}

#[cfg(feature = "embedded")]
#[test]
fn the_built_in_model_is_the_default() {
    let wav = voices().join("Actor_01/03-01-05-01-01-01-01.wav");
    let predicted = |named: &[&str]| {
        let mut predict = clstm();
        predict
            .arg("predict")
            .arg(&wav)
            .args(["--format", "jsonl", "--min-speech", "0"])
            .args(named);
        text(&ok(&mut predict).stdout)
    };
    let unnamed = predicted(&[]);
    let line = &json_lines(unnamed.as_bytes())[0];
    let name = line["model"].as_str().unwrap();
    assert_eq!(line["probabilities"].as_object().unwrap().len(), 6);
    assert_eq!(name, "multi");
    assert_eq!(predicted(&["--model", name]), unnamed);
    assert!(text(&ok(clstm().args(["inspect", name])).stdout).starts_with(name));
}
