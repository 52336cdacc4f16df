//! `--device`: what computes.

use crate::support::{clstm, complains, corpus, json_lines, ok, place, predict, training, voices};

#[test]
fn the_processor_is_the_default() {
    let wav = voices().join("Actor_01/03-01-05-01-01-01-01.wav");
    let predicted = |more: &[&str]| {
        json_lines(&ok(predict().arg(&wav).args(["--format", "jsonl"]).args(more)).stdout)
    };
    assert_eq!(predicted(&["--device", "cpu"]), predicted(&[]));
    let unknown = "unknown device \"tpu\"; known are cpu, cuda";
    complains(predict().args(["x.wav", "--device", "tpu"]), 2, unknown);
}

#[test]
fn bf16_is_refused_on_a_gpu() {
    let both = ["--device", "cuda", "--precision", "bf16"];
    let refused = "bf16 is computed by the fused layers of the CPU alone";
    let out = place("cuda-bf16");
    complains(training("train", &out, 1).args(both), 2, refused);
    complains(training("cv", &out, 1).args(["--split", "random"]).args(both), 2, refused);
    complains(predict().arg("x.wav").args(both), 2, refused);
    assert!(!out.exists(), "nothing was begun");
}

#[cfg(not(feature = "cuda"))]
#[test]
fn a_device_that_was_not_built_is_reported_with_its_feature() {
    let (out, cuda) = (place("cuda"), ["--device", "cuda"]);
    let reported = "this build cannot compute on cuda: build with `--features cuda`";
    complains(training("train", &out, 1).args(cuda), 2, reported);
    complains(training("cv", &out, 1).args(["--split", "random"]).args(cuda), 2, reported);
    complains(predict().arg("x.wav").args(cuda), 2, reported);
    let mut evaluate = clstm();
    evaluate.args(["evaluate", "--corpus", "ravdess", "--data"]).arg(corpus()).args(cuda);
    complains(&mut evaluate, 2, reported);
    assert!(!out.exists(), "nothing was begun");
}

/// With a GPU, its predictions equal those of the CPU. Without one, the error names the device.
#[cfg(feature = "cuda")]
#[test]
fn a_gpu_computes_or_is_reported_missing() {
    use crate::support::text;

    let wav = voices().join("Actor_01/03-01-05-01-01-01-01.wav");
    let here = json_lines(&ok(predict().arg(&wav).args(["--format", "jsonl"])).stdout).remove(0);
    let mut command = predict();
    let output =
        command.arg(&wav).args(["--format", "jsonl", "--device", "cuda"]).output().unwrap();
    if !output.status.success() {
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("cannot compute on cuda: "));
        let out = place("no-gpu");
        let reported = "cannot compute on cuda: ";
        complains(training("train", &out, 1).args(["--device", "cuda"]), 1, reported);
        let mut evaluate = clstm();
        evaluate.args(["evaluate", "--corpus", "ravdess", "--device", "cuda", "--data"]);
        complains(evaluate.arg(corpus()), 1, reported);
        assert!(!out.exists(), "nothing was begun");
        return;
    }
    let there = json_lines(&output.stdout).remove(0);
    for (label, probability) in here["probabilities"].as_object().unwrap() {
        let other = there["probabilities"][label].as_f64().unwrap();
        assert!((probability.as_f64().unwrap() - other).abs() < 1e-3, "{label}: {other}");
    }
    ok(training("train", &place("gpu"), 2).args(["--device", "cuda"]));
}
