//! Names of release 0.1 that still work.

use crate::support::{clstm, complains, corpus, model, ok, place, predict, training};

#[test]
fn flags_of_release_0_1_are_accepted_and_not_shown() {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/sample.wav");
    ok(predict().args(["--timeline", "--moments", sample]));
    ok(clstm().args(["listen", "--input", sample, "--fast", "--plain", "--model"]).arg(model()));
    let out = place("aliases");
    let mut training = training("train", &out, 1);
    let arguments: Vec<_> = training.get_args().map(|a| a.to_owned()).collect();
    let renamed =
        arguments.iter().map(|a| if a == "--output" { "--out".into() } else { a.clone() });
    let renamed: Vec<std::ffi::OsString> = renamed.collect();
    training = clstm();
    ok(training.args(renamed).arg("--plain"));
    assert!(out.join("model.safetensors").exists());
    let mut stats = clstm();
    stats.args(["corpus", "stats", "ravdess", "--data"]).arg(corpus());
    complains(stats.args(["--labels", "none.toml"]), 2, "none.toml");
    for (command, old) in [
        ("predict", "--moments"),
        ("listen", "--fast"),
        ("train", "--out <"),
        ("serve", "--listen"),
        ("cv", "--plain"),
    ] {
        let help = crate::support::text(&ok(clstm().args([command, "--help"])).stdout);
        assert!(!help.contains(old), "{command} {old}");
    }
}

#[test]
fn commands_of_release_0_1_are_accepted_and_not_shown() {
    complains(clstm().arg("average"), 2, "clstm ensemble");
    complains(clstm().arg("rescore"), 2, "<RUN>");
    complains(clstm().args(["health", "127.0.0.1:1"]), 1, "/healthz");
    ok(clstm().args(["cross-validate", "--help"]));
    let help = crate::support::text(&ok(clstm().arg("--help")).stdout);
    for old in ["average", "rescore", "health "] {
        assert!(!help.contains(&format!("\n  {old}")), "{help}");
    }
    let serve = ["serve", "--listen", "127.0.0.1:0", "--client-recordings", "1", "--model", "none"];
    complains(clstm().args(serve), 2, "none");
}
