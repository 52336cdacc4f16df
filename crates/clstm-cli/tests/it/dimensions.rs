//! Continuous targets from a manifest to predictions.

use std::fs;
use std::path::{Path, PathBuf};
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
    assert!(header.contains(",dim_arousal,dim_valence,"), "{header}");
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
    assert!(csv.lines().next().unwrap().contains(",dim_arousal,dim_valence,"), "{csv}");
}

/// The output of a command with the model, for a recording of 2 s.
fn documents(arguments: &[&str], segments: Option<(&str, &str)>) -> String {
    let mut predict = clstm();
    predict.args(["predict", "--min-speech", "0", "--model"]).arg(model());
    predict.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/sample.wav"));
    if let Some((name, content)) = segments {
        let path = folder("dimensions").join(name);
        fs::write(&path, content).unwrap();
        predict.arg("--segments").arg(path);
    }
    text(&ok(predict.args(arguments)).stdout)
}

/// Whether a text has a value of the range behind this name.
fn has_value(text: &str, name: &str, range: [f64; 2]) -> bool {
    text.split(name).skip(1).any(|rest| {
        let number = |c: char| c.is_ascii_digit() || c == '.';
        let rest = rest.trim_start_matches(['=', ' ', ':', '"']);
        let end = rest.find(|c| !number(c)).unwrap_or(rest.len());
        rest[..end].parse().is_ok_and(|value: f64| (range[0]..=range[1]).contains(&value))
    })
}

#[test]
fn documents_of_a_timeline_have_the_values() {
    let (arousal, valence) = ([0.6, 4.2], [1.0, 4.0]);
    let grid = documents(&["--timeline", "--format", "textgrid"], None);
    assert!(grid.contains("\nsize = 4\n"), "{grid}");
    for (name, range) in [("arousal", arousal), ("valence", valence)] {
        let tier = grid.split(&format!("name = \"{name}\"")).nth(1).unwrap();
        assert!(has_value(tier.split("item [").next().unwrap(), "text = ", range), "{grid}");
    }
    for format in ["srt", "vtt"] {
        let text = documents(&["--timeline", "--format", format], None);
        assert!(has_value(&text, "arousal", arousal), "{text}");
        assert!(has_value(&text, "valence", valence), "{text}");
    }
}

#[test]
fn given_segments_get_the_values_in_every_format() {
    let range = [0.6, 4.2];
    let rttm = documents(&[], Some(("a.rttm", "SPEAKER a 1 0 2 <NA> <NA> anna <NA> <NA>\n")));
    assert!(has_value(&rttm, "dim_arousal", range) && rttm.split(' ').count() == 10, "{rttm}");
    let srt = documents(&[], Some(("a.srt", "1\n00:00:00,000 --> 00:00:02,000\nhello\n")));
    assert!(has_value(&srt, "arousal", range), "{srt}");
    let vtt = documents(&[], Some(("a.vtt", "WEBVTT\n\n00:00.000 --> 00:02.000\nhello\n")));
    assert!(has_value(&vtt, "\"arousal\"", range) && vtt.contains("%] hello"), "{vtt}");
    let csv = documents(&[], Some(("a.csv", "start,end\n0,2\n")));
    assert!(csv.lines().next().unwrap().ends_with(",emotion_dim_arousal,emotion_dim_valence"));
    let value = csv.trim_end().rsplit(',').nth(1).unwrap().parse::<f64>();
    assert!(value.is_ok_and(|value| value >= range[0] && value <= range[1]), "{csv}");
    let json = documents(&[], Some(("a.json", "[{\"start\": 0, \"end\": 2}]")));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert!(json[0]["emotion"]["dimensions"]["arousal"].is_f64(), "{json}");
    let rows = documents(&["--format", "jsonl"], Some(("b.csv", "start,end\n0,2\n")));
    let line = json_lines(rows.as_bytes()).remove(0);
    assert_eq!(line["segments"][0]["dimensions"].as_object().unwrap().len(), 2);
    assert!(line["speakers"][0]["dimensions"]["valence"].is_f64(), "{line}");
    let rows = documents(&["--format", "csv"], Some(("b.csv", "start,end\n0,2\n")));
    assert!(rows.lines().next().unwrap().ends_with(",dim_arousal,dim_valence,damaged"), "{rows}");
    let table = documents(&["--format", "table"], Some(("b.csv", "start,end\n0,2\n")));
    assert!(
        has_value(&table, "arousal", range) && table.contains("confidence  arousal"),
        "{table}"
    );
}

#[test]
fn pre_annotations_have_the_values() {
    for (tool, name) in [
        ("label-studio", "tasks.json"),
        ("elan", "sample.eaf"),
        ("audacity", "sample.txt"),
        ("audformat", "db.emotion.csv"),
    ] {
        let output = folder("dimensions").join(format!("annotate-{tool}"));
        let mut export = clstm();
        export.args(["annotate", "export", "--to", tool, "--force", "--output"]).arg(&output);
        export.arg("--model").arg(model());
        ok(export.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/sample.wav")));
        let written = fs::read_to_string(output.join(name)).unwrap();
        assert!(written.contains("arousal") && written.contains("valence"), "{written}");
    }
}

#[test]
fn live_events_have_the_values() {
    let mut listen = clstm();
    listen.arg("listen").arg("--model").arg(model()).arg("--input");
    listen.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/sample.wav"));
    let output = ok(listen.args(["--format", "text", "--no-realtime"]));
    assert!(has_value(&text(&output.stdout), "arousal", [0.6, 4.2]), "{}", text(&output.stdout));
    let summary = text(&output.stderr);
    assert!(summary.contains("arousal ") && summary.contains(" on average"), "{summary}");
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
