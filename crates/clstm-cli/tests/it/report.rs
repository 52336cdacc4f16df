//! `clstm report` and `clstm compare` on runs of the tool.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::{clstm, complains, ok, place, text, training};

/// Runs of two presets over the same two folds.
fn runs() -> &'static [PathBuf; 2] {
    static RUNS: OnceLock<[PathBuf; 2]> = OnceLock::new();
    RUNS.get_or_init(|| {
        let named = |name: &str, center: &str| {
            let out = place(name);
            let mut run = training("cv", &out, 2);
            run.args(["--split", "speaker", "--folds", "2", "--set", center]);
            ok(&mut run);
            out
        };
        [named("report-a", "center_loss=0.003"), named("report-b", "center_loss=0")]
    })
}

#[test]
fn a_report_is_written_and_its_page_named() {
    let out = place("report");
    let output =
        ok(clstm().arg("report").args(runs()).arg("--output").arg(&out).args(["--title", "A & B"]));
    let page = out.join("report.html");
    assert_eq!(text(&output.stdout).trim(), page.display().to_string());
    let html = std::fs::read_to_string(page).unwrap();
    assert!(html.contains("<h1>A &amp; B</h1>"));
    assert!(html.contains("over the 4 speakers"), "predictions name their speakers");
    assert!(html.contains("class centres that the centre loss learnt"));
    assert!(html.contains("class means of the training utterances"));
    for file in [
        "report.md",
        "report.tex",
        "report.json",
        "tables/paired.csv",
        "figures/report-a-confusion.png",
    ] {
        assert!(out.join(file).is_file(), "{file}");
    }
    // The command of the report is one that the tool takes.
    assert!(
        html.contains("--set center_loss=0.0") && html.contains("--set network.segment_length=400")
    );
}

#[test]
fn runs_are_compared() {
    let printed = text(&ok(clstm().arg("compare").args(runs())).stdout);
    assert!(printed.contains("64 utterances in both, 0 in one only, by 4 speakers"), "{printed}");
    assert!(printed.contains("every swap counted") && printed.contains("McNemar"), "{printed}");
    let json = ok(clstm().arg("compare").args(runs()).args(["--format", "json"])).stdout;
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["result"]["by"], "speaker");
    assert!(json["result"]["ua_difference"]["p"].is_f64());
}

#[test]
fn what_is_no_run_is_named() {
    let nothing = place("no-run");
    std::fs::create_dir_all(&nothing).unwrap();
    let mut report = clstm();
    report.arg("report").arg(&nothing).arg("--output").arg(place("no-report"));
    complains(&mut report, 1, "holds no run");
    complains(clstm().args(["report", "--output", "x"]), 2, "RUN");
    let mut compare = clstm();
    compare.arg("compare").arg(&runs()[0]).arg(&nothing);
    complains(&mut compare, 1, "holds no run");
}
