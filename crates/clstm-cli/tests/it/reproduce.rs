//! `docs/results/reproduce`: a row of the results is repeated and compared.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use clstm_test_support::skip;

use crate::support::{clstm, corpus, folder, ok, place, text, training};

fn reproduce(results: &Path, more: &[&str]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/results/reproduce");
    let mut command = Command::new("python3");
    command.arg(script).args(["row", "--fold", "2", "--results"]).arg(results);
    command.arg("--clstm").arg(clstm().get_program());
    command.args(more).output().unwrap()
}

#[test]
fn a_row_is_repeated_to_the_last_digit_and_differences_are_printed() {
    if Command::new("python3").arg("--version").output().is_err() {
        return skip("python", "python3");
    }
    let (run, results) = (place("reproduce-run"), folder("reproduce-rows"));
    let mut cv = training("cv", &run, 1);
    ok(cv.args(["--split", "speaker", "--folds", "2", "--fold", "2"]));
    let row = results.join("row");
    fs::create_dir_all(row.join("fold-2")).unwrap();
    for name in ["metrics.json", "recipe.json", "inputs.json", "fold-2/predictions.jsonl"] {
        fs::copy(run.join(name), row.join(name)).unwrap();
    }
    let data = format!("ravdess={}", corpus().to_str().unwrap());
    let out = |name: &str| place(name).to_str().unwrap().to_owned();
    let again = reproduce(&results, &["--data", &data, "--output", &out("reproduce-again")]);
    let printed = text(&again.stdout);
    assert_eq!(again.status.code(), Some(0), "{printed}{}", text(&again.stderr));
    assert!(printed.contains("fold 2: identical\nfold 2, predictions: identical"), "{printed}");

    // A figure that was recorded otherwise.
    let path = row.join("metrics.json");
    let changed = fs::read_to_string(&path).unwrap().replacen(
        "\"test_utterances\": 32",
        "\"test_utterances\": 31",
        1,
    );
    fs::write(&path, changed).unwrap();
    let other = reproduce(&results, &["--output", &out("reproduce-again")]);
    let printed = text(&other.stdout);
    assert_eq!(other.status.code(), Some(1), "{printed}{}", text(&other.stderr));
    assert!(printed.contains("test_utterances: 31 recorded, 32 repeated"), "{printed}");

    // A row that starts from a model which it does not record.
    let started = fs::read_to_string(&path).unwrap().replacen(
        "\"protocol\": {",
        "\"protocol\": { \"initialized_from\": { \"preset\": \"clstm\" },",
        1,
    );
    fs::write(&path, started).unwrap();
    let refused = reproduce(&results, &["--output", &out("reproduce-started")]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("name it with --init"), "{}", text(&refused.stderr));

    // What cannot be repeated.
    fs::remove_file(row.join("recipe.json")).unwrap();
    let refused = reproduce(&results, &["--output", &out("reproduce-none")]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("recipe.json"), "{}", text(&refused.stderr));
}
