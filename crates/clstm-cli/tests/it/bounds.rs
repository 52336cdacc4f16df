//! Input that is too deep, too long or too large for what it is.

use std::fmt::Write as _;
use std::fs;

use crate::support::{TINY, clstm, complains, corpus, folder, place, status, text};

#[test]
fn settings_that_are_too_deep_or_too_large_are_refused() {
    let (root, run) = (folder("bounds"), place("bounds-run"));
    let train = |more: &[&str]| {
        let mut command = clstm();
        command.args(["train", "--corpus", "ravdess", "--preset", "clstm", "--data"]);
        command.arg(corpus()).arg("--output").arg(&run);
        command.args(TINY.iter().flat_map(|setting| ["--set", setting])).args(more);
        command
    };
    let deep = |open: &str, close: &str| {
        format!("network = {}1{}\n", open.repeat(20_000), close.repeat(20_000))
    };
    for (name, content) in [
        ("keys", format!("network.{}b = 1\n", "a.".repeat(30_000))),
        ("header", format!("[{}network]\nx = 1\n", "network.".repeat(20_000))),
        ("lists", deep("[", "]")),
        ("tables", deep("{ a = ", " }")),
    ] {
        let path = root.join(format!("{name}.toml"));
        fs::write(&path, content).unwrap();
        let output = status(train(&["--config"]).arg(&path), 2);
        let message = text(&output.stderr);
        assert!(message.len() < 20_000, "{name}: {} bytes of message", message.len());
    }
    let long = format!("network.{}b=1", "a.".repeat(30_000));
    complains(&mut train(&["--set", &long]), 2, "at most 16 parts");
    for (setting, name) in [
        ("batch=1000000000", "batch"),
        ("crop_steps=100000", "crop_steps"),
        ("epochs=99999999999", "epochs"),
        ("network.blocks.0.filters=1000000", "filters"),
        ("network.gflb.hidden=10000000", "hidden"),
        ("frontend.max_steps=1000000000", "max_steps"),
        ("augment.time_mask.count=1000000", "time_mask"),
        ("optimizer.learning_rate=1e30", "learning_rate"),
    ] {
        complains(&mut train(&["--set", setting]), 2, name);
    }
    assert!(!run.exists(), "nothing was begun");
}

#[test]
fn a_manifest_of_many_classes_takes_linear_time() {
    // Comparing each row with each class took minutes.
    let path = folder("bounds").join("classes.csv");
    let mut rows = "path,label\n".to_owned();
    for number in 0..50_000 {
        let _ = writeln!(rows, "{number}.wav,class {number}");
    }
    fs::write(&path, rows).unwrap();
    let mut stats = clstm();
    stats.args(["corpus", "stats", "manifest", "--data"]).arg(&path);
    let output = complains(&mut stats, 1, "50000 of the 50000 recordings it lists are not there");
    assert!(output.stderr.len() < 10_000);
}

#[test]
fn json_that_is_too_deep_is_refused() {
    let path = folder("bounds").join("deep.jsonl");
    let label = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    fs::write(&path, format!("{{\"path\":\"a.wav\",\"label\":{label}}}\n")).unwrap();
    let mut stats = clstm();
    complains(
        stats.args(["corpus", "stats", "manifest", "--data"]).arg(&path),
        1,
        "recursion limit",
    );
}

#[test]
fn devices_without_end_are_no_settings_lists_or_keys() {
    let zero = "/dev/zero";
    if !std::path::Path::new(zero).exists() {
        eprintln!("skipped: no /dev/zero here");
        return;
    }
    let data = corpus().to_str().unwrap();
    let train =
        ["train", "--corpus", "ravdess", "--preset", "clstm", "--data", data, "--output", "never"];
    let train = |more: [&'static str; 2]| [&train[..], &more].concat();
    for arguments in [
        vec!["corpus", "stats", "manifest", "--data", zero],
        vec!["predict", "a.wav", "--classes", zero],
        vec!["inspect", zero],
        vec!["serve", "--config", zero],
        vec!["serve", "--api-key-file", zero],
        vec!["serve", "--tls-cert", zero, "--tls-key", zero],
        train(["--config", zero]),
        train(["--label-map", zero]),
        train(["--scores", zero]),
        train(["--init", zero]),
    ] {
        let output = clstm().args(&arguments).output().unwrap();
        let message = text(&output.stderr);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{arguments:?}: {message}");
        assert!(message.contains("more than"), "{arguments:?}: {message}");
    }
}
