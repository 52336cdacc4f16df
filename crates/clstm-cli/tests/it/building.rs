//! Trainings that build on earlier models: `--init` and `--teacher`.

use serde_json::Value;

use crate::support::{clstm, complains, corpus, json_file, model, ok, place, text, training};

#[test]
fn a_run_is_distilled_from_another_and_a_model_from_models() {
    let (plain, distilled) = (place("building-plain"), place("building-distilled"));
    let cv = |out: &std::path::Path| {
        let mut cv = training("cv", out, 1);
        cv.args(["--split", "random", "--folds", "2"]);
        cv
    };
    ok(&mut cv(&plain));
    let reported = ok(cv(&distilled).arg("--teacher").arg(&plain).arg("--init").arg(&plain));
    let lineage = ", initialised from clstm, 1 epochs on ravdess, distilled from clstm";
    assert!(text(&reported.stdout).contains(lineage), "{}", text(&reported.stdout));
    let protocol = &json_file(&distilled.join("metrics.json"))["protocol"];
    assert_eq!(protocol["distilled_from"][0]["preset"], "clstm");
    assert_eq!(protocol["initialized_from"]["epochs"], 1);
    // The model file records it too, and the overlap check reads it.
    let fold = distilled.join("fold-1/model.safetensors");
    let mut evaluate = clstm();
    evaluate.arg("evaluate").arg("--model").arg(&fold).args(["--corpus", "ravdess", "--data"]);
    evaluate.arg(corpus()).args(["--split", "random", "--folds", "2", "--fold", "1"]);
    let seen: Value =
        serde_json::from_slice(&ok(evaluate.args(["--format", "json"])).stdout).unwrap();
    assert_eq!(seen["training_overlap"]["held_out_fold"], true, "{seen}");

    // Any other fold of theirs may be what the start or the teacher trained on.
    let mut evaluate = clstm();
    evaluate.arg("evaluate").arg("--model").arg(&fold).args(["--corpus", "ravdess", "--data"]);
    complains(evaluate.arg(corpus()), 0, "builds on others that were TRAINED on ravdess");

    // Scores of distilled models do not apply to a model trained on labels alone.
    let scores = distilled.join("metrics.json");
    let mut alone = training("train", &place("building-alone"), 1);
    complains(
        alone.arg("--scores").arg(&scores),
        1,
        "its lineage is initialised from clstm, 1 epochs on ravdess",
    );
    let all = place("building-all");
    let mut train = training("train", &all, 1);
    train.arg("--init").arg(plain.join("fold-1/model.safetensors"));
    train.arg("--teacher").arg(plain.join("fold-1/model.safetensors"));
    ok(train.arg("--scores").arg(&scores));
    let json =
        ok(clstm().arg("inspect").arg(all.join("model.safetensors")).args(["--format", "json"]));
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["training"]["pretraining_corpora"], serde_json::json!(["ravdess"]));
    assert_eq!(json["training"]["distilled_from"][0]["preset"], "clstm");
    let table = text(&ok(clstm().arg("inspect").arg(all.join("model.safetensors"))).stdout);
    assert!(table.contains(lineage), "{table}");
}

#[test]
fn what_cannot_be_built_on_is_refused() {
    let out = place("building-refused");
    let cv = || {
        let mut cv = training("cv", &out, 1);
        cv.args(["--split", "random", "--folds", "2"]);
        cv
    };
    complains(cv().arg("--init").arg(model()), 1, "perhaps on what is held out here");
    // The corpora of a built-in model are known too.
    complains(cv().args(["--init", "multi"]), 1, "perhaps on what is held out here");
    complains(cv().args(["--init", "no-such-model"]), 2, "the built-in models are multi");
    complains(cv().arg("--teacher").arg(model()), 1, "shared-model/model.safetensors");
    complains(cv().arg("--teacher").arg(place("nowhere")), 1, "nowhere");
    let mut train = training("train", &out, 1);
    complains(train.arg("--teacher").arg(place("nowhere")), 1, "--teacher");
    let new = place("building-validated");
    let mut train = training("train", &new, 1);
    train.args(["--set", "validation.share=0.25"]).arg("--init").arg(model());
    complains(&mut train, 2, "perhaps on what validation.share would hold out");
    assert!(!new.exists(), "nothing was begun");
}

#[test]
fn a_model_is_fine_tuned_on_few_utterances_with_frozen_layers() {
    let out = place("building-few-shot");
    let mut train = training("train", &out, 1);
    train.args(["--set", "frozen_layers=2", "--set", "sampling.shots=1"]);
    complains(&mut train, 2, "frozen_layers is 2, but the training starts from random weights");
    assert!(!out.exists(), "nothing was begun");
    let out = place("building-fine-tuned");
    let mut train = training("train", &out, 1);
    train.args(["--set", "frozen_layers=2", "--set", "sampling.shots=1"]);
    let reported = text(&ok(train.arg("--init").arg(model())).stderr);
    assert!(reported.contains("frozen layers: lflbs.0, lflbs.1\n"), "{reported}");
    assert!(reported.contains("training on 8 utterances"), "{reported}");
    let table = text(&ok(clstm().arg("inspect").arg(out.join("model.safetensors"))).stdout);
    assert!(table.contains("1 training utterance of each class"), "{table}");
}

#[test]
fn a_run_is_rescored_in_several_views() {
    let (plain, rescored) = (place("building-one-view"), place("building-views"));
    ok(training("cv", &plain, 1).args(["--split", "random", "--folds", "2"]));
    let rescore = |out: &std::path::Path| {
        let mut rescore = clstm();
        rescore.arg("evaluate").arg(&plain).args(["--corpus", "ravdess", "--data"]).arg(corpus());
        rescore.args(["--tta-shifts", "2", "--tta-polarity", "--output"]).arg(out);
        rescore
    };
    let reported = ok(&mut rescore(&rescored));
    assert!(text(&reported.stderr).contains("fold 2: UA "), "{}", text(&reported.stderr));
    assert!(
        text(&reported.stdout).contains(", test-time augmentation of 4 passes"),
        "{}",
        text(&reported.stdout)
    );
    // The models of the new run include these passes, and are recognised as the models of their folds.
    let mut evaluate = clstm();
    evaluate.arg("evaluate").arg("--model").arg(rescored.join("fold-2/model.safetensors"));
    evaluate.args(["--corpus", "ravdess", "--data"]).arg(corpus());
    evaluate.args(["--split", "random", "--folds", "2", "--fold", "2", "--format", "json"]);
    let seen: Value = serde_json::from_slice(&ok(&mut evaluate).stdout).unwrap();
    assert_eq!(seen["training_overlap"]["held_out_fold"], true, "{seen}");
    assert_eq!(seen["ua"], json_file(&rescored.join("fold-2/metrics.json"))["metrics"]["ua"]);
    let reported = ok(clstm().arg("inspect").arg(rescored.join("fold-2/model.safetensors")));
    assert!(
        text(&reported.stdout).contains("averaged over 4 augmented copies (TTA)\n"),
        "{}",
        text(&reported.stdout)
    );
    complains(&mut rescore(&rescored), 1, "already holds a run");
    complains(&mut rescore(&plain), 2, "would replace the run");
}
