//! `clstm ablate`: rows and folds as separate jobs, resumed, and what would make rows incomparable.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{TINY, clstm, complains, corpus, json_file, ok, place, status, text};

const ROWS: [&str; 7] = [
    "convlstm-fcn",
    "convlstm-skip-fcn",
    "convlstm-bilstm",
    "convlstm-skip-bilstm",
    "convlstm-bigru",
    "convlstm-skip-bigru",
    "clstm",
];

fn ablate(out: &Path, more: &[&str]) -> Command {
    let mut command = clstm();
    command.args(["ablate", "--corpus", "ravdess", "--split", "random", "--folds", "2"]);
    command.arg("--data").arg(corpus()).arg("--output").arg(out).args(["--epochs", "2"]);
    command.args(TINY.iter().flat_map(|setting| ["--set", setting])).args(more);
    command
}

#[test]
fn rows_and_folds_as_separate_jobs_make_the_same_table_as_one_run() {
    let (whole, parts) = (place("ablation"), place("ablation-parts"));
    let printed = text(&ok(&mut ablate(&whole, &["--set", "center_loss=0.01"])).stdout);
    for row in ROWS {
        let line = printed.lines().find(|line| line.split(' ').next() == Some(row));
        assert!(line.is_some_and(|line| line.contains(" 2/2 ")), "{row} is not in\n{printed}");
    }
    assert!(printed.contains("80.05%") && printed.contains("75.03%"), "{printed}");
    assert!(printed.contains("order by UA over the folds 1, 2 that all 7 rows have"), "{printed}");
    let lambda = |row: &str| {
        json_file(&whole.join(row).join("recipe.json"))["center_loss"].as_f64().unwrap()
    };
    assert_eq!(ROWS.map(lambda), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.01]);

    let same = ["--set", "center_loss=0.01"];
    let job = |more: &[&str]| ablate(&parts, &[&same, more].concat());
    let first =
        complains(&mut job(&["--fold", "2", "--rows", "clstm"]), 0, "row convlstm-fcn is not done");
    assert!(text(&first.stdout).contains("fewer than two rows have a fold in common"));
    complains(&mut job(&["--fold", "2"]), 1, "already holds a run");
    ok(&mut job(&["--fold", "2", "--resume"]));
    let partial = ok(&mut job(&["--fold", "1", "--rows", "clstm,convlstm-bigru"]));
    assert!(text(&partial.stdout).contains("over the folds 2 that all 7 rows have"));
    assert!(text(&partial.stderr).contains("folds 1 of row convlstm-fcn are not done"));
    ok(&mut job(&["--resume"]));
    let without_times = |out: &Path| {
        let mut table = json_file(&out.join("ablation.json"));
        for row in table["rows"].as_array_mut().unwrap() {
            row["ours"].as_object_mut().unwrap().remove("seconds");
        }
        table
    };
    assert_eq!(without_times(&whole), without_times(&parts));

    // A row is a run as `cv` makes one.
    let cv = place("ablation-cv");
    let mut command = crate::support::training("cv", &cv, 2);
    ok(command.args(["--split", "random", "--folds", "2"]).args(same));
    for name in ["recipe.json", "fold-1/predictions.jsonl", "fold-2/model.safetensors"] {
        let read = |run: &Path| fs::read(run.join(name)).unwrap();
        assert!(read(&cv) == read(&whole.join("clstm")), "{name} differs");
    }
}

#[test]
fn what_would_make_rows_incomparable_is_refused() {
    let out = place("ablation-refused");
    for (setting, message) in [
        ("network.skip=true", "another row"),
        ("center_loss=0", "another row"),
        ("network.gflb.kind=bilstm", "another row"),
        ("network.gflb.hiden=4", "no row has a setting \"network.gflb.hiden\""),
        ("no.such=1", "there is no setting \"no.such\""),
    ] {
        complains(&mut ablate(&out, &["--set", setting]), 2, message);
    }
    complains(
        &mut ablate(&out, &["--rows", "clstm-plus"]),
        2,
        "clstm-plus is not a row of Table 1",
    );
    complains(&mut ablate(&out, &["--rows", "resnet"]), 2, "convlstm-skip-bigru");
    complains(&mut ablate(&out, &["--fold", "3"]), 2, "there is no fold 3");
    status(&mut ablate(&out, &["--preset", "clstm"]), 2);
    assert!(!out.exists(), "nothing was begun");

    ok(&mut ablate(&out, &["--rows", "convlstm-fcn", "--fold", "1"]));
    let other = |more: &[&str]| {
        ablate(&out, &[&["--rows", "clstm", "--fold", "1", "--resume"], more].concat())
    };
    complains(&mut other(&["--set", "batch=8"]), 1, "differ in more than skip connections");
    complains(&mut other(&["--folds", "3"]), 2, "cannot be used multiple times");
    complains(&mut other(&["--fold-seed", "9"]), 1, "another protocol");
    assert!(!out.join("clstm").exists(), "nothing was begun");
}

#[cfg(unix)]
#[test]
fn two_processes_on_one_row_exclude_each_other() {
    let out = crate::support::folder("ablation-locked");
    let row = out.join("clstm");
    fs::create_dir(&row).unwrap();
    let held = fs::File::open(&row).unwrap();
    held.lock().unwrap();
    for more in [&["--rows", "convlstm-fcn,clstm"][..], &["--rows", "clstm", "--fold", "1"]] {
        complains(&mut ablate(&out, more), 1, "another process is writing to");
    }
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1, "only the row of the other process");
    ok(&mut ablate(&out, &["--rows", "convlstm-fcn", "--fold", "1"]));
}
