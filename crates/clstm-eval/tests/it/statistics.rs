//! Statistics against scikit-learn, SciPy and statsmodels; `fixtures/statistics/make.py` computes the
//! figures.

use clstm::ProbabilityCalibration;
use clstm_eval::{
    ClassMetrics, ClassificationReport, ClusterBy, Interval, Metrics, Prediction, bootstrap,
    compare, mcnemar_exact, row_normalized,
};
use serde::Deserialize;
use serde_json::Value;

fn figures(name: &str) -> Value {
    let text = include_str!("../fixtures/statistics/figures.json");
    serde_json::from_str::<Value>(text).expect("the fixture")[name].take()
}

fn near(found: f64, theirs: &Value, within: f64) {
    let theirs = theirs.as_f64().expect("a number");
    assert!((found - theirs).abs() <= within, "{found}, not {theirs}");
}

#[test]
fn classification_reports_are_those_of_scikit_learn() {
    for theirs in figures("reports").as_array().expect("reports") {
        let classes = |name: &str| -> Vec<usize> {
            serde_json::from_value(theirs[name].clone()).expect("classes")
        };
        let confusion: Vec<Vec<usize>> =
            serde_json::from_value(theirs["confusion"].clone()).expect("a matrix");
        let pairs = classes("truth").into_iter().zip(classes("predicted"));
        let metrics = Metrics::of(pairs, confusion.len());
        assert_eq!(metrics.confusion, confusion);
        let ours = ClassificationReport::of(&metrics);
        for (class, of) in ours.classes.iter().enumerate() {
            let theirs = &theirs["classes"][class.to_string()];
            let ClassMetrics { precision, recall, f1, support } = of;
            near(*precision, &theirs["precision"], 1e-12);
            near(*recall, &theirs["recall"], 1e-12);
            near(*f1, &theirs["f1-score"], 1e-12);
            near(*support as f64, &theirs["support"], 0.0);
        }
        for (ours, theirs) in
            [(ours.unweighted, &theirs["macro"]), (ours.weighted, &theirs["weighted"])]
        {
            near(ours.precision, &theirs["precision"], 1e-12);
            near(ours.recall, &theirs["recall"], 1e-12);
            near(ours.f1, &theirs["f1-score"], 1e-12);
        }
        near(ours.accuracy, &theirs["accuracy"], 1e-12);
        near(metrics.ua, &theirs["balanced_accuracy"], 1e-12);
        for (ours, theirs) in row_normalized(&metrics.confusion)
            .iter()
            .zip(theirs["row_normalized"].as_array().expect("rows"))
        {
            for (ours, theirs) in ours.iter().zip(theirs.as_array().expect("a row")) {
                near(*ours, theirs, 1e-12);
            }
        }
    }
}

#[test]
fn mcnemar_is_that_of_statsmodels() {
    for theirs in figures("mcnemar").as_array().expect("tests") {
        let [first, second]: [usize; 2] =
            serde_json::from_value(theirs["only"].clone()).expect("two counts");
        let p = theirs["p"].as_f64().expect("a number");
        let found = mcnemar_exact(first, second);
        assert!((found / p - 1.0).abs() < 1e-9, "{first} {second}: {found}, not {p}");
    }
    // The smallest terms underflow.
    assert_eq!(mcnemar_exact(0, 5_000), 0.0);
    assert!((mcnemar_exact(50_000, 50_000) - 1.0).abs() < 1e-9);
}

/// An utterance of the fixture: speaker, true class, and the predictions of the two systems.
#[derive(Deserialize)]
struct Row(String, usize, usize, usize);

/// The predictions of a system for the rows, and the number of classes.
fn run(rows: &[Row], of: fn(&Row) -> usize) -> (Vec<Prediction>, usize) {
    let classes = 1 + rows.iter().flat_map(|r| [r.1, r.2, r.3]).max().expect("a row");
    let predictions = |(i, row): (usize, &Row)| {
        let mut logits = vec![0.0; classes];
        logits[of(row)] = 2.0;
        Prediction::new(i.to_string(), row.1, logits, &ProbabilityCalibration::default())
            .with_speaker(Some(&row.0))
    };
    (rows.iter().enumerate().map(predictions).collect(), classes)
}

fn rows(of: &Value) -> Vec<Row> {
    serde_json::from_value(of["rows"].clone()).expect("rows")
}

/// Both ends, within `share` of the interval's width: resampling leaves noise.
fn interval_near(found: Interval, theirs: &Value, share: f64) {
    let [low, high]: [f64; 2] = serde_json::from_value(theirs.clone()).expect("two ends");
    let within = share * (high - low);
    assert!((found.low - low).abs() < within, "{found:?}, not {low} to {high}");
    assert!((found.high - high).abs() < within, "{found:?}, not {low} to {high}");
    assert!(found.low <= found.value && found.value <= found.high);
}

#[test]
fn intervals_are_those_of_every_resample_of_five_speakers() {
    let theirs = figures("enumerated");
    let (predictions, classes) = run(&rows(&theirs), |row| row.2);
    let found = bootstrap(&predictions, classes, 1).expect("intervals");
    assert_eq!((found.by, found.clusters), (ClusterBy::Speaker, 5));
    // 3,125 resamples take few values: the ends are steps of a few hundredths of the width.
    interval_near(found.ua, &theirs["ua"], 0.05);
    interval_near(found.wa, &theirs["wa"], 0.05);
}

#[test]
fn intervals_are_those_of_scipy() {
    let theirs = figures("sampled");
    let (predictions, classes) = run(&rows(&theirs), |row| row.2);
    let found = bootstrap(&predictions, classes, 1).expect("intervals");
    assert_eq!(found.clusters, 24);
    interval_near(found.ua, &theirs["ua"], 0.04);
    interval_near(found.wa, &theirs["wa"], 0.04);
    let metrics = Metrics::of(predictions.iter().map(|p| (p.truth, p.predicted)), classes);
    assert_eq!((found.ua.value, found.wa.value), (metrics.ua, metrics.wa));
    assert!((found.macro_f1.value - metrics.macro_f1).abs() < 1e-12);
    for (interval, class) in found.recalls.iter().zip(&metrics.classes) {
        assert_eq!(interval.value, class.recall);
        assert!(interval.low < interval.high);
    }
}

#[test]
fn a_seed_decides_everything_on_any_number_of_threads() {
    let (predictions, classes) = run(&rows(&figures("sampled")), |row| row.2);
    let found = bootstrap(&predictions, classes, 9).expect("intervals");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    assert_eq!(pool.install(|| bootstrap(&predictions, classes, 9)).as_ref(), Some(&found));
    assert_ne!(bootstrap(&predictions, classes, 10), Some(found));
}

#[test]
fn speakers_matter() {
    // Two speakers, one always right and one never: utterances alone would hide what that means.
    let predictions = |speaker: Option<&str>, right: bool| {
        let logits = if right { vec![1.0, 0.0] } else { vec![0.0, 1.0] };
        Prediction::new(String::new(), 0, logits, &ProbabilityCalibration::default())
            .with_speaker(speaker)
    };
    let run = |names: [Option<&str>; 2]| -> Vec<Prediction> {
        (0..100).map(|i| predictions(names[i % 2], i % 2 == 0)).collect()
    };
    let by_speaker = bootstrap(&run([Some("a"), Some("b")]), 2, 1).expect("intervals");
    assert_eq!((by_speaker.wa.low, by_speaker.wa.high), (0.0, 1.0));
    let unknown = bootstrap(&run([Some("a"), None]), 2, 1).expect("intervals");
    assert_eq!((unknown.by, unknown.clusters), (ClusterBy::Utterance, 100));
    assert!(unknown.wa.low > 0.35 && unknown.wa.high < 0.65, "{:?}", unknown.wa);
}

#[test]
fn the_permutation_test_is_that_of_scipy() {
    let theirs = figures("permuted");
    let rows = rows(&theirs);
    let ((first, classes), (second, _)) = (run(&rows, |row| row.2), run(&rows, |row| row.3));
    let found = compare(&first, &second, 1).expect("comparable").expect("shared");
    assert!(found.exact);
    assert_eq!((found.by, found.clusters, found.utterances), (ClusterBy::Speaker, 10, rows.len()));
    near(found.ua_difference.p, &theirs["ua"], 1e-12);
    near(found.wa_difference.p, &theirs["wa"], 1e-12);
    near(found.mcnemar.p, &theirs["mcnemar"], 1e-12);
    near(found.mcnemar.only_first as f64, &theirs["only"][0], 0.0);
    near(found.mcnemar.only_second as f64, &theirs["only"][1], 0.0);
    for (who, run) in [&first, &second].into_iter().enumerate() {
        let metrics = Metrics::of(run.iter().map(|p| (p.truth, p.predicted)), classes);
        assert!((found.ua[who] - metrics.ua).abs() < 1e-12);
        assert!((found.wa[who] - metrics.wa).abs() < 1e-12);
    }
    let interval = found.ua_difference.interval;
    assert!((interval.value - (found.ua[0] - found.ua[1])).abs() < 1e-12);
    assert!(interval.low < interval.value && interval.value < interval.high);
}
