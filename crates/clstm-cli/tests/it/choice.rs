//! Which corpora, what of them is recognised, and what a split may leak.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::support::{
    RATE, TINY, clstm, complains, corpus, folder, json_file, json_lines, ok, pcm16, place, speech,
    status, text, training, voice,
};

/// Lists of six recordings of three speakers; the further columns are `more`, a field a row.
fn list(name: &str, more: &str, fields: [&str; 6]) -> PathBuf {
    let root = folder(name);
    let mut rows = format!("path,label,speaker,room{more}\n");
    for (i, fields) in (0..6_u32).zip(fields) {
        let (label, speaker) = (["happy", "sad"][i as usize % 2], i / 2);
        let samples = voice(1 + 4 * (i % 2), 10 + speaker, i);
        fs::write(root.join(format!("{i}.wav")), pcm16(&samples, RATE)).unwrap();
        let room = ["hall", "booth"][speaker as usize % 2];
        rows += &format!("{i}.wav,{label},s{speaker},{room}{fields}\n");
    }
    let path = root.join("list.csv");
    fs::write(&path, rows).unwrap();
    path
}

fn plain() -> &'static Path {
    static LIST: OnceLock<PathBuf> = OnceLock::new();
    LIST.get_or_init(|| list("choice-plain", "", [""; 6]))
}

fn cv(out: &Path, sources: &[(&str, &Path)], split: &str) -> Command {
    let mut clstm = clstm();
    clstm.args(["cv", "--preset", "clstm", "--epochs", "1", "--split", split, "--output"]).arg(out);
    for (name, data) in sources {
        clstm.args(["--corpus", name, "--data"]).arg(data);
    }
    clstm.args(TINY.iter().flat_map(|setting| ["--set", setting]));
    clstm
}

fn evaluate(model: &Path, name: &str, data: &Path) -> Command {
    let mut clstm = clstm();
    clstm.args(["evaluate", "--format", "json", "--corpus", name, "--data"]).arg(data);
    clstm.arg("--model").arg(model);
    clstm
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn speakers_are_recognised_where_both_sides_have_them() {
    let out = place("choice-speakers");
    let mut run = training("cv", &out, 1);
    run.args(["--target", "speaker", "--split", "random", "--folds", "2"]);
    let printed = text(&ok(&mut run).stdout);
    let protocol = "ravdess (target speaker), random split (speakers in training and test), 2 folds, \
                    1 epochs, seed 1";
    assert_eq!(printed.lines().next().unwrap(), protocol);
    let metrics = json_file(&out.join("metrics.json"));
    assert_eq!(metrics["labels"], json!(["01", "02", "03", "04"]));
    assert_eq!(metrics["protocol"]["target"], "speaker");
    assert_eq!((&metrics["folds_done"], &metrics["folds_missing"]), (&json!([1, 2]), &json!([])));
    let model = out.join("fold-2/model.safetensors");
    let inspected = text(&ok(clstm().arg("inspect").arg(&model)).stdout);
    assert!(inspected.contains("ravdess (target speaker), random split"), "{inspected}");
    let mut fold = evaluate(&model, "ravdess", corpus());
    fold.args(["--target", "speaker", "--split", "random", "--folds", "2", "--fold", "2"]);
    let report = parsed(&ok(&mut fold).stdout);
    assert_eq!(report["training_overlap"]["held_out_fold"], true);
    assert_eq!(report["confusion"], metrics["folds"][1]["confusion"]);
    let message = "classes that the model does not have";
    complains(&mut evaluate(&model, "ravdess", corpus()), 1, message);

    let never = place("choice-never");
    for split in ["speaker", "leave-one-speaker-out", "loso"] {
        let mut run = training("cv", &never, 1);
        run.args(["--target", "speaker", "--split", split]);
        complains(&mut run, 2, "its classes are the speakers");
    }
    let mut unknown = training("cv", &never, 1);
    unknown.args(["--target", "dialect", "--split", "random"]);
    complains(&mut unknown, 2, "what can: label, speaker, sex, repetition");
    assert!(!never.exists(), "nothing was begun");
    // A model of all data records its target, and its scores must be of the same target.
    let scores = out.join("metrics.json");
    let all = place("choice-speakers-all");
    let mut train = training("train", &all, 1);
    complains(train.arg("--scores").arg(&scores), 1, "its target is speaker, this recipe's none");
    train.args(["--target", "speaker"]);
    ok(&mut train);
    let inspected = ok(clstm().arg("inspect").arg(all.join("model.safetensors"))).stdout;
    let inspected = text(&inspected);
    assert!(
        inspected.contains("trained on 64 utterances (4 speakers): ravdess (target speaker)"),
        "{inspected}"
    );
}

#[test]
fn a_column_of_a_list_is_recognised() {
    let stats = |target: &str| {
        let mut clstm = clstm();
        clstm.args(["corpus", "stats", "manifest", "--target", target, "--data"]).arg(plain());
        text(&ok(&mut clstm).stdout)
    };
    let rooms = stats("room");
    assert!(rooms.lines().any(|l| l.starts_with("hall") && l.contains(" 4 ")), "{rooms}");
    assert_ne!(rooms.split(':').next(), stats("label").split(':').next(), "other names");
}

/// A join of the tiny RAVDESS and a list, under one map.
fn joined() -> &'static Path {
    static RUN: OnceLock<PathBuf> = OnceLock::new();
    RUN.get_or_init(|| {
        let out = place("choice-joined");
        let output = ok(&mut join(&out));
        let printed = text(&output.stderr);
        assert!(printed.contains("ravdess: left out by the label map moods-"), "{printed}");
        assert!(printed.contains("calm (8), angry (8), fearful (8), disgust (8)"), "{printed}");
        let printed = text(&output.stdout);
        assert!(printed.starts_with("ravdess+list-"), "{printed}");
        assert!(printed.lines().next().unwrap().contains("(label map moods-"), "{printed}");
        out
    })
}

fn map() -> PathBuf {
    let map = place("moods.toml");
    let text = "classes = [\"up\", \"down\"]\n[labels]\nhappy = \"up\"\nsurprised = \"up\"\n\
                sad = \"down\"\n[corpora.ravdess]\nneutral = \"down\"\n";
    fs::write(&map, text).unwrap();
    map
}

fn join(out: &Path) -> Command {
    let mut run = cv(out, &[("ravdess", corpus()), ("manifest", plain())], "speaker");
    run.args(["--folds", "2", "--label-map"]).arg(map());
    run
}

#[test]
fn corpora_are_joined_under_a_label_map() {
    let metrics = json_file(&joined().join("metrics.json"));
    assert_eq!(metrics["labels"], json!(["up", "down"]));
    assert!(metrics["protocol"]["label_map"].as_str().unwrap().starts_with("moods-"));
    let folds = metrics["folds"].as_array().unwrap();
    let speakers = folds.iter().flat_map(|fold| fold["test_speakers"].as_array().unwrap());
    let mut speakers: Vec<&str> = speakers.map(|s| s.as_str().unwrap()).collect();
    speakers.sort_unstable();
    assert_eq!(speakers.len(), 7);
    assert!(speakers[..3].iter().all(|s| s.starts_with("list-")), "{speakers:?}");
    assert_eq!(speakers[3..], ["ravdess/01", "ravdess/02", "ravdess/03", "ravdess/04"]);
    assert_eq!(folds.iter().map(|f| f["test_utterances"].as_u64().unwrap()).sum::<u64>(), 38);
    let ids = json_lines(&fs::read(joined().join("fold-1/predictions.jsonl")).unwrap());
    assert!(ids.iter().any(|p| p["id"].as_str().unwrap().starts_with("ravdess/03-01-")));

    // Another map is another protocol.
    let text = fs::read_to_string(map()).unwrap().replace("neutral = \"down\"", "calm = \"down\"");
    let other = place("other.toml");
    fs::write(&other, text).unwrap();
    let mut run = cv(joined(), &[("ravdess", corpus()), ("manifest", plain())], "speaker");
    run.args(["--resume", "--folds", "2", "--label-map"]).arg(&other);
    complains(&mut run, 1, "started differently (another protocol)");
}

#[test]
fn speakers_of_a_join_are_known_again() {
    let model = joined().join("fold-1/model.safetensors");
    let metrics = json_file(&joined().join("metrics.json"));
    let tested = metrics["folds"][0]["test_speakers"].to_string();
    let mut alone = evaluate(&model, "ravdess", corpus());
    let report = parsed(&ok(alone.arg("--label-map").arg(map())).stdout);
    let mut trained = Vec::new();
    for actor in ["01", "02", "03", "04"] {
        if !tested.contains(&format!("ravdess/{actor}")) {
            trained.push(actor);
        }
    }
    assert_eq!(report["training_overlap"]["speakers"], json!(trained));
    assert_eq!(report["training_overlap"]["utterances_trained_on"], 8 * trained.len());
    let mut fold = evaluate(&model, "ravdess", corpus());
    fold.args(["--corpus", "manifest", "--data"]).arg(plain()).arg("--label-map").arg(map());
    let fold = fold.args(["--split", "speaker", "--folds", "2", "--fold", "1"]);
    let report = parsed(&ok(fold).stdout);
    assert_eq!(report["training_overlap"]["held_out_fold"], true);
    assert_eq!(report["training_overlap"]["speakers"], json!([]));
    assert_eq!(report["confusion"], metrics["folds"][0]["confusion"]);
}

#[test]
fn each_corpus_needs_its_data() {
    let mut run = cv(&place("choice-never"), &[("ravdess", corpus())], "random");
    let message = "--corpus is given 2 times, --data once; give each corpus its --data";
    complains(run.args(["--corpus", "manifest"]), 2, message);
    let mut stats = clstm();
    stats.args(["corpus", "stats", "ravdess", "emo-db", "--data"]).arg(corpus());
    complains(&mut stats, 2, "the name of a corpus is given 2 times, --data once");
    let map = place("wrong.toml");
    fs::write(&map, "[labels]\nhapy = \"up\"\n").unwrap();
    let mut run = cv(&place("choice-never"), &[("ravdess", corpus())], "random");
    complains(run.arg("--label-map").arg(&map), 2, "there is no label \"hapy\"");
}

#[test]
fn a_given_split_that_leaks_needs_the_flag() {
    // Speaker s1 is on both sides.
    let fields = [",train", ",train", ",test", ",train", ",test", ",test"];
    let list = list("choice-given", ",split", fields);
    let out = place("choice-given-run");
    let given = || cv(&out, &[("manifest", &list)], "given");
    let refusal = complains(&mut given(), 1, "speakers on both sides: 1 (such as s1)");
    assert!(text(&refusal.stderr).contains("--allow-leakage speakers"), "names the option");
    complains(given().args(["--allow-leakage", "copies"]), 1, "speakers on both sides");
    complains(given().args(["--allow-leakage", "all"]), 2, "what can be allowed is speakers");
    let printed = text(&ok(given().args(["--allow-leakage", "speakers"])).stdout);
    let first = printed.lines().next().unwrap();
    assert!(first.contains("given split (speakers in training and test), 1 folds"), "{first}");
    assert!(first.ends_with("seed 1; LEAKAGE: 1 speaker on both sides"), "{first}");
    let protocol = &json_file(&out.join("metrics.json"))["protocol"];
    assert_eq!(protocol["leakage"], json!({ "speakers": 1, "copies": 0 }));
    assert_eq!(protocol["speakers_apart"], false);
    let model = out.join("fold-1/model.safetensors");
    let inspected = text(&ok(clstm().arg("inspect").arg(&model)).stdout);
    assert!(inspected.contains("LEAKAGE: 1 speaker on both sides"), "{inspected}");
    let on_fold = || {
        let mut command = evaluate(&model, "manifest", &list);
        command.args(["--split", "given", "--fold", "1"]);
        command
    };
    complains(&mut on_fold(), 1, "speakers on both sides");
    let output = ok(on_fold().args(["--allow-leakage", "speakers"]));
    let report = parsed(&output.stdout);
    assert!(report["tested_on"].as_str().unwrap().contains("LEAKAGE: 1 speaker"), "{report}");
    assert_eq!(report["training_overlap"]["held_out_fold"], true);

    // The same recording on both sides.
    fs::copy(list.with_file_name("0.wav"), list.with_file_name("4.wav")).unwrap();
    let both = || {
        let mut command = cv(&place("choice-copies"), &[("manifest", &list)], "given");
        command.args(["--allow-leakage", "speakers"]);
        command
    };
    complains(&mut both(), 1, "copies on both sides: 1 (such as 0.wav = 4.wav)");
    let printed = text(&ok(both().args(["--allow-leakage", "copies"])).stdout);
    assert!(printed.contains("LEAKAGE: 1 speaker and 1 recording on both sides"), "{printed}");
    let mut checked = clstm();
    checked.args(["corpus", "check", "manifest", "--data"]).arg(&list);
    let found = text(&status(&mut checked, 1).stdout);
    assert!(found.contains("speakers on both sides of the given split: 1\n  s1"), "{found}");
    assert!(
        found.contains("the same recording under several names: 1\n  0.wav = 4.wav"),
        "{found}"
    );
}

#[test]
fn a_split_without_leakage_reports_what_it_separates() {
    let fields = [",1", ",1", ",2", ",2", ",3", ",3"];
    let list = list("choice-folds", ",fold", fields);
    let out = place("choice-folds-run");
    let printed = text(&ok(&mut cv(&out, &[("manifest", &list)], "given")).stdout);
    assert!(printed.contains("given split (speaker-independent), 3 folds"), "{printed}");
    assert!(!printed.contains("LEAKAGE") && !printed.contains("PARTIAL"), "{printed}");
    assert_eq!(json_file(&out.join("metrics.json"))["protocol"]["speakers_apart"], true);
}

#[test]
fn parts_of_recordings_are_trained_and_tested_on() {
    let root = folder("choice-parts");
    let mut rows = "path,label,speaker,start_s,end_s\n".to_owned();
    let seconds = |samples: usize| samples as f64 / f64::from(RATE);
    for speaker in 0..4_u32 {
        let mut whole = Vec::new();
        for take in 0..2_u32 {
            // Tones would not be recognised below.
            let speech = speech();
            let from = (2 * speaker + take) as usize * 4_000;
            let part = &speech[from..from + 24_000];
            let start = seconds(whole.len());
            whole.extend_from_slice(part);
            let label = ["low", "high"][take as usize];
            let end = seconds(whole.len());
            rows += &format!("{speaker}.wav,{label},s{speaker},{start},{end}\n");
            fs::write(root.join(format!("{speaker}-{take}.wav")), pcm16(part, RATE)).unwrap();
        }
        fs::write(root.join(format!("{speaker}.wav")), pcm16(&whole, RATE)).unwrap();
    }
    let list = root.join("list.csv");
    fs::write(&list, &rows).unwrap();
    let out = place("choice-parts-run");
    ok(cv(&out, &[("manifest", &list)], "speaker").args(["--folds", "2"]));
    let model = out.join("fold-1/model.safetensors");
    let evaluated = place("parts.jsonl");
    let mut command = evaluate(&model, "manifest", &list);
    ok(command.arg("--predictions").arg(&evaluated));
    let evaluated = json_lines(&fs::read(&evaluated).unwrap());
    assert_eq!(evaluated.len(), 8);
    // The prediction for an interval equals the prediction for a file of that interval alone.
    for row in evaluated {
        let id = row["id"].as_str().unwrap();
        let take = if id.contains("[0-") { 0 } else { 1 };
        let file = root.join(format!("{}-{take}.wav", &id[..1]));
        let mut predict = clstm();
        predict
            .args(["predict", "--format", "jsonl", "--min-speech", "0", "--model"])
            .arg(&model)
            .arg(file);
        let predicted = &json_lines(&ok(&mut predict).stdout)[0];
        assert_eq!(row["probabilities"], predicted["probabilities"], "{id}");
        assert_eq!(row["duration_s"], predicted["duration_s"]);
    }
    let late = root.join("late.csv");
    fs::write(&late, rows.replace("0.wav,low,s0,0,", "0.wav,low,s0,0.3,9")).unwrap();
    let refused = place("choice-never");
    complains(&mut cv(&refused, &[("manifest", &late)], "speaker"), 1, "overlaps with the part");
    fs::write(&late, format!("{rows}0.wav,low,s0,7,8\n")).unwrap();
    let message = "the part from 7 s to 8 s is not in the recording, which ends at 3.0";
    let mut run = cv(&refused, &[("manifest", &late)], "speaker");
    complains(run.args(["--folds", "2"]), 1, message);
}

#[test]
fn each_fault_of_a_list_is_reported() {
    let list = list("choice-faults", "", [""; 6]);
    let write = |name: &str, samples: &[f32]| {
        fs::write(list.with_file_name(name), pcm16(samples, RATE)).unwrap();
    };
    let check = |expected: i32| {
        let mut clstm = clstm();
        clstm.args(["corpus", "check", "manifest", "--data"]).arg(&list);
        text(&status(&mut clstm, expected).stdout)
    };
    assert!(check(0).ends_with("ok\n"));
    write("0.wav", &[0.0; 4000]);
    assert!(check(1).contains("silent: 1\n  0.wav: holds no sound\n"));
    let loud: Vec<f32> =
        voice(1, 10, 0).iter().map(|sample| (9.0 * sample).clamp(-1.0, 1.0)).collect();
    write("0.wav", &loud);
    let found = check(1);
    assert!(found.contains("clipped: 1\n  0.wav: ") && found.contains("at full scale"), "{found}");
    fs::write(list.with_file_name("0.wav"), b"no sound").unwrap();
    assert!(check(1).contains("unreadable: 1"));
    // Several corpora are each checked, and one that is not whole fails.
    write("0.wav", &voice(1, 10, 0));
    let mut both = clstm();
    both.args(["corpus", "check", "manifest", "ravdess", "--format", "json", "--data"]).arg(&list);
    let reports = parsed(&status(both.arg("--data").arg(corpus()), 1).stdout);
    assert_eq!((&reports[0]["ok"], &reports[1]["ok"]), (&json!(true), &json!(false)));
}
