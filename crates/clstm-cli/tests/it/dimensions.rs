//! Continuous targets from a manifest to predictions.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::{
    TINY, clstm, complains, corpus, folder, json_file, json_lines, ok, place, text, voices,
};

/// A manifest of the tones with arousal by their pitch, and valence of some of them.
fn manifest() -> &'static PathBuf {
    static MANIFEST: OnceLock<PathBuf> = OnceLock::new();
    MANIFEST.get_or_init(|| {
        let mut list = "path,label,speaker,arousal,valence,mood\n".to_owned();
        for actor in 1..=4_u32 {
            for emotion in 1..=8_u32 {
                for repetition in 1..=2_u32 {
                    let name = format!("03-01-{emotion:02}-01-01-{repetition:02}-{actor:02}.wav");
                    let path = corpus().join(format!("Actor_{actor:02}")).join(name);
                    let arousal = f64::from(emotion) / 2.0 + f64::from(repetition) / 10.0;
                    let valence = match (emotion + actor) % 5 {
                        0 => String::new(),
                        value => value.to_string(),
                    };
                    let label = ["low", "high"][usize::from(emotion > 4)];
                    let mood = if emotion == 3 && actor == 2 { "n.d." } else { "0.5" };
                    list += &format!(
                        "{},{label},s{actor},{arousal},{valence},{mood}\n",
                        path.display()
                    );
                }
            }
        }
        let path = folder("dimensions").join("list.csv");
        fs::write(&path, list).unwrap();
        path
    })
}

fn training(command: &str, out: &str, target: &str) -> std::process::Command {
    let mut clstm = clstm();
    clstm.args([command, "--corpus", "manifest", "--preset", "clstm", "--epochs", "2"]);
    clstm.arg("--data").arg(manifest()).arg("--output").arg(place(out));
    clstm.args(["--target", target]);
    clstm.args(TINY.iter().flat_map(|setting| ["--set", setting]));
    clstm
}

/// A model of arousal and valence.
fn model() -> &'static PathBuf {
    static MODEL: OnceLock<PathBuf> = OnceLock::new();
    MODEL.get_or_init(|| {
        let out = "dimensions/model";
        ok(&mut training("train", out, "arousal,valence"));
        place(out).join("model.safetensors")
    })
}

fn predict(arguments: &[&str]) -> String {
    let mut predict = clstm();
    predict.args(["predict", "--min-speech", "0", "--model"]).arg(model());
    predict.arg(voices().join("Actor_02")).args(arguments);
    text(&ok(&mut predict).stdout)
}

#[test]
fn a_model_file_has_names_and_range_of_its_dimensions() {
    let json = ok(clstm().arg("inspect").arg(model()).args(["--format", "json"])).stdout;
    let json: Value = serde_json::from_slice(&json).unwrap();
    let [arousal, valence] = &json["dimensions"].as_array().unwrap()[..] else { panic!("{json}") };
    assert_eq!((&arousal["name"], &valence["name"]), (&"arousal".into(), &"valence".into()));
    assert_eq!((arousal["min"].as_f64(), arousal["max"].as_f64()), (Some(0.6), Some(4.2)));
    assert_eq!((valence["min"].as_f64(), valence["max"].as_f64()), (Some(1.0), Some(4.0)));
    assert_eq!(json["network"]["dimensions"], 2);
    let table = text(&ok(clstm().arg("inspect").arg(model())).stdout);
    assert!(
        table.contains("arousal (0.6 to 4.2, mean") && table.contains("experimental"),
        "{table}"
    );
}

#[test]
fn predictions_have_the_values_in_every_format() {
    for line in json_lines(predict(&["--format", "jsonl"]).as_bytes()) {
        let arousal = line["dimensions"]["arousal"].as_f64().unwrap();
        assert!((0.6..=4.2).contains(&arousal), "{line}");
        assert_eq!(line["dimensions"].as_object().unwrap().len(), 2);
    }
    let csv = predict(&["--format", "csv"]);
    let header = csv.lines().next().unwrap();
    assert!(header.contains(",dim_arousal,dim_valence,damaged"), "{header}");
    assert!(
        predict(&[]).lines().next().unwrap().contains("confidence  arousal  valence  runner-up")
    );
    let timeline = predict(&["--timeline", "--frames", "--format", "jsonl"]);
    let line = json_lines(timeline.as_bytes()).swap_remove(0);
    for item in ["segments", "frames"].iter().flat_map(|kind| line[kind].as_array().unwrap()) {
        assert_eq!(item["label"].is_null(), item.get("dimensions").is_none(), "{item}");
    }
    assert!(
        line["frames"].as_array().unwrap().iter().any(|it| it["dimensions"]["valence"].is_f64())
    );
    assert!(line["dimensions"]["arousal"].is_f64(), "{line}");
    let csv = predict(&["--timeline", "--format", "csv"]);
    assert!(csv.lines().next().unwrap().contains(",dim_arousal,dim_valence,damaged"), "{csv}");
}

#[test]
fn a_cross_validation_and_an_evaluation_have_figures_of_each_dimension() {
    let out = "dimensions/cv";
    let mut cv = training("cv", out, "arousal,valence");
    cv.args(["--split", "speaker", "--folds", "2", "--set", "dimensions.weight=2"]);
    let output = ok(&mut cv);
    assert!(text(&output.stdout).contains("continuous targets"), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("arousal: CCC "), "{}", text(&output.stderr));
    let metrics = json_file(&place(out).join("metrics.json"));
    let [arousal, valence] = &metrics["dimensions"].as_array().unwrap()[..] else { panic!() };
    assert_eq!((&arousal["utterances"], &arousal["clusters"]), (&64.into(), &4.into()));
    assert!(valence["utterances"].as_u64().unwrap() < 64);
    assert!(valence["ccc"]["low"].as_f64() <= valence["ccc"]["value"].as_f64());
    assert_eq!(metrics["folds"][0]["dimensions"].as_array().unwrap().len(), 2);
    assert_eq!(json_file(&place(out).join("inputs.json"))["target"], "arousal,valence");
    let recipe = json_file(&place(out).join("recipe.json"));
    assert_eq!(recipe["dimensions"]["weight"], 2.0);

    let mut evaluate = clstm();
    evaluate.arg("evaluate").arg("--model").arg(model()).args(["--corpus", "manifest", "--data"]);
    evaluate.arg(manifest()).args(["--format", "json"]);
    let json: Value = serde_json::from_slice(&ok(&mut evaluate).stdout).unwrap();
    assert_eq!(json["dimensions"][0]["name"], "arousal");
    assert_eq!(json["dimensions"][1]["utterances"], valence["utterances"]);
}

#[test]
fn targets_that_cannot_be_trained_are_errors() {
    let refused = |target: &str, status: i32, message: &str| {
        complains(&mut training("train", "dimensions/refused", target), status, message);
    };
    refused("mood", 1, "n.d.");
    refused("arousal,dominance", 1, "dominance cannot be a continuous target");
    refused("speaker,session", 2, "a model has one");
    let mut weight = training("train", "dimensions/refused", "label");
    complains(weight.args(["--set", "dimensions.weight=1"]), 2, "--target arousal,valence");
}
