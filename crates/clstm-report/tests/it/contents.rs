//! The contents of reports of one run and of several, whole and partial.

use clstm_eval::{ClusterBy, Metrics, bootstrap};
use clstm_report::{Run, compare_runs, discover};
use serde_json::Value;

use crate::support::{Written, copy, edit, fixture};

#[test]
fn figures_are_those_of_the_run() {
    let report = Written::of(&[fixture("clstm")]);
    let json: Value = serde_json::from_str(&report.text("report.json")).unwrap();
    let run = Run::read(&fixture("clstm")).unwrap();
    let predictions = run.predictions().unwrap();
    let metrics = Metrics::of(predictions.iter().map(|p| (p.truth, p.predicted)), 8);
    let own = &json["runs"][0];
    assert_eq!(own["analysis"]["pooled"]["ua"].as_f64(), Some(metrics.ua));
    assert_eq!(own["metrics"]["mean"]["ua"].as_f64(), Some(run.metrics.mean.ua));
    let intervals = bootstrap(&predictions, 8, clstm_report::SEED).unwrap();
    assert_eq!((intervals.by, intervals.clusters), (ClusterBy::Speaker, 4));
    assert_eq!(own["analysis"]["intervals"]["ua"]["low"].as_f64(), Some(intervals.ua.low));
    // The same in the table, in percent.
    let shown = format!(
        "{:.1} [{:.1}, {:.1}]",
        100.0 * intervals.ua.value,
        100.0 * intervals.ua.low,
        100.0 * intervals.ua.high
    );
    assert!(report.text("report.html").contains(&shown), "{shown}");
    let csv = report.text("tables/summary.csv");
    assert!(csv.starts_with("run,folds,UA %,UA % sd,WA %"), "{csv}");
    assert!(csv.contains(",pooled UA %,pooled UA % low,pooled UA % high,"), "{csv}");
}

#[test]
fn every_table_has_its_protocol() {
    let report = Written::of(&[fixture("clstm")]);
    let protocol = "speaker split (speaker-independent), 2 folds, 10 epochs, seed 1";
    for name in report.files(".tex").iter().filter(|name| name.starts_with("tables/")) {
        let table = report.text(name);
        assert!(table.contains(protocol), "{name} has no protocol:\n{table}");
    }
    let page = report.text("report.html");
    for caption in page.split("<figcaption>").skip(1) {
        assert!(caption.split("</figcaption>").next().unwrap().contains(protocol), "{caption}");
    }
}

#[test]
fn the_ablation_has_the_papers_rows() {
    let ours = [fixture("clstm"), fixture("convlstm-fcn")];
    let table = Written::of(&ours).text("tables/ablation.csv");
    assert_eq!(table.lines().count(), 8);
    let row = |preset: &str| {
        let row = table.lines().find(|row| row.contains(&format!(",{preset},"))).unwrap();
        row.split(',').map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        (row("clstm").last().unwrap().as_str(), row("convlstm-bilstm")[2].as_str()),
        ("80.05", "")
    );
    let mean = Run::read(&fixture("convlstm-fcn")).unwrap().metrics.mean.ua;
    assert!((row("convlstm-fcn")[2].parse::<f64>().unwrap() - 100.0 * mean).abs() < 1e-6);
    // A folder of runs stands for them; in the order of Table 1, whatever their names' order.
    let (guard, _) = copy("clstm", "clstm");
    let (other, _) = copy("convlstm-fcn", "convlstm-fcn");
    std::fs::rename(other.path().join("convlstm-fcn"), guard.path().join("convlstm-fcn")).unwrap();
    let found = discover(&[guard.path().to_owned()]).unwrap();
    let names: Vec<_> =
        found.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["convlstm-fcn", "clstm"]);
    let from_folder = Written::of(&[guard.path().to_owned()]);
    assert_eq!(from_folder.text("tables/ablation.csv"), table);
    // One row alone is no ablation.
    assert!(!Written::of(&ours[..1]).files(".csv").contains(&"tables/ablation.csv".to_owned()));
}

#[test]
fn two_runs_are_compared_by_speakers() {
    let [first, second] = ["clstm", "convlstm-fcn"].map(|name| Run::read(&fixture(name)).unwrap());
    let found = compare_runs(&first, &second, None).unwrap().result.expect("the same utterances");
    assert_eq!((found.utterances, found.left_out, found.clusters), (64, 0, 4));
    assert!(found.exact && found.by == ClusterBy::Speaker);
    let count =
        |run: &Run| run.predictions().unwrap().iter().filter(|p| p.is_correct()).count() as i64;
    let more = found.mcnemar.only_first as i64 - found.mcnemar.only_second as i64;
    assert_eq!(more, count(&first) - count(&second));
    let page = Written::of(&[fixture("clstm"), fixture("convlstm-fcn")]).text("report.html");
    assert!(page.contains("Runs on the same utterances.") && page.contains("4 speakers"));
    // A run over one fold shares that fold's utterances.
    let part = Run::read(&fixture("partial")).unwrap();
    let found = compare_runs(&first, &part, None).unwrap().result.expect("half of them");
    assert_eq!((found.utterances, found.left_out), (32, 32));
}

#[test]
fn missing_folds_are_reported() {
    let run = Run::read(&fixture("partial")).unwrap();
    assert!(run.notes[0].contains("fold 1 of 2 not done"), "{:?}", run.notes);
    let page = Written::of(&[fixture("partial")]).text("report.html");
    assert!(page.contains("1 of 2 folds done, fold 1 missing"));
    assert!(page.contains("Only the test utterances of the folds that are done."));
}

#[test]
fn a_folder_without_its_joined_books_is_joined() {
    let (_room, folder) = copy("clstm", "clstm");
    let whole = Run::read(&folder).unwrap();
    std::fs::remove_file(folder.join("metrics.json")).unwrap();
    let joined = Run::read(&folder).unwrap();
    assert_eq!(
        (joined.metrics.mean, joined.metrics.folds),
        (whole.metrics.mean, whole.metrics.folds)
    );
    assert!(joined.notes[0].contains("no metrics.json yet"), "{:?}", joined.notes);
}

#[test]
fn files_that_are_not_there_are_noted_and_the_rest_is_written() {
    let (_room, folder) = copy("clstm", "bare");
    for fold in ["fold-1", "fold-2"] {
        std::fs::remove_dir_all(folder.join(fold)).unwrap();
    }
    std::fs::remove_file(folder.join("recipe.json")).unwrap();
    let report = Written::of(std::slice::from_ref(&folder));
    let page = report.text("report.html");
    for note in
        ["No fold has predictions.jsonl", "No fold has history.json", "There is no recipe.json"]
    {
        assert!(page.contains(note), "{note}");
    }
    assert!(page.contains("No intervals: they take the predictions of every fold."));
    assert!(!page.contains("<h2 id=\"s4\">Training"));
    assert!(report.files(".svg").contains(&"figures/confusion.svg".to_owned()));
}

#[test]
fn runs_that_do_not_name_speakers_get_intervals_over_utterances() {
    let (_room, folder) = copy("clstm", "old");
    for fold in ["fold-1", "fold-2"] {
        let path = folder.join(fold).join("predictions.jsonl");
        let lines = std::fs::read_to_string(&path).unwrap();
        let without: String = lines
            .lines()
            .map(|line| {
                let mut line: Value = serde_json::from_str(line).unwrap();
                assert!(line.as_object_mut().unwrap().remove("speaker").is_some());
                line.to_string() + "\n"
            })
            .collect();
        std::fs::write(&path, without).unwrap();
    }
    let page = Written::of(std::slice::from_ref(&folder)).text("report.html");
    assert!(page.contains("over the 64 utterances"), "the unit is named");
    assert!(page.contains("do not name speakers"), "and what that means");
    // Where a fold tests a single speaker, there is nothing to guess.
    for file in ["metrics.json", "fold-1/metrics.json", "fold-2/metrics.json"] {
        edit(&folder.join(file), |record| {
            let one =
                |fold: &mut Value, name: &str| fold["test_speakers"] = serde_json::json!([name]);
            match record.get_mut("folds") {
                Some(folds) => {
                    one(&mut folds[0], "a");
                    one(&mut folds[1], "b");
                }
                None => one(&mut record["metrics"], "a"),
            }
        });
    }
    let run = Run::read(&folder).unwrap();
    assert_eq!(run.folds[1].predictions.as_ref().unwrap()[0].speaker.as_deref(), Some("b"));
}

#[test]
fn speakers_on_both_sides_are_reported_for_any_split() {
    let (_room, folder) = copy("clstm", "leaky");
    edit(&folder.join("metrics.json"), |record| {
        record["folds"][1]["test_speakers"] = record["folds"][0]["test_speakers"].clone();
    });
    let page = Written::of(std::slice::from_ref(&folder)).text("report.html");
    assert!(page.contains("; 2 speakers are in training and test"));
}

#[test]
fn the_command_makes_the_run_again() {
    let report = Written::of(&[fixture("clstm")]);
    let text = report.text("report.md");
    for part in [
        "clstm cv \\\n  --corpus ravdess \\\n  --data DATA \\\n  --preset clstm \\\n  --split speaker \\\n  --folds 2 \\\n  --epochs 10",
        "--set network.blocks.0.filters=8",
        "--set optimizer.learning_rate=0.005",
        "--set network.gflb.hidden=8",
        "--output runs/clstm",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("--set network.classes") && !text.contains("no options make it"));
    assert!(text.contains("where the recordings are: DATA"), "release 0.1 did not record them");
    assert!(text.contains("folds 1, 2: clstm 0.1.0"), "the release and the machine");
}

#[test]
fn continuous_targets_have_a_table_and_scatter_plots_beside_the_raters() {
    let plain = Written::of(&[fixture("clstm")]);
    assert!(!plain.text("report.html").contains("Continuous targets"));
    let (_guard, run) = copy("clstm", "rated");
    for fold in ["fold-1", "fold-2"] {
        let file = run.join(fold).join("predictions.jsonl");
        let lines = std::fs::read_to_string(&file).unwrap();
        let rated = lines.lines().enumerate().map(|(i, line)| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let truth = 1.0 + (i % 5) as f64;
            let predicted = 2.0 + 0.5 * (i % 5) as f64;
            line["dimensions"] = serde_json::json!([
                {"name": "arousal & <co>", "predicted": predicted, "truth": truth,
                 "ratings": [truth - 0.5, truth + 0.5]},
                {"name": "valence", "predicted": predicted, "truth": if i % 2 == 0 { Some(truth) } else { None }}
            ]);
            line.to_string() + "\n"
        });
        std::fs::write(&file, rated.collect::<String>()).unwrap();
        let sums = run.join(fold).join("checksums.json");
        if sums.exists() {
            std::fs::remove_file(sums).unwrap();
        }
    }
    clstm_eval::aggregate_folds(&run).unwrap();
    let report = Written::of(std::slice::from_ref(&run));
    let table = report.text("tables/dimensions.csv");
    assert!(table.starts_with("run,target,utterances,CCC,CCC low,CCC high,Pearson,"), "{table}");
    assert_eq!(table.lines().count(), 3, "{table}");
    let page = report.text("report.html");
    assert!(page.contains("Continuous targets") && page.contains("arousal &amp; &lt;co&gt;"));
    let figures = report.files(".svg");
    assert_eq!(figures.iter().filter(|name| name.contains("scatter-")).count(), 2, "{figures:?}");
    let json: Value = serde_json::from_str(&report.text("report.json")).unwrap();
    let dimensions = &json["runs"][0]["metrics"]["dimensions"];
    assert_eq!(dimensions[0]["raters"]["each"].as_array().unwrap().len(), 2);
    assert_eq!(dimensions[1].get("raters"), None);
    // Truths are 1 to 5 and predictions half as far from 3: of covariance 1 with variances 2 and 0.5.
    let ccc = dimensions[0]["ccc"]["value"].as_f64().unwrap();
    assert!(ccc > 0.7 && ccc < 0.85, "{ccc}");
    // Without metrics.json the same figures are computed from the folds.
    let whole = Run::read(&run).unwrap().metrics.dimensions;
    std::fs::remove_file(run.join("metrics.json")).unwrap();
    let joined = Run::read(&run).unwrap().metrics.dimensions;
    assert_eq!(joined.len(), whole.len());
    for (joined, whole) in joined.iter().zip(&whole) {
        assert_eq!((&joined.name, joined.clusters), (&whole.name, whole.clusters));
        assert!((joined.ccc.low - whole.ccc.low).abs() < 1e-12, "{joined:?} {whole:?}");
    }
    let report = Written::of(std::slice::from_ref(&run));
    assert_eq!(report.text("tables/dimensions.csv"), table);
    // A report of joined folds has no calibration.
    let scatter = |names: Vec<String>| -> Vec<String> {
        names.into_iter().filter(|name| name.contains("scatter-")).collect()
    };
    assert_eq!(scatter(report.files(".svg")), scatter(figures));
    // They take the predictions of every fold.
    std::fs::remove_file(run.join("fold-1/predictions.jsonl")).unwrap();
    edit(&run.join("fold-2/metrics.json"), |record| {
        record["metrics"]["dimensions"] = serde_json::json!([
            {"name": "valence", "utterances": 16, "ccc": 0.5, "pearson": 0.5, "rmse": 1.0}
        ]);
    });
    let partial = Run::read(&run).unwrap();
    assert!(partial.metrics.dimensions.is_empty());
    assert!(partial.notes.iter().any(|note| note.starts_with("No figures of continuous targets")));
}
