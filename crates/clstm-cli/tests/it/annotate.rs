//! `annotate export` and `corpus manifest --from`: pre-annotations, and the labels that people corrected.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{clstm, complains, folder, json_file, ok, status, text};

/// Two recordings of speech, and one without.
fn recordings(name: &str) -> PathBuf {
    let root = folder(name);
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets");
    for name in ["sample.wav", "sad.wav"] {
        fs::copy(assets.join(name), root.join(name)).unwrap();
    }
    fs::write(root.join("silent.wav"), crate::support::pcm16(&[0.0; 16_000], 16_000)).unwrap();
    root
}

fn export(tool: &str, to: &Path, from: &Path) -> Command {
    let mut command = clstm();
    command.args(["annotate", "export", "--to", tool, "--force", "--output"]).arg(to).arg(from);
    command
}

fn manifest(tool: &str, file: &Path) -> Command {
    let mut command = clstm();
    command.args(["corpus", "manifest", "--from", tool]).arg(file);
    command
}

#[test]
fn label_studio_gets_tasks_and_its_corrections_become_a_manifest() {
    let to = folder("annotate-label-studio");
    let from = recordings("annotate-label-studio-recordings");
    ok(&mut export("label-studio", &to, &from));
    let tasks = json_file(&to.join("tasks.json"));
    let tasks = tasks.as_array().unwrap();
    let scores: Vec<f64> =
        tasks.iter().filter_map(|task| task["predictions"][0]["score"].as_f64()).collect();
    assert_eq!((tasks.len(), scores.len()), (3, 2));
    assert!(scores[0] <= scores[1], "least sure first: {scores:?}");
    assert!(tasks[2]["data"]["audio"].as_str().unwrap().ends_with("silent.wav"), "{}", tasks[2]);
    assert!(fs::read_to_string(to.join("config.xml")).unwrap().contains("<Choice value=\"sad\"/>"));
    // Three people; they agree on one recording, two of three on another.
    let answers = [["sad", "sad", "sad"], ["happy", "calm", "happy"], ["happy", "sad", ""]];
    let corrected: Vec<Value> = tasks
        .iter()
        .zip(answers)
        .map(|(task, labels)| {
            let annotations = labels.iter().enumerate().filter(|(_, label)| !label.is_empty());
            let annotations: Vec<Value> = annotations
                .map(|(rater, label)| {
                    json!({"completed_by": rater, "result": [{"type": "choices", "value": {"choices": [label]}}]})
                })
                .collect();
            json!({"data": task["data"], "annotations": annotations})
        })
        .collect();
    let file = to.join("export.json");
    fs::write(&file, Value::from(corrected).to_string()).unwrap();
    let output =
        complains(&mut manifest("label-studio", &file), 0, "1 recordings or parts are left out");
    let rows = text(&output.stdout);
    let mut lines = rows.lines();
    let header = "path,label,votes_calm,votes_happy,votes_sad,rater_0,rater_1,rater_2";
    assert_eq!(lines.next(), Some(header));
    assert!(lines.next().unwrap().ends_with(",sad,0,0,3,sad,sad,sad"), "{rows}");
    assert!(lines.next().unwrap().ends_with(",happy,1,2,0,happy,calm,happy"), "{rows}");
    assert_eq!(lines.next(), None);
}

#[test]
fn elan_documents_are_corrected_and_read() {
    let to = recordings("annotate-elan-recordings");
    ok(&mut export("elan", &to, &to));
    let order = fs::read_to_string(to.join("order.csv")).unwrap();
    assert_eq!(order.lines().next(), Some("document,recording,label,confidence"));
    assert_eq!(order.lines().count(), 4);
    // The paths are relative to the documents.
    assert!(order.contains("sad.eaf,sad.wav,sad,"), "{order}");
    let document = to.join("sad.eaf");
    let corrected = fs::read_to_string(&document).unwrap().replacen(
        "<ANNOTATION_VALUE>sad<",
        "<ANNOTATION_VALUE>bored<",
        1,
    );
    fs::write(&document, corrected).unwrap();
    let rows = text(&ok(&mut manifest("elan", &document)).stdout);
    let mut lines = rows.lines();
    assert_eq!(lines.next(), Some("path,start_s,end_s,label,votes_bored"));
    assert!(lines.next().unwrap().contains("sad.wav,1,2.402,bored,1"), "{rows}");
    // What was read is a manifest.
    let list = to.join("corrected.csv");
    let _ = fs::remove_file(&list);
    let mut all = manifest("elan", &to);
    ok(all.arg("--output").arg(&list));
    let mut stats = clstm();
    stats.args(["corpus", "stats", "manifest", "--data"]).arg(&list);
    assert!(text(&ok(&mut stats).stdout).contains("bored"));
}

#[test]
fn documents_and_manifest_in_other_folders_than_the_recordings() {
    let from = recordings("annotate-apart-recordings");
    let documents = folder("annotate-apart-documents");
    ok(&mut export("elan", &documents, &from));
    let lists = folder("annotate-apart-lists");
    // The recordings are those that the documents name.
    for (folder, list) in [
        (&documents, lists.join("list.csv")),
        (&documents, from.join("list.csv")),
        (&documents, from.parent().unwrap().join("annotate-apart-list.csv")),
    ] {
        let _ = fs::remove_file(&list);
        ok(manifest("elan", folder).arg("--output").arg(&list));
        let mut stats = clstm();
        stats.args(["corpus", "stats", "manifest", "--data"]).arg(&list);
        assert!(text(&ok(&mut stats).stdout).contains("sad"), "{}", list.display());
    }
    let rows = fs::read_to_string(from.join("list.csv")).unwrap();
    assert!(rows.contains("\nsad.wav,"), "relative to the manifest's folder: {rows}");
}

#[test]
fn audacity_and_audformat_are_written() {
    let to = folder("annotate-audacity");
    let from = recordings("annotate-other-recordings");
    ok(&mut export("audacity", &to, &from));
    let track = fs::read_to_string(to.join("sad.txt")).unwrap();
    assert!(track.starts_with("1.000000\t") && track.contains("\tsad "), "{track}");
    assert_eq!(fs::read_to_string(to.join("silent.txt")).unwrap(), "");
    let to = folder("annotate-audformat");
    ok(&mut export("audformat", &to, &from));
    let table = to.join("db.emotion.csv");
    assert!(fs::read_to_string(to.join("db.yaml")).unwrap().contains("type: filewise"));
    let rows = text(&ok(&mut manifest("audformat", &table)).stdout);
    assert_eq!(rows.lines().count(), 3, "{rows}");
    let mut again = clstm();
    again.args(["annotate", "export", "--to", "audformat", "--output"]).arg(&to).arg(&from);
    complains(&mut again, 1, "--force");
}

#[test]
fn what_cannot_be_read_is_named() {
    let root = folder("annotate-bad");
    fs::write(root.join("bad.json"), "{").unwrap();
    complains(&mut manifest("label-studio", &root.join("bad.json")), 1, "line 1");
    complains(&mut manifest("label-studio", &root), 2, "name the exported file");
    complains(&mut manifest("elan", &root), 1, "has no .eaf files");
    let mut both = manifest("elan", &root);
    status(both.args(["--pattern", "{label}"]), 2);
    fs::write(root.join("text.wav"), b"no sound").unwrap();
    let mut command = clstm();
    command.args(["annotate", "export", "--to", "audformat", "--output"]).arg(root.join("out"));
    complains(command.arg(root.join("text.wav")), 1, "1 of 1 recordings failed");
}
