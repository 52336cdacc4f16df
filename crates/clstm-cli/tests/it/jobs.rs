//! `clstm cv --jobs`: folds side by side.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{complains, json_file, ok, place, text, training};

fn cv(out: &Path, epochs: usize, more: &[&str]) -> Command {
    let mut command = training("cv", out, epochs);
    command.args(["--split", "speaker", "--folds", "2"]).args(more);
    command
}

/// Compares what a run holds, the time that it took aside.
fn same_results(one: &Path, other: &Path) {
    for fold in ["fold-1", "fold-2"] {
        for name in ["model.safetensors", "predictions.jsonl", "history.json"] {
            let bytes = |run: &Path| fs::read(run.join(fold).join(name)).unwrap();
            assert!(bytes(one) == bytes(other), "{fold}/{name} differs");
        }
    }
    let figures = |run: &Path| {
        let metrics = json_file(&run.join("metrics.json"));
        [metrics["mean"].clone(), metrics["std"].clone(), metrics["calibration"].clone()]
    };
    assert_eq!(figures(one), figures(other));
}

#[test]
fn folds_side_by_side_give_the_results_of_folds_in_turn() {
    let (turn, beside) = (place("jobs-1"), place("jobs-2"));
    let one = ok(&mut cv(&turn, 2, &["--jobs", "1"]));
    let two = ok(&mut cv(&beside, 2, &["--jobs", "2", "--threads", "2"]));
    assert!(text(&two.stderr).contains("2 folds at a time, 1 threads each"), "{two:?}");
    assert_eq!(text(&one.stdout).lines().next(), text(&two.stdout).lines().next());
    same_results(&turn, &beside);
    complains(&mut cv(&beside, 2, &["--jobs", "2"]), 1, "already holds a run");
    ok(&mut cv(&beside, 2, &["--jobs", "2", "--resume"]));
    same_results(&turn, &beside);
}

#[test]
fn a_failed_job_is_named_and_the_others_continue() {
    let out = place("jobs-failed");
    ok(&mut cv(&out, 1, &["--fold", "1"]));
    // The record of the first fold is damaged: the second is trained all the same, and neither can be joined.
    fs::write(out.join("fold-1/metrics.json"), "{").unwrap();
    let failed = "the jobs of these folds failed: 1 2";
    complains(&mut cv(&out, 1, &["--jobs", "2", "--resume"]), 1, failed);
    assert!(out.join("fold-2/metrics.json").exists());
}

#[cfg(unix)]
#[test]
fn an_interrupt_saves_every_job_and_resume_continues() {
    use std::io::Read;

    use crate::resume::started;

    const EPOCHS: usize = 40;
    let (whole, broken) = (place("jobs-whole"), place("jobs-broken"));
    ok(&mut cv(&whole, EPOCHS, &["--jobs", "2"]));
    let mut command = cv(&broken, EPOCHS, &["--jobs", "2"]);
    let (mut child, mut stderr, mut reported) = started(&mut command, "epoch 2/40");
    let mut kill = Command::new("kill");
    kill.args(["-TERM".to_owned(), child.id().to_string()]);
    assert!(kill.status().unwrap().success());
    stderr.read_to_string(&mut reported).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{reported}");
    assert!(!broken.join("metrics.json").exists());
    ok(&mut cv(&broken, EPOCHS, &["--jobs", "2", "--resume"]));
    same_results(&whole, &broken);
}
