//! Validation inside `clstm train` (that of `cv` is in `resume`).

use serde_json::Value;

use crate::support::{clstm, complains, json_file, ok, place, text, training};

#[test]
fn a_training_of_everything_validates_on_whole_speakers_and_records_it() {
    let out = place("validated");
    let mut train = training("train", &out, 3);
    train.args(["--set", "validation.share=0.25", "--set", "validation.select=best"]);
    let reported = text(&ok(&mut train).stderr);
    assert!(reported.contains("training on 48 utterances, validating on 16"), "{reported}");
    assert!(reported.contains(", validation loss "), "{reported}");
    let history = json_file(&out.join("history.json"));
    let losses: Vec<f64> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|epoch| epoch["validation"]["loss"].as_f64().unwrap())
        .collect();
    let best = (1..=3).min_by(|a, b| losses[a - 1].total_cmp(&losses[b - 1])).unwrap();
    assert!(
        reported.contains(&format!("3 epochs trained; the model is that of epoch {best}")),
        "{reported}"
    );

    let mut inspect = clstm();
    inspect.arg("inspect").arg(out.join("model.safetensors")).args(["--format", "json"]);
    let model: Value = serde_json::from_slice(&ok(&mut inspect).stdout).unwrap();
    let training = &model["training"];
    assert_eq!((&training["epochs"], &training["utterances"]), (&best.into(), &48.into()));
    assert_eq!(training["speakers"].as_array().unwrap().len(), 3);
    assert_eq!(training["held_out"]["validation"], 16);
    assert_eq!(training["protocol"]["validation"]["share"], 0.25);
    let table = text(&ok(clstm().arg("inspect").arg(out.join("model.safetensors"))).stdout);
    assert!(table.contains("trained on 48 utterances (3 speakers), 16 for validation"), "{table}");
    assert!(table.contains("validation on 25% of the training speakers"), "{table}");
}

#[test]
fn patience_without_validation_utterances_is_refused() {
    let mut train = training("train", &place("unvalidated"), 3);
    train.args(["--set", "validation.patience=3"]);
    complains(&mut train, 2, "set validation.share, such as 0.1");
}
