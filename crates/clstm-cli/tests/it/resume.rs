//! Ctrl-C and after.

#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use crate::support::{ok, place, text, training};

const EPOCHS: usize = 40;

#[test]
fn an_interrupted_training_resumes_to_the_same_model_bit_for_bit() {
    let (whole, broken) = (place("whole"), place("broken"));
    ok(&mut training("train", &whole, EPOCHS));

    let mut command = training("train", &broken, EPOCHS);
    // Also with another number of threads.
    command.args(["--threads", "1"]).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    while !told.contains("epoch 2/40") {
        assert_ne!(stderr.read_line(&mut told).unwrap(), 0, "it ended early:\n{told}");
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    stderr.read_to_string(&mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{told}");
    assert!(told.contains("continue with --resume"), "{told}");
    assert!(!told.contains("epoch 40/40"), "it was not interrupted:\n{told}");
    assert!(broken.join("checkpoint.safetensors").exists());
    assert!(!broken.join("model.safetensors").exists());

    let resumed = ok(training("train", &broken, EPOCHS).arg("--resume"));
    assert!(!text(&resumed.stderr).contains("epoch 1/40"), "it began again");
    for name in ["model.safetensors", "history.json", "recipe.json"] {
        let bytes = |run: &std::path::Path| fs::read(run.join(name)).unwrap();
        assert!(bytes(&whole) == bytes(&broken), "{name} differs");
    }
}
