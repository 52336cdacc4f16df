//! Wrong usage: status 2 and a message that names the remedy.

use crate::support::{clstm, complains, corpus, ok, place, predict, text, training};

#[test]
fn what_is_missing_is_named() {
    complains(&mut clstm(), 2, "Usage: clstm");
    complains(clstm().args(["predict", "--model", "x"]), 2, "<PATH>...");
    complains(clstm().args(["train", "--corpus", "ravdess"]), 2, "--data <DIR|FILE>");
    complains(
        clstm().args(["evaluate", "--corpus", "ravdess", "--data", ".", "--split", "random"]),
        2,
        "--fold",
    );
    complains(predict().args(["--threads", "0", "x.wav"]), 2, "--threads");
}

#[cfg(not(feature = "embedded"))]
#[test]
fn without_a_model_inside_one_must_be_named() {
    complains(clstm().args(["predict", "x.wav"]), 2, "--model FILE");
}

#[test]
fn recipes_that_cannot_be_followed_are_refused() {
    let out = place("never-either");
    for (setting, message) in [
        ("no.such=1", "there is no setting \"no.such\""),
        (
            "learning_rate=1e-3",
            "there is no setting \"learning_rate\"; did you mean \"optimizer.learning_rate\"? (`",
        ),
        ("batch=1", "batch is 1, not in 2..=4096"),
        ("label_smoothing=much", "label_smoothing"),
        ("preset=convlstm-fcn", "--preset"),
        ("precision=fp16", "expected `f32` or `bf16`"),
        ("network.classes=4", "network.classes is 4, but ravdess has 8"),
        ("no-equals-sign", "expected KEY=VALUE"),
    ] {
        complains(training("train", &out, 1).args(["--set", setting]), 2, message);
    }
    let fp16 = "unknown precision \"fp16\"; known are f32, bf16";
    complains(training("train", &out, 1).args(["--precision", "fp16"]), 2, fp16);
    complains(predict().args(["x.wav", "--precision", "fp16"]), 2, fp16);
    let cv = |split: &str, folds: &str| {
        let mut command = training("cv", &out, 1);
        command.args(["--split", split, "--folds", folds]);
        command
    };
    complains(&mut cv("speakers", "5"), 2, "unknown split");
    complains(&mut cv("random", "1"), 2, "cross-validation needs at least 2");
    complains(&mut cv("session", "2"), 2, "has no session split");
    assert!(!out.exists(), "nothing was begun");
    let mut preset = clstm();
    preset.args(["train", "--corpus", "ravdess", "--preset", "resnet", "--output", "x", "--data"]);
    complains(preset.arg(corpus()), 2, "convlstm-skip-bigru");
}

#[test]
fn a_configuration_file_comes_before_settings() {
    let (file, out) = (place("config.toml"), place("configured"));
    std::fs::write(&file, "label_smoothing = 0.25\nepochs = 7\n[optimizer]\nclip_norm = 3\n")
        .unwrap();
    ok(training("train", &out, 1).arg("--config").arg(&file).args(["--set", "label_smoothing=0"]));
    let recipe = crate::support::json_file(&out.join("recipe.json"));
    assert_eq!(recipe["label_smoothing"], 0.0);
    assert_eq!(recipe["epochs"], 1);
    assert_eq!(recipe["optimizer"]["clip_norm"], 3.0);
    std::fs::write(&file, "[optimiser]\nclip_norm = 3\n").unwrap();
    complains(training("train", &place("x"), 1).arg("--config").arg(&file), 2, "optimiser");
    std::fs::write(&file, "epochs = = 3\n").unwrap();
    complains(training("train", &place("x"), 1).arg("--config").arg(&file), 2, "config.toml");
}

#[test]
fn help_succeeds_and_has_examples() {
    for command in ["predict", "listen", "corpus", "train", "cv", "ablate", "evaluate", "inspect"] {
        let help = text(&ok(clstm().args([command, "--help"])).stdout);
        assert!(help.contains("Examples:"), "{help}");
    }
}
