//! No output replaces an input, and nothing that exists is replaced without `--force`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{clstm, complains, corpus, folder, model, ok, place, predict, text, training};

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/sample.wav")
}

/// Runs commands that must be refused, and checks that the file stays as it was.
fn refused(file: &Path, commands: Vec<Command>) {
    let before = fs::read(file).unwrap();
    for mut command in commands {
        complains(&mut command, 2, "would replace");
        assert!(fs::read(file).unwrap() == before, "{command:?}");
    }
}

#[test]
fn predict_never_replaces_what_it_reads() {
    let root = folder("outputs-predict");
    let (wav, copy) = (root.join("a.wav"), root.join("model.safetensors"));
    fs::copy(sample(), &wav).unwrap();
    fs::copy(model(), &copy).unwrap();
    let hard = root.join("hard.wav");
    fs::hard_link(&wav, &hard).unwrap();
    let command = |output: &Path, more: &[&str]| {
        let mut command = clstm();
        command.args(["predict", "--force", "--model"]).arg(&copy).arg(&wav).args(more);
        command.arg("--output").arg(output);
        command
    };
    let mut commands = vec![command(&wav, &["--format", "csv"]), command(&hard, &["--timeline"])];
    commands.push(command(&hard, &["--format", "parquet"]));
    #[cfg(unix)]
    {
        let soft = root.join("soft.wav");
        std::os::unix::fs::symlink(&wav, &soft).unwrap();
        commands.push(command(&soft, &["--format", "jsonl"]));
        // Standard input that is redirected from the output.
        let mut piped = clstm();
        piped.args(["predict", "--force", "-", "--model"]).arg(&copy).arg("--output").arg(&wav);
        piped.stdin(std::process::Stdio::from(fs::File::open(&wav).unwrap()));
        commands.push(piped);
        // Standard output that is appended to the recording.
        let mut appended = clstm();
        appended.args(["predict", "--model"]).arg(&copy).arg(&wav);
        appended.stdout(fs::OpenOptions::new().append(true).open(&wav).unwrap());
        commands.push(appended);
    }
    let mut embeddings = clstm();
    embeddings.args(["predict", "--force", "--model"]).arg(&copy).arg(&wav);
    embeddings.arg("--embeddings").arg(&wav);
    commands.push(embeddings);
    refused(&wav, commands);
    refused(&copy, vec![command(&copy, &["--format", "csv"])]);
    // Two outputs that are one file.
    let mut twice = predict();
    twice.arg(&wav).arg("--output").arg(root.join("x")).arg("--embeddings").arg(root.join("./x"));
    complains(&mut twice, 2, "the same file");
}

#[test]
fn what_exists_is_replaced_by_force_only() {
    let root = folder("outputs-force");
    let rows = root.join("rows.csv");
    let command = |more: &[&str]| {
        let mut command = predict();
        command.arg(sample()).args(["--format", "csv", "--output"]).arg(&rows).args(more);
        command
    };
    fs::write(&rows, "mine").unwrap();
    complains(&mut command(&[]), 1, "--force");
    assert_eq!(fs::read(&rows).unwrap(), b"mine");
    ok(&mut command(&["--force"]));
    let written = fs::read(&rows).unwrap();
    assert!(written.starts_with(b"path,"));
    complains(&mut command(&[]), 1, "--force");
    ok(&mut command(&["--resume"]));
    assert!(fs::read(&rows).unwrap() == written);
    complains(&mut command(&["--resume", "--force"]), 2, "cannot be used with");
}

#[cfg(unix)]
#[test]
fn two_processes_exclude_each_other() {
    let rows = place("outputs-locked.csv");
    fs::write(&rows, "").unwrap();
    let held = fs::File::open(&rows).unwrap();
    held.lock().unwrap();
    for more in [&["--force"][..], &["--resume"], &[]] {
        let mut command = predict();
        command.arg(sample()).args(["--format", "csv", "--output"]).arg(&rows).args(more);
        complains(&mut command, 1, "another process is writing to");
    }
    drop(held);
    ok(predict().arg(sample()).args(["--format", "csv", "--output"]).arg(&rows));
    let documents = folder("outputs-locked");
    let held = fs::File::open(&documents).unwrap();
    held.lock().unwrap();
    let mut command = predict();
    command.arg(sample()).args(["--timeline", "--format", "srt", "--output"]).arg(&documents);
    complains(&mut command, 1, "another process is writing to");
}

#[test]
fn listen_never_replaces_its_input() {
    let root = folder("outputs-listen");
    let wav = root.join("a.wav");
    fs::copy(sample(), &wav).unwrap();
    let command = |output: &Path| {
        let mut command = clstm();
        command.args(["listen", "--no-realtime", "--force", "--model"]).arg(model());
        command.arg("--input").arg(&wav).arg("--output").arg(output);
        command
    };
    let hard = root.join("hard.wav");
    fs::hard_link(&wav, &hard).unwrap();
    refused(&wav, vec![command(&wav), command(&hard)]);
    let events = root.join("events.jsonl");
    fs::write(&events, "mine").unwrap();
    let mut listen = clstm();
    listen.args(["listen", "--no-realtime", "--model"]).arg(model());
    complains(listen.arg("--input").arg(&wav).arg("--output").arg(&events), 1, "--force");
    ok(&mut command(&events));
}

#[test]
fn evaluate_and_manifest_never_replace_a_manifest() {
    let root = folder("outputs-manifest");
    let list = root.join("list.csv");
    let recordings = root.join("recordings");
    fs::create_dir_all(&recordings).unwrap();
    let from = corpus().join("Actor_01");
    let mut rows = "path,label\n".to_owned();
    for (name, label) in
        [("03-01-03-01-01-01-01.wav", "happy"), ("03-01-04-01-01-01-01.wav", "sad")]
    {
        fs::copy(from.join(name), recordings.join(format!("{label}_1.wav"))).unwrap();
        rows += &format!("recordings/{label}_1.wav,{label}\n");
    }
    fs::write(&list, rows).unwrap();
    let evaluate = |more: &[&Path], option: &str| {
        let mut command = clstm();
        command.args(["evaluate", "--force", "--model"]).arg(model());
        command.args(["--corpus", "manifest", "--data"]).arg(&list).arg(option).args(more);
        command
    };
    let recording = recordings.join("happy_1.wav");
    refused(&list, vec![evaluate(&[&list], "--output"), evaluate(&[&list], "--predictions")]);
    refused(&recording, vec![evaluate(&[&recording], "--predictions")]);
    refused(model(), vec![evaluate(&[model()], "--output")]);
    let manifest = |output: &Path, more: &[&str]| {
        let mut command = clstm();
        command.args(["corpus", "manifest"]).arg(&recordings).args(["--pattern", "{label}_*"]);
        command.arg("--output").arg(output).args(more);
        command
    };
    refused(&recording, vec![manifest(&recording, &["--force"])]);
    complains(&mut manifest(&list, &[]), 1, "--force");
    ok(&mut manifest(&list, &["--force"]));
}

#[test]
fn runs_and_reports_never_replace_what_they_are_made_from() {
    let (run, other) = (place("outputs-run"), place("outputs-other"));
    ok(training("cv", &run, 1).args(["--split", "random", "--folds", "2"]));
    let mut ensemble = clstm();
    ensemble.arg("ensemble").arg(&run).arg(&run).arg("--output").arg(&run);
    complains(&mut ensemble, 2, "would replace the run");
    let mut evaluate = clstm();
    evaluate.arg("evaluate").arg(&run).args(["--corpus", "ravdess", "--data"]).arg(corpus());
    complains(evaluate.arg("--output").arg(&run), 2, "would replace the run");
    // The initial model of a training that would be written over.
    ok(&mut training("train", &other, 1));
    let mut again = training("train", &other, 1);
    again.arg("--resume").arg("--init").arg(other.join("model.safetensors"));
    complains(&mut again, 2, "holds the model of --init");

    let report = || {
        let mut report = clstm();
        report.arg("report").arg(&run).arg("--no-png").arg("--output").arg(place("outputs-report"));
        report
    };
    let printed = ok(&mut report());
    assert!(text(&printed.stdout).contains("report.html"));
    complains(&mut report(), 1, "--force");
    ok(report().arg("--force"));
}

#[cfg(unix)]
#[test]
fn two_trainings_of_one_run_exclude_each_other() {
    let run = folder("outputs-run-locked");
    let held = fs::File::open(&run).unwrap();
    held.lock().unwrap();
    complains(&mut training("train", &run, 1), 1, "another process is writing to");
    let mut cv = training("cv", &run, 1);
    cv.args(["--split", "random", "--folds", "2"]);
    complains(&mut cv, 1, "another process is writing to");
    assert_eq!(fs::read_dir(&run).unwrap().count(), 0);
    drop(held);
    ok(&mut training("train", &run, 1));
}

#[test]
fn temporary_files_of_a_killed_training_are_removed() {
    let run = folder("outputs-run-killed");
    fs::write(run.join(".checkpoint.safetensors.a1B2c3.tmp"), "a part").unwrap();
    fs::write(run.join(".notes"), "mine").unwrap();
    ok(&mut training("train", &run, 1));
    let hidden: Vec<String> = fs::read_dir(&run)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert_eq!(hidden, [".notes"]);
}
