//! Files of release 0.1, whose provenance was in sentences: see `fixtures/release-0.1`.

use std::f64::consts::TAU;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::support::{clstm, json_file, ok, pcm16, place, text};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/release-0.1").join(name)
}

/// The list with its recordings: tones, of which the names, labels and speakers alone decide the folds.
fn list() -> &'static Path {
    static LIST: OnceLock<PathBuf> = OnceLock::new();
    LIST.get_or_init(|| {
        let folder = place("release-0.1");
        fs::create_dir_all(folder.join("audio")).unwrap();
        for speaker in 0..4_u32 {
            for (label, base) in [("high", 600), ("low", 200)] {
                let hertz = f64::from(base + 20 * speaker);
                let sample = |n: u32| (0.25 * (TAU * hertz * f64::from(n) / 16_000.0).sin()) as f32;
                let samples: Vec<f32> = (0..9_600).map(sample).collect();
                let path = folder.join(format!("audio/{speaker}-{label}.wav"));
                fs::write(path, pcm16(&samples, 16_000)).unwrap();
            }
        }
        let list = folder.join("list.csv");
        fs::copy(fixture("list.csv"), &list).unwrap();
        list
    })
}

fn evaluate(model: &str, split: &str, fold: &str) -> Value {
    let mut command = clstm();
    command.arg("evaluate").arg("--model").arg(fixture(model));
    command.args(["--corpus", "manifest", "--data"]).arg(list());
    command.args(["--split", split, "--folds", "2", "--fold", fold, "--format", "json"]);
    serde_json::from_slice(&ok(&mut command).stdout).unwrap()
}

#[test]
fn the_held_out_fold_of_a_model_is_identified() {
    let speaker = ["run/fold-1/model.safetensors", "distilled.safetensors", "tta.safetensors"];
    let models = speaker.map(|model| (model, "speaker")).into_iter();
    for (model, split) in models.chain([("validated.safetensors", "random")]) {
        let own = evaluate(model, split, "1");
        assert_eq!(own["training_overlap"]["held_out_fold"], true, "{model}: {own}");
        let other = evaluate(model, split, "2");
        assert_eq!(other["training_overlap"]["held_out_fold"], false, "{model}: {other}");
    }
}

#[test]
fn sentences_become_fields() {
    let inspect = |model: &str| -> Value {
        let mut command = clstm();
        command.arg("inspect").arg(fixture(model)).args(["--format", "json"]);
        serde_json::from_slice(&ok(&mut command).stdout).unwrap()
    };
    let distilled = &inspect("distilled.safetensors")["training"];
    assert_eq!(distilled["fold"], json!({"number": 1, "of": 2}));
    assert_eq!(distilled["held_out"]["test"], 4);
    assert_eq!(distilled["initialized_from"]["corpus"], "list-b2390cbd");
    assert_eq!(distilled["distilled_from"][0]["preset"], "clstm");
    assert_eq!(distilled["protocol"]["split"], "speaker");
    assert_eq!(distilled["protocol"]["fold_seed"], 5);
    assert_eq!(inspect("tta.safetensors")["training"]["protocol"]["tta_passes"], 4);
    let validation = &inspect("validated.safetensors")["training"]["protocol"]["validation"];
    assert_eq!((&validation["patience"], &validation["select"]), (&json!(2), &json!("best")));
    let all = inspect("all.safetensors");
    assert_eq!(all["training"]["protocol"]["split"], "none");
    assert_eq!(all["training"]["scores"][0]["protocol"]["fold_seed"], 5);
    assert_eq!(all["calibration"]["method"], "cross-fit");
    assert_eq!(
        (&all["calibration"]["folds"], &all["calibration"]["protocol"]["folds"]),
        (&json!(2), &json!(2))
    );
    for model in ["distilled.safetensors", "tta.safetensors", "all.safetensors"] {
        let training = &inspect(model)["training"];
        assert_eq!(training["protocol"].get("remark"), None, "{model}");
    }
}

#[test]
fn a_run_is_resumed_averaged_and_reported() {
    let (run, ensemble, report) = (place("old-run"), place("old-ensemble"), place("old-report"));
    for fold in ["", "fold-1", "fold-2"] {
        fs::create_dir_all(run.join(fold)).unwrap();
        for entry in fs::read_dir(fixture("run").join(fold)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::copy(&path, run.join(fold).join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    let recipe = json_file(&run.join("recipe.json"));
    let mut cv = clstm();
    cv.args(["cv", "--corpus", "manifest", "--data"]).arg(list()).args(["--preset", "clstm"]);
    cv.args(["--split", "speaker", "--folds", "2", "--epochs", "1", "--seed", "3"]);
    cv.args(["--fold-seed", "5", "--resume", "--output"]).arg(&run);
    for key in ["features", "gflb.hidden", "gflb.layers"] {
        let value = key.split('.').fold(&recipe["network"], |value, part| &value[part]);
        cv.args(["--set", &format!("network.{key}={value}")]);
    }
    for block in 0..4 {
        cv.args(["--set", &format!("network.blocks.{block}.filters=2")]);
    }
    cv.args(["--set", "batch=4", "--set", "optimizer.learning_rate=0.005"]);
    ok(cv.args(["--set", "frontend.min_steps=8", "--set", "crop_steps=8"]));
    let (old, new) =
        (json_file(&fixture("run/metrics.json")), json_file(&run.join("metrics.json")));
    assert_eq!((&old["mean"], &old["folds"]), (&new["mean"], &new["folds"]));
    assert_eq!(new["calibration"]["method"], "cross-fit");
    ok(clstm().arg("ensemble").arg(&run).arg(fixture("run")).arg("--output").arg(&ensemble));
    let reported = ok(clstm().arg("report").arg(&run).arg("--no-png").arg("--output").arg(&report));
    assert!(text(&reported.stdout).contains("report.html"));
}
