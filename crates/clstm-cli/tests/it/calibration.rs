//! Confidences: from a cross-validation through the model file to an abstention.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::support::{
    clstm, complains, corpus, json_file, json_lines, model, ok, place, predict, text, training,
    voices,
};

/// A run over two folds that share speakers, and what it printed.
fn run() -> &'static (PathBuf, String) {
    static RUN: OnceLock<(PathBuf, String)> = OnceLock::new();
    RUN.get_or_init(|| {
        let out = place("cv-calibrated");
        let mut command = training("cv", &out, 2);
        let output = ok(command.args(["--split", "random", "--folds", "2"]));
        (out, text(&output.stdout))
    })
}

/// The books of that run as of another split, with another temperature and a threshold.
fn books(name: &str, split: &str, temperature: f64) -> PathBuf {
    let mut metrics = json_file(&run().0.join("metrics.json"));
    metrics["protocol"]["split"] = json!(split);
    metrics["calibration"]["temperature"] = json!(temperature);
    metrics["calibration"]["abstention"] = json!({"threshold": 0.2, "coverage": 0.5, "risk": 0.25});
    let path = place(name);
    fs::write(&path, metrics.to_string()).unwrap();
    path
}

/// A model that was calibrated by such books, a speaker-independent one among them.
fn calibrated() -> &'static Path {
    static MODEL: OnceLock<PathBuf> = OnceLock::new();
    MODEL.get_or_init(|| {
        let out = place("calibrated");
        let (random, speaker) =
            (books("random.json", "random", 2.0), books("speaker.json", "speaker", 0.5));
        let mut train = training("train", &out, 2);
        let output = ok(train.arg("--scores").arg(&random).arg(&speaker));
        let reported = text(&output.stderr);
        assert!(reported.contains("speaker.json: temperature 0.500"), "{reported}");
        out.join("model.safetensors")
    })
}

#[test]
fn a_cross_validation_reports_its_calibration() {
    let (out, printed) = run();
    let found = &json_file(&out.join("metrics.json"))["calibration"];
    assert_eq!(found["utterances"], 64);
    assert_eq!(found["folds"].as_array().unwrap().len(), 2);
    for of in ["uncalibrated", "calibrated"] {
        assert!(["ece", "nll", "brier"].iter().all(|field| found[of][field].is_f64()));
        assert_eq!(found[of]["bins"].as_array().unwrap().len(), 15);
    }
    assert_eq!(found["risk_coverage"]["points"][0]["coverage"], 1.0);
    for part in ["ECE (15 bins)", "cross-fit", "AURC", "uncalibrated", "temperatures by fold"] {
        assert!(printed.contains(part), "{part:?} is not in\n{printed}");
    }
    assert_eq!(found["method"], "cross-fit");
    assert!(printed.contains("64 test utterances of 2 of 2 folds"), "{printed}");

    let alone = place("cv-one-fold");
    let mut fold = training("cv", &alone, 1);
    fold.args(["--split", "random", "--folds", "2", "--fold", "1"]);
    let printed = text(&ok(&mut fold).stdout);
    assert!(printed.contains("no calibration: it needs"), "{printed}");
    assert!(json_file(&alone.join("metrics.json")).get("calibration").is_none());
}

#[test]
fn a_model_of_everything_takes_its_temperature_from_a_speaker_independent_run() {
    let json = ok(clstm().arg("inspect").arg(calibrated()).args(["--format", "json"])).stdout;
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["temperature"], 0.5);
    assert_eq!(json["calibration"]["abstention"]["threshold"], 0.2);
    let metrics = json_file(&place("speaker.json"));
    let points = &json["calibration"]["risk_coverage"];
    assert_eq!(*points, metrics["calibration"]["risk_coverage"]["points"]);
    assert_eq!(
        json["calibration"]["calibrated"]["ece"],
        metrics["calibration"]["calibrated"]["ece"]
    );
    assert_eq!(json["training"]["scores"].as_array().unwrap().len(), 2);
    let table = text(&ok(clstm().arg("inspect").arg(calibrated())).stdout);
    for part in [
        "confidence  temperature 0.500, then",
        "risk and coverage",
        "--abstain 20.0%: coverage 50.0%, risk 25.0%",
    ] {
        assert!(table.contains(part), "{part:?} is not in\n{table}");
    }
    let plain = text(&ok(clstm().arg("inspect").arg(model())).stdout);
    assert!(
        plain.contains("the softmax's (not calibrated)") && !plain.contains("risk and"),
        "{plain}"
    );

    // The weights are the same: the confidences differ, the labels do not.
    let predictions = |model: &Path| {
        let mut command = clstm();
        command.arg("predict").arg(voices().join("Actor_01")).arg("--model").arg(model);
        command.args(["--min-speech", "0"]);
        json_lines(&ok(command.args(["--format", "jsonl"])).stdout)
    };
    for (a, b) in predictions(calibrated()).iter().zip(predictions(model())) {
        assert_eq!(a["label"], b["label"]);
        if !a["label"].is_null() {
            assert_ne!(a["confidence"], b["confidence"]);
        }
    }

    let mut older = json_file(&run().0.join("metrics.json"));
    older.as_object_mut().unwrap().remove("calibration");
    let path = place("older.json");
    fs::write(&path, older.to_string()).unwrap();
    let mut train = training("train", &place("uncalibrated"), 2);
    complains(train.arg("--scores").arg(&path), 0, "none of the --scores has a calibration");
}

#[test]
fn predictions_below_the_threshold_are_abstained() {
    let file = voices().join("Actor_01/03-01-05-01-01-01-01.wav");
    let predicted = |more: &[&str]| {
        let mut command = clstm();
        command.arg("predict").arg("--model").arg(calibrated()).args(more).arg(&file);
        command.args(["--min-speech", "0"]);
        ok(command.args(["--format", "jsonl"]))
    };
    let line = |more: &[&str]| json_lines(&predicted(more).stdout).remove(0);
    let plain = line(&[]);
    assert!(plain.get("abstained").is_none());
    let sure = plain["confidence"].as_f64().unwrap();
    for (flag, threshold) in [("--abstain", 0.2), ("--abstain=0", 0.0), ("--abstain=1", 1.0)] {
        let mut marked = line(&[flag]);
        let abstained = marked.as_object_mut().unwrap().remove("abstained");
        assert_eq!(abstained, Some(json!(sure < threshold)), "{flag}: {sure}");
        assert_eq!(marked, plain, "nothing else changes");
    }
    let reported = text(&predicted(&["--abstain=1"]).stderr);
    assert!(
        reported.contains("1 of 1 predictions are below the confidence threshold 100.0%"),
        "{reported}"
    );
    let table = ok(predict().arg(&file).arg("--abstain=1"));
    assert!(text(&table.stdout).contains(" ? "), "{}", text(&table.stdout));
    let csv = text(&ok(predict().arg(&file).args(["--abstain=0", "--format", "csv"])).stdout);
    let mut lines = csv.lines();
    assert!(lines.next().unwrap().ends_with(",error_message,abstained"), "{csv}");
    assert!(lines.next().unwrap().ends_with(",false"), "{csv}");

    complains(predict().arg(&file).arg("--abstain"), 2, "recommends no threshold");
    complains(predict().arg(&file).arg("--abstain=1.5"), 2, "from 0 to 1");
    complains(
        predict().args(["--abstain", "0.7"]).arg(&file),
        2,
        "write the threshold as --abstain=0.7",
    );
}

#[test]
fn an_evaluation_reports_the_calibration_of_its_confidences() {
    let fold = run().0.join("fold-1/model.safetensors");
    let mut evaluate = clstm();
    evaluate.args(["evaluate", "--corpus", "ravdess", "--data"]).arg(corpus());
    evaluate.args(["--split", "random", "--folds", "2", "--fold", "1", "--model"]).arg(&fold);
    let table = text(&ok(&mut evaluate).stdout);
    assert!(table.contains("confidence at temperature 1.000 (1.00 +0.00): ECE "), "{table}");
    assert!(table.contains("AURC"), "{table}");
    let json: Value =
        serde_json::from_slice(&ok(evaluate.args(["--format", "json"])).stdout).unwrap();
    assert_eq!(json["calibration"]["nll"], json["loss"]);
    assert!((0.0..=1.0).contains(&json["calibration"]["ece"].as_f64().unwrap()));
    assert!((0.0..=1.0).contains(&json["aurc"].as_f64().unwrap()));
}

#[test]
fn a_share_held_out_of_the_training_calibrates_a_single_fold() {
    let out = place("cv-share");
    let mut fold = training("cv", &out, 1);
    fold.args(["--split", "speaker", "--folds", "2", "--fold", "1"]);
    let printed = text(&ok(fold.args(["--set", "calibration_share=0.3"])).stdout);
    assert!(printed.contains("held out of its training"), "{printed}");
    let metrics = json_file(&out.join("metrics.json"));
    assert_eq!(metrics["folds"][0]["train_utterances"], 16);
    assert_eq!(metrics["folds"][0]["held_out_scaling"]["utterances"], 16);
    let mut refused = training("cv", &place("cv-share-all"), 1);
    refused.args(["--split", "speaker", "--set", "calibration_share=0.9"]);
    complains(&mut refused, 2, "calibration_share must be in [0, 0.5)");
}

/// A manifest of the recordings of `corpus()` under names of other speakers, half of the classes.
fn strangers(name: &str) -> PathBuf {
    let mut lines = "path,label,speaker\n".to_owned();
    let labels = ["neutral", "calm", "happy", "sad"];
    for actor in ["01", "02", "03", "04"] {
        let folder = voices().join(format!("Actor_{actor}"));
        for (entry, index) in fs::read_dir(folder).unwrap().zip(0..) {
            let path = entry.unwrap().path();
            lines += &format!("{},{},stranger-{actor}\n", path.display(), labels[index % 4]);
        }
    }
    let path = place(name).with_extension("csv");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, lines).unwrap();
    path
}

#[test]
fn a_model_is_calibrated_on_speakers_that_it_was_not_trained_on() {
    let out = place("calibrated.safetensors");
    let evaluate = |more: &[&str]| {
        let mut command = clstm();
        command.arg("evaluate").arg("--model").arg(model()).args(more);
        command
    };
    let calibrate = |more: &[&str]| {
        let mut command = evaluate(&["--corpus", "manifest", "--name", "ours"]);
        command.arg("--data").arg(strangers("calibrate")).arg("--calibrate").arg(&out).args(more);
        command
    };
    let printed = text(&ok(&mut calibrate(&[])).stdout);
    assert!(printed.contains("ECE (15 bins)") && printed.contains("cross-fit"), "{printed}");
    let inspect = |path: &Path| -> Value {
        let shown = ok(clstm().arg("inspect").arg(path).args(["--format", "json"]));
        serde_json::from_slice(&shown.stdout).unwrap()
    };
    let (before, after) = (inspect(model()), inspect(&out));
    assert_eq!(after["name"], "ours");
    assert_eq!(after["labels"], before["labels"]);
    assert_eq!(after["calibration"]["protocol"]["split"], "speaker");
    assert_eq!(after["calibration"]["utterances"], 64);
    assert_ne!(after["temperature"], before["temperature"]);
    complains(&mut calibrate(&[]), 1, "--force");
    ok(&mut calibrate(&["--force"]));

    let one = text(&fs::read(strangers("calibrate")).unwrap());
    let one: Vec<&str> =
        one.lines().filter(|l| !l.contains("stranger-0") || l.ends_with('1')).collect();
    let list = place("one-speaker.csv");
    fs::write(&list, one.join("\n")).unwrap();
    let mut single = evaluate(&["--corpus", "manifest", "--calibrate"]);
    single.arg(place("single.safetensors")).arg("--data").arg(&list);
    complains(&mut single, 1, "at least two corpora, or of two named speakers");

    let mut own = evaluate(&["--corpus", "ravdess", "--calibrate"]);
    own.arg(place("own.safetensors")).arg("--data").arg(voices());
    complains(&mut own, 1, "TRAINED on");
}

#[test]
fn a_closed_set_predicts_only_classes_of_the_corpus() {
    let figures = |more: &[&str]| -> Value {
        let mut command = clstm();
        command.arg("evaluate").arg("--model").arg(model()).args(["--corpus", "manifest"]);
        command.arg("--data").arg(strangers("closed-set")).args(["--format", "json"]).args(more);
        serde_json::from_slice(&ok(&mut command).stdout).unwrap()
    };
    let predicted = |figures: &Value, class: usize| -> u64 {
        let rows = figures["confusion"].as_array().unwrap();
        rows.iter().map(|row| row[class].as_u64().unwrap()).sum()
    };
    let closed = figures(&["--closed-set"]);
    assert_eq!((4..8).map(|class| predicted(&closed, class)).sum::<u64>(), 0);
    assert_eq!((0..4).map(|class| predicted(&closed, class)).sum::<u64>(), 64);
    let open = figures(&[]);
    assert!(closed["ua"].as_f64() >= open["ua"].as_f64());
}
