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
    let labels = [["sad", "sad", "sad"], ["happy", "calm", "happy"], ["happy", "sad", ""]];
    let corrected: Vec<Value> = tasks
        .iter()
        .zip(labels)
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
fn elan_documents_in_another_folder_name_their_recordings() {
    let from = recordings("annotate-elan-apart recordings");
    let to = folder("annotate-elan-apart");
    ok(&mut export("elan", &to, &from));
    // ELAN writes addresses.
    let document = to.join("sad.eaf");
    let text_of = fs::read_to_string(&document).unwrap();
    let path = from.canonicalize().unwrap().join("sad.wav");
    let path = path.to_str().unwrap();
    assert!(text_of.contains(path), "{text_of}");
    let address = format!("file://{}", path.replace(' ', "%20"));
    for named in [path, &address] {
        fs::write(&document, text_of.replace(path, named)).unwrap();
        let list = to.join("list/corrected.csv");
        fs::create_dir_all(to.join("list")).unwrap();
        ok(manifest("elan", &document).args(["--force", "--output"]).arg(&list));
        assert!(
            fs::read_to_string(&list).unwrap().contains(&format!("{path},1,2.402,sad,1")),
            "{named}"
        );
    }
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
    // Predictions are no corrections.
    complains(&mut manifest("audformat", &table), 1, "accept them with --rater clstm");
    let rows = text(&ok(manifest("audformat", &to).args(["--rater", "clstm"])).stdout);
    assert_eq!(rows.lines().count(), 3, "{rows}");
    let mut again = clstm();
    again.args(["annotate", "export", "--to", "audformat", "--output"]).arg(&to).arg(&from);
    complains(&mut again, 1, "--force");
}

#[test]
fn a_database_of_audformat_is_read_with_its_raters_speakers_and_ties() {
    let root = recordings("annotate-audformat-database");
    let header = "name: db\nsource: test\nusage: research\nlanguages: [en]\nraters:\n  anna: {type: human}\n  ben: {type: human}\n  \
                  net: {type: machine}\nschemes:\n  emotion: {dtype: str, labels: [sad, happy]}\n  speaker: {dtype: str}\ntables:\n  \
                  emotion:\n    type: filewise\n    columns:\n      first: {scheme_id: emotion, rater_id: anna}\n      second: {scheme_id: \
                  emotion, rater_id: ben}\n      emotion: {scheme_id: emotion, rater_id: net}\n  files:\n    type: filewise\n    \
                  columns:\n      speaker: {scheme_id: speaker}\n";
    fs::write(root.join("db.yaml"), header).unwrap();
    let rows = "file,first,second,emotion\nsample.wav,sad,sad,happy\nsad.wav,sad,happy,happy\n";
    fs::write(root.join("db.emotion.csv"), rows).unwrap();
    fs::write(root.join("db.files.csv"), "file,speaker\nsample.wav,s1\nsad.wav,s2\n").unwrap();
    let list = root.join("list.csv");
    let mut all = manifest("audformat", &root);
    ok(all.args(["--keep-ties", "--output"]).arg(&list));
    let rows = fs::read_to_string(&list).unwrap();
    assert_eq!(
        rows,
        "path,label,speaker,votes_happy,votes_sad,rater_anna,rater_ben\nsample.wav,sad,s1,0,2,sad,sad\nsad.wav,happy,s2,1,1,sad,happy\n"
    );
    // Votes are read as such: no column of them is unused.
    let mut stats = clstm();
    stats.args(["corpus", "stats", "manifest", "--data"]).arg(&list);
    let printed = ok(&mut stats);
    let printed = text(&printed.stdout) + &text(&printed.stderr);
    assert!(!printed.contains("votes_"), "{printed}");
    let output =
        complains(&mut manifest("audformat", &root.join("db.yaml")), 0, "1 recordings or parts");
    assert_eq!(text(&output.stdout).lines().count(), 2);
    complains(manifest("audformat", &root).args(["--rater", "eve"]), 1, "by the rater \"eve\"");
    fs::rename(root.join("db.emotion.csv"), root.join("db.emotion.parquet")).unwrap();
    complains(&mut manifest("audformat", &root), 1, "db.emotion.parquet: cannot be read");
    fs::remove_file(root.join("db.emotion.parquet")).unwrap();
    complains(&mut manifest("audformat", &root), 1, "storage_format");
}

#[test]
fn a_database_of_audformat_is_read_as_audformat_saves_it() {
    let root = folder("annotate-audformat-parquet");
    let saved = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/audformat");
    for name in ["db.yaml", "db.emotion.parquet", "db.files.parquet", "db.parts.parquet"] {
        fs::copy(saved.join(name), root.join(name)).unwrap();
    }
    for name in ["a.wav", "b.wav", "c.wav"] {
        fs::write(root.join(name), crate::support::pcm16(&[0.0; 32_000], 16_000)).unwrap();
    }
    let list = root.join("list.csv");
    let _ = fs::remove_file(&list);
    ok(manifest("audformat", &root).arg("--output").arg(&list));
    let rows = fs::read_to_string(&list).unwrap();
    let mut rows: Vec<Vec<&str>> = rows.lines().map(|row| row.split(',').collect()).collect();
    let column = |name: &str| rows[0].iter().position(|it| *it == name).unwrap();
    let columns = ["path", "start_s", "end_s", "label", "speaker"].map(column);
    let cells = |row: &Vec<&str>| columns.map(|index| row[index].to_owned());
    let mut found: Vec<[String; 5]> = rows.drain(1..).map(|row| cells(&row)).collect();
    found.sort();
    let expected = [
        ["a.wav", "", "", "happy", "s1"],
        ["a.wav", "0.5", "1.25", "sad", "s1"],
        ["b.wav", "", "", "happy", "s2"],
        ["c.wav", "", "", "sad", "s3"],
    ];
    assert_eq!(found, expected);
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
