//! Model folders in the layout of the Hugging Face hub: `export --format huggingface`, and `--model FOLDER`.

use std::fs;

use serde_json::Value;

use crate::support::{clstm, complains, folder, json_file, model, ok, place, probabilities, text};

#[test]
fn an_exported_folder_has_card_and_configuration_and_is_a_model() {
    let to = folder("hub-model");
    let export = |force: bool| {
        let mut command = clstm();
        command.args(["export", "--format", "huggingface", "--output"]).arg(&to);
        command.arg("--model").arg(model()).args(force.then_some("--force"));
        command
    };
    ok(&mut export(false));

    let inspected = |named: &std::path::Path| {
        let output = ok(clstm().arg("inspect").arg(named).args(["--format", "json"])).stdout;
        serde_json::from_slice::<Value>(&output).unwrap()
    };
    let (original, exported) = (inspected(model()), inspected(&to));
    assert_eq!(original["labels"], exported["labels"]);
    let config = json_file(&to.join("config.json"));
    assert_eq!(config["model_type"], "clstm");
    assert_eq!(config["clstm"]["network"], original["network"]);
    for (index, label) in original["labels"].as_array().unwrap().iter().enumerate() {
        assert_eq!(&config["id2label"][index.to_string()], label);
        assert_eq!(config["label2id"][label.as_str().unwrap()], index);
    }

    let card = fs::read_to_string(to.join("README.md")).unwrap();
    let metadata = card.strip_prefix("---\n").unwrap().split("\n---\n").next().unwrap();
    for line in ["library_name: clstm", "pipeline_tag: audio-classification", "- emotion"] {
        assert!(metadata.lines().any(|found| found == line), "{line}\n{metadata}");
    }
    assert!(metadata.lines().any(|line| line.starts_with("license: ")), "{metadata}");

    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/sample.wav");
    let predicted = |named: &std::path::Path| {
        let mut command = clstm();
        command.args(["predict", "--format", "jsonl", "--min-speech", "0", "--model"]).arg(named);
        text(&ok(command.arg(sample)).stdout)
    };
    let (by_file, by_folder) = (predicted(model()), predicted(&to));
    assert_eq!(probabilities(&by_file), probabilities(&by_folder));

    complains(&mut export(false), 1, "--force");
    ok(&mut export(true));
    // Its own weights are an input.
    let mut own = clstm();
    own.args(["export", "--format", "huggingface", "--force", "--output"]).arg(&to);
    complains(own.arg("--model").arg(&to), 2, "would replace");
    assert_eq!(predicted(&to), by_folder, "the weights stay");
}

#[test]
fn a_folder_without_weights_is_no_model() {
    let empty = folder("no-hub-model");
    fs::write(empty.join("README.md"), "none").unwrap();
    let mut command = clstm();
    command.arg("predict").arg(place("any.wav")).arg("--model").arg(&empty);
    complains(&mut command, 2, "no model.safetensors");
}
