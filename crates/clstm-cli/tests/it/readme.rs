//! The commands of the README work: those that need no network, microphone, server or large corpus are run, the
//! options of the others are parsed; output that is shown is compared.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::support::{TINY, clstm, folder, pcm16, text, voice};

/// A command of the README with the output that is shown below it.
#[derive(Debug)]
struct Shown {
    line: String,
    output: Vec<String>,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The commands of all blocks of code without a language.
fn commands(readme: &str) -> Vec<Shown> {
    let mut commands: Vec<Shown> = Vec::new();
    let mut language = None;
    for line in readme.lines() {
        if let Some(name) = line.trim_start().strip_prefix("```") {
            language = if language.is_none() { Some(name.to_owned()) } else { None };
            continue;
        }
        let in_block =
            language.as_deref().is_some_and(|name| matches!(name, "" | "sh" | "console"));
        if !in_block {
            continue;
        }
        let prompt = line.strip_prefix("$ ");
        let command = prompt.unwrap_or(line);
        if prompt.is_some() || command.starts_with("clstm ") {
            let line = command.split("  #").next().unwrap_or_default().trim().to_owned();
            let line = line.replace("cargo run --release -- ", "clstm ");
            commands.push(Shown { line, output: Vec::new() });
        } else if let Some(last) = commands.last_mut() {
            last.output.push(line.to_owned());
        }
    }
    commands.retain(|shown| shown.line.starts_with("clstm "));
    commands
}

/// The words of a line, as a shell without expansions reads it.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for letter in line.chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            letter => word.push(letter),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// What the README names: recordings, folders of them, and recordings whose names hold labels and speakers.
fn sandbox() -> PathBuf {
    let root = folder("readme");
    let sample = fs::read(repository().join("assets/sample.wav")).unwrap();
    let files = [
        "call.wav",
        "meeting.wav",
        "talk.wav",
        "new.wav",
        "hello.wav",
        "interviews/a.wav",
        "takes/b.flac",
        "calls/c.wav",
    ];
    for name in files.into_iter().chain(["archive/d.wav", "archive/e.wav"]) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &sample).unwrap();
    }
    let turns = "SPEAKER meeting 1 0.0 1.2 <NA> <NA> anna <NA> <NA>\n\
                 SPEAKER meeting 1 1.2 1.2 <NA> <NA> ben <NA> <NA>\n";
    fs::write(root.join("meeting.rttm"), turns).unwrap();
    let assets = root.join("assets");
    fs::create_dir_all(&assets).unwrap();
    for entry in fs::read_dir(repository().join("assets")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), assets.join(entry.file_name())).unwrap();
    }
    let recordings = root.join("recordings");
    fs::create_dir_all(&recordings).unwrap();
    for (emotion, label) in (1..).zip(["happy", "sad"]) {
        for (actor, speaker) in (1..).zip(["anna", "ben", "cleo", "dan", "eva"]) {
            for take in 1..=2 {
                let name = format!("{label}_{speaker}_{take:02}.wav");
                fs::write(recordings.join(name), pcm16(&voice(emotion, actor, take), 16_000))
                    .unwrap();
            }
        }
    }
    root
}

/// Whether a command is run; the others need what a test has not, or take too long.
fn is_run(words: &[String]) -> bool {
    let has = |part: &str| words.iter().any(|word| word.contains(part));
    match words[1].as_str() {
        "listen" => has("--input") && !words.iter().any(|word| word == "-"),
        "predict" | "annotate" => true,
        "corpus" => has("mine.csv") || has("recordings/"),
        "cv" | "train" => has("mine.csv"),
        "report" => has("runs/mine"),
        _ => false,
    }
}

fn run(words: &[String], root: &Path) -> Output {
    let mut command = clstm();
    command.current_dir(root).args(&words[1..]);
    if !is_run(words) {
        command.arg("--help");
    } else if words[1] == "listen" {
        command.arg("--no-realtime");
    } else if ["cv", "train"].contains(&words[1].as_str()) {
        // The commands are the README's; the network is a tiny one.
        let words: Vec<&str> = words[1..]
            .iter()
            .map(|w| if w == "clstm-plus" { "clstm" } else { w.as_str() })
            .collect();
        command = clstm();
        command.current_dir(root).args(words).args(["--epochs", "1"]);
        command.args(TINY.iter().flat_map(|setting| ["--set", setting]));
    }
    command.output().unwrap()
}

#[test]
fn the_commands_of_the_readme_work() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let commands = commands(&readme);
    assert!(commands.len() >= 15, "{commands:?}");
    let root = sandbox();
    let mut ran = 0;
    for shown in &commands {
        let words = words(&shown.line);
        // Without the model inside there is nothing to predict with.
        let needs_model = ["predict", "listen", "annotate"].contains(&words[1].as_str())
            && !words.iter().any(|word| word == "--model");
        if needs_model && is_run(&words) && !cfg!(feature = "embedded") {
            continue;
        }
        let output = run(&words, &root);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{}\n{out}\n{err}", shown.line);
        ran += usize::from(is_run(&words));
        let expected = shown.output.join("\n");
        // The recordings of shortened output are not in the repository.
        if is_run(&words) && !expected.trim().is_empty() && !expected.contains("...") {
            assert_eq!(out.trim_end(), expected.trim_end(), "{}", shown.line);
        }
    }
    assert!(ran >= 8, "only {ran} commands were run");
}
