//! One's own recordings: `--corpus manifest`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::{
    RATE, TINY, clstm, complains, folder, json_file, json_lines, ok, pcm16, place, status, text,
    voice,
};

/// Two classes of four speakers who recorded 3, 4, 5 and 6 times.
fn listing() -> &'static Path {
    static LISTING: OnceLock<PathBuf> = OnceLock::new();
    LISTING.get_or_init(|| {
        let root = folder("own");
        let mut rows = "speaker,text,path,label\n".to_owned();
        for speaker in 1..=4_u32 {
            fs::create_dir_all(root.join(format!("s{speaker}"))).unwrap();
            for take in 0..speaker + 2 {
                let path = format!("s{speaker}/take, {take}.wav");
                let samples = voice(1 + 4 * (take % 2), speaker, take);
                fs::write(root.join(&path), pcm16(&samples, RATE)).unwrap();
                let label = ["weary", "eager"][take as usize % 2];
                rows += &format!("s{speaker},\"he wrote, \"\"ah\"\"\",\"{path}\",{label}\n");
            }
        }
        write("own/list.csv", &rows)
    })
}

fn write(name: &str, text: &str) -> PathBuf {
    let path = place(name);
    fs::write(&path, text).unwrap();
    path
}

fn on(command: &str, data: &Path, out: &Path) -> Command {
    let mut clstm = clstm();
    clstm.args([command, "--corpus", "manifest", "--preset", "clstm", "--epochs", "1"]);
    clstm.arg("--data").arg(data).arg("--output").arg(out);
    clstm.args(TINY.iter().flat_map(|setting| ["--set", setting]));
    clstm
}

fn cv(data: &Path, out: &Path, split: &str, folds: &str) -> Command {
    let mut clstm = on("cv", data, out);
    clstm.args(["--split", split, "--folds", folds]);
    clstm
}

/// A cross-validation over two speaker folds.
fn run() -> &'static Path {
    static RUN: OnceLock<PathBuf> = OnceLock::new();
    RUN.get_or_init(|| {
        let out = place("own-cv");
        let output =
            complains(&mut cv(listing(), &out, "speaker", "2"), 0, "columns not used: text");
        let printed = text(&output.stdout);
        assert!(printed.starts_with("list-"), "{printed}");
        assert!(printed.contains("speaker split (speaker-independent), 2 folds"), "{printed}");
        out
    })
}

#[test]
fn speaker_folds_of_own_recordings_are_trained_and_tested() {
    let metrics = json_file(&run().join("metrics.json"));
    assert_eq!(metrics["labels"], serde_json::json!(["eager", "weary"]));
    let folds = metrics["folds"].as_array().unwrap();
    let mut speakers = Vec::new();
    for fold in folds {
        // 3 + 6 and 4 + 5.
        assert_eq!(fold["test_utterances"], 9);
        speakers.extend(fold["test_speakers"].as_array().unwrap().iter().map(Value::to_string));
    }
    speakers.sort();
    assert_eq!(speakers.join(" "), "\"s1\" \"s2\" \"s3\" \"s4\"");
    let lines = fs::read(run().join("fold-1/predictions.jsonl")).unwrap();
    assert_eq!(json_lines(&lines).len(), 9);

    let model = run().join("fold-1/model.safetensors");
    let inspected = text(&ok(clstm().arg("inspect").arg(&model)).stdout);
    assert!(inspected.contains("as the corpus it was trained on allows"), "{inspected}");
    assert!(inspected.contains("eager weary"), "{inspected}");
}

#[test]
fn a_changed_list_is_other_data() {
    ok(cv(listing(), run(), "speaker", "2").arg("--resume"));
    let rows = fs::read_to_string(listing()).unwrap();
    let fewer: Vec<&str> = rows.lines().take(18).collect();
    let fewer = write("own/fewer.csv", &fewer.join("\n"));
    let mut resumed = cv(&fewer, run(), "speaker", "2");
    complains(resumed.arg("--resume"), 1, "started differently (another protocol)");
}

fn evaluate(model: &Path, data: &Path) -> Command {
    let mut clstm = clstm();
    clstm.args(["evaluate", "--corpus", "manifest", "--format", "json"]);
    clstm.arg("--model").arg(model).arg("--data").arg(data);
    clstm
}

#[test]
fn evaluation_reports_what_was_held_out() {
    let model = run().join("fold-2/model.safetensors");
    let fold = ["--split", "speaker", "--folds", "2", "--fold", "2"];
    let output = ok(evaluate(&model, listing()).args(fold));
    assert!(!text(&output.stderr).contains("warning"), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["training_overlap"]["held_out_fold"], true);
    let metrics = json_file(&run().join("metrics.json"));
    assert_eq!(report["confusion"], metrics["folds"][1]["confusion"]);
    assert_eq!(report["ua"], metrics["folds"][1]["ua"]);
    complains(&mut evaluate(&model, listing()), 0, "these speakers were in the training");

    // Another list of the same people, in which one class is missing and one row is of that alone:
    // UA is over the class that is there. The order of the rows is not that of the classes.
    let rows = fs::read_to_string(listing()).unwrap();
    let some: Vec<&str> = rows.lines().filter(|l| !l.contains("s1,")).collect();
    let other = write("own/other.csv", &some.join("\n"));
    let output = complains(&mut evaluate(&model, &other), 0, "speakers of these names were in");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["training_overlap"]["held_out_fold"], false);
    assert_eq!(report["utterances"], 15);
    let strange = write("own/strange.csv", &rows.replace("weary", "tired"));
    complains(&mut evaluate(&model, &strange), 1, "the model does not have: tired; it has eager");
}

#[test]
fn a_list_without_speakers_can_be_split_at_random_and_trained_on() {
    let rows = fs::read_to_string(listing()).unwrap();
    let unnamed: Vec<&str> = rows.lines().map(|l| l.split_once(',').unwrap().1).collect();
    let unnamed = write("own/unnamed.csv", &unnamed.join("\r\n"));
    let out = place("own-unnamed");
    complains(&mut cv(&unnamed, &out, "speaker", "2"), 2, "the speaker of 18 of its 18");
    assert!(!out.exists(), "nothing was begun");
    ok(&mut cv(&unnamed, &out, "random", "2"));
    let metrics = json_file(&out.join("metrics.json"));
    assert_eq!(metrics["folds"][0]["test_speakers"], Value::Array(Vec::new()));

    let all = place("own-unnamed-all");
    ok(&mut on("train", &unnamed, &all));
    let model = all.join("model.safetensors");
    let inspected = text(&ok(clstm().arg("inspect").arg(&model)).stdout);
    assert!(inspected.contains("speakers    none named"), "{inspected}");
    complains(&mut evaluate(&model, &unnamed), 0, "was TRAINED on 18 of these 18 utterances");
    let report = ok(&mut evaluate(&model, listing())).stdout;
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["training_overlap"]["speakers_named"], false);
}

#[test]
fn splits_that_cannot_be_are_refused() {
    let out = place("own-never");
    complains(&mut cv(listing(), &out, "speaker", "5"), 2, "there are 4 speakers");
    complains(&mut cv(listing(), &out, "emobox", "5"), 2, "has no emobox split");
    complains(&mut cv(listing(), &out, "session", "5"), 2, "it has no recording sessions");
    assert!(!out.exists(), "nothing was begun");
}

#[test]
fn a_class_that_a_fold_cannot_learn_is_warned_of() {
    let rows = fs::read_to_string(listing()).unwrap();
    let rows = rows.replace("\"s4/take, 0.wav\",weary", "\"s4/take, 0.wav\",bored");
    let rows = rows.replace("\"s4/take, 2.wav\",weary", "\"s4/take, 2.wav\",bored");
    let list = write("own/bored.csv", &rows);
    let message = "trains without the classes bored";
    complains(&mut cv(&list, &place("own-bored"), "speaker", "2"), 0, message);
    let metrics = json_file(&place("own-bored/metrics.json"));
    for fold in metrics["folds"].as_array().unwrap() {
        // UA is the mean over the classes that the test part has.
        let confusion: Vec<Vec<u64>> = serde_json::from_value(fold["confusion"].clone()).unwrap();
        let of_class = |k: usize| confusion[k].iter().sum::<u64>();
        let present: Vec<usize> = (0..3).filter(|&k| of_class(k) > 0).collect();
        let recall = |&k: &usize| confusion[k][k] as f64 / of_class(k) as f64;
        let mean = present.iter().map(recall).sum::<f64>() / present.len() as f64;
        assert!((fold["ua"].as_f64().unwrap() - mean).abs() < 1e-12);
        assert!(present.len() >= 2);
    }
}

#[test]
fn stats_and_check_read_the_list() {
    let corpus = |command: &str, data: &Path| {
        let mut clstm = clstm();
        clstm.args(["corpus", command, "manifest", "--data"]).arg(data);
        clstm
    };
    let stats = text(&ok(&mut corpus("stats", listing())).stdout);
    assert!(stats.contains(": 18 utterances, 4 speakers"), "{stats}");
    assert!(!stats.contains("Table 5"), "{stats}");
    assert!(stats.lines().any(|l| l.starts_with("weary") && l.contains("10")), "{stats}");
    let checked = text(&ok(&mut corpus("check", listing())).stdout);
    assert!(
        checked.ends_with("ok\n") && checked.contains("18 utterances, 4 speakers"),
        "{checked}"
    );

    let copy = fs::read(place("own/s1/take, 0.wav")).unwrap();
    fs::write(place("own/copy.wav"), copy).unwrap();
    fs::write(place("own/noise.wav"), b"no audio").unwrap();
    let rows = fs::read_to_string(listing()).unwrap() + "s2,,copy.wav,eager\ns2,,noise.wav,eager\n";
    let list = write("own/faulty.csv", &rows);
    let checked = text(&status(&mut corpus("check", &list), 1).stdout);
    let copies = "copy.wav = s1/take, 0.wav; of different classes: eager, weary; of different \
                  speakers: s2, s1";
    assert!(checked.contains(copies), "{checked}");
    assert!(checked.contains("unreadable: 1"), "{checked}");
    complains(&mut cv(&list, &place("own-never"), "speaker", "2"), 1, "noise.wav");
}

#[test]
fn unusable_lists_are_reported() {
    for (name, content, message) in [
        (
            "gone.csv",
            "path,label\na.wav,x\nb.wav,y\n",
            "2 of the 2 recordings it lists are not there",
        ),
        ("header.csv", "file,label\na.wav,x\n", "has no column path, but file, label"),
        ("empty.csv", "", "the file is empty"),
        ("field.jsonl", "{\"path\": \"a.wav\"}\n", "line 1, column label: empty"),
    ] {
        let list = write(&format!("own-{name}"), content);
        complains(&mut cv(&list, &place("own-never"), "random", "2"), 1, message);
        complains(clstm().args(["corpus", "stats", "manifest", "--data"]).arg(&list), 1, message);
    }
    let none = place("own-none.csv");
    complains(clstm().args(["corpus", "check", "manifest", "--data"]).arg(none), 1, "no such file");
    assert!(!place("own-never").exists(), "nothing was begun");
}

#[test]
fn labels_in_file_names_make_a_manifest() {
    let root = folder("named");
    for speaker in 1..=4_u32 {
        for (take, label) in ["eager", "weary", "eager", "weary"].into_iter().enumerate() {
            let samples = voice(1 + 4 * (take as u32 % 2), speaker, take as u32);
            let name = format!("{label}_s{speaker}_{take}.wav");
            fs::write(root.join(name), pcm16(&samples, RATE)).unwrap();
        }
    }
    fs::write(root.join("room-tone.wav"), pcm16(&voice(3, 1, 1), RATE)).unwrap();
    let list = place("named.csv");
    let manifest = |pattern: &str| {
        let mut command = clstm();
        command.args(["corpus", "manifest"]).arg(&root).args(["--pattern", pattern]);
        command
    };
    let reported = ok(manifest("{label}_{speaker}_*").arg("--output").arg(&list));
    assert!(
        text(&reported.stderr).contains("1 recordings do not match")
            && text(&reported.stderr).contains("room-tone")
    );
    let rows = fs::read_to_string(&list).unwrap();
    assert_eq!(rows.lines().count(), 17);
    assert!(rows.starts_with("path,label,speaker\nnamed/eager_s1_0.wav,eager,s1\n"), "{rows}");
    let out = place("named-run");
    let printed = text(&ok(&mut cv(&list, &out, "speaker", "2")).stdout);
    assert!(printed.contains("speaker-independent"), "{printed}");

    complains(&mut manifest("{speaker}_*"), 2, "no {label}");
    complains(&mut manifest("x-{label}"), 1, "none of");
}

#[test]
fn uneven_classes_are_learnt_as_if_they_were_even() {
    let rows = fs::read_to_string(listing()).unwrap();
    let (eager, others): (Vec<&str>, Vec<&str>) =
        rows.lines().partition(|row| row.ends_with("eager"));
    assert_eq!([others.len() - 1, eager.len()], [10, 8], "even, as they are");
    let uneven = [&others[..], &eager[..3]].concat().join("\n");
    let uneven = write("own/uneven.csv", &uneven);

    let train = |out: &str, data: &Path, share: Option<&str>| {
        let mut run = on("train", data, &place(out));
        run.args(share.into_iter().flat_map(|share| ["--set", share]));
        let reported = text(&ok(&mut run).stderr);
        let recipe = json_file(&place(out).join("recipe.json"));
        let model = fs::read(place(out).join("model.safetensors")).unwrap();
        (reported, recipe["logit_adjustment"].as_f64().unwrap(), model)
    };
    let (reported, share, adjusted) = train("own-uneven", &uneven, None);
    assert!(
        reported.contains("10 weary, 3 eager: classes are trained as if equally frequent"),
        "{reported}"
    );
    assert_eq!(share, 1.0);
    let common = "trained as if equally frequent";
    let (reported, share, plain) = train("own-plain", &uneven, Some("logit_adjustment=0"));
    assert!(!reported.contains(common) && share == 0.0, "{reported}");
    assert_ne!(adjusted, plain);
    let (reported, share, _) = train("own-even", listing(), None);
    assert!(!reported.contains(common) && share == 0.0, "{reported}");
}
