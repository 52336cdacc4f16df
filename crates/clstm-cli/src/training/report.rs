//! Figures of runs as text.

use std::fmt::Write as _;
use std::path::Path;

use clstm_train::{DimensionSummary, Interval, Metrics, RunMetrics};

use super::calibration;
use crate::error::CliError;
use crate::messages::{note, warn};
use crate::output::Output;
use crate::table::{Table, percent};
use crate::text::{PathText, printable, shell_word};

/// Prints a run whose `metrics.json` was written, the folds that are not done, and the headline with the next command.
pub(crate) fn finished(run: &RunMetrics, out: &Path, to: &mut Output) -> Result<(), CliError> {
    to.print(&cross_validation(run))?;
    let missing = run.missing();
    if !missing.is_empty() {
        let list: Vec<String> = missing.iter().map(ToString::to_string).collect();
        warn(&format!("these figures are partial: folds {} are not done", list.join(", ")));
    }
    note(&format!("wrote {}", out.join("metrics.json").text()));
    let (mean, std) = (run.mean, run.std);
    note(&format!(
        "UA {}, WA {} over {} of {} folds ({})",
        over(mean.ua, std.ua),
        over(mean.wa, std.wa),
        run.folds.len(),
        run.protocol.folds,
        run.protocol.speakers()
    ));
    for it in &run.dimensions {
        note(&format!("{}: {}", printable(&it.name), dimension(it)));
    }
    note(&format!("next: clstm report {} --output report", shell_word(&out.text())));
    Ok(())
}

/// A mean and a standard deviation in percent.
fn over(mean: f64, std: f64) -> String {
    format!("{:.1} ± {:.1}%", 100.0 * mean, 100.0 * std)
}

/// A cross-validation: its protocol, its folds, and the classes over all folds together.
pub(crate) fn cross_validation(run: &RunMetrics) -> String {
    let mut folds =
        Table::new(1, ["fold", "train", "test", "UA", "WA", "macro F1", "test speakers"]);
    for fold in &run.folds {
        let speakers = match fold.test_speakers.len() {
            0..=8 => fold.test_speakers.join(" "),
            many => many.to_string(),
        };
        folds.row([
            fold.fold.to_string(),
            fold.train_utterances.to_string(),
            fold.test_utterances.to_string(),
            percent(fold.ua),
            percent(fold.wa),
            percent(fold.macro_f1),
            speakers,
        ]);
    }
    let (mean, std) = (run.mean, run.std);
    let mut text =
        format!("{}\npreset {}\n\n{folds}", run.protocol.describe(), run.protocol.preset);
    let _ = writeln!(
        text,
        "mean ± std over {} of {} folds: UA {}, WA {}, macro F1 {}",
        run.folds.len(),
        run.protocol.folds,
        over(mean.ua, std.ua),
        over(mean.wa, std.wa),
        over(mean.macro_f1, std.macro_f1)
    );
    if !run.dimensions.is_empty() {
        let _ = write!(
            text,
            "\ncontinuous targets, over the test utterances of these folds together\n"
        );
        let _ = write!(text, "{}", dimensions(&run.dimensions));
    }
    let missing = run.missing();
    if !missing.is_empty() {
        let list: Vec<String> = missing.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "PARTIAL: folds {} are missing", list.join(", "));
    }
    let _ = write!(text, "\n{}", confidence(run));
    let mut pooled = vec![vec![0; run.labels.len()]; run.labels.len()];
    for fold in &run.folds {
        for (sum, row) in pooled.iter_mut().zip(&fold.confusion) {
            for (sum, count) in sum.iter_mut().zip(row) {
                *sum += count;
            }
        }
    }
    let pooled = Metrics::from_confusion(pooled);
    let _ = write!(
        text,
        "\nclasses, over the test utterances of these folds together\n{}",
        classes(&pooled, &run.labels)
    );
    let _ = write!(
        text,
        "\nconfusion, true class by row, predicted by column\n{}",
        confusion(&pooled, &run.labels)
    );
    text
}

/// CCC with its interval, and the agreement of the raters, in one line.
pub(crate) fn dimension(found: &DimensionSummary) -> String {
    let DimensionSummary { ccc, pearson, rmse, utterances, by, clusters, raters, .. } = found;
    let raters = raters.as_ref().map_or_else(String::new, |raters| {
        format!("; a rater with the others: CCC {:.3}", raters.ccc)
    });
    format!(
        "CCC {}, Pearson {:.3}, RMSE {:.3} ({utterances} utterances; 95% interval over {clusters} {by}){raters}",
        interval(ccc),
        pearson.value,
        rmse.value
    )
}

/// The figures of continuous targets.
pub(crate) fn dimensions(all: &[DimensionSummary]) -> Table {
    let header =
        ["target", "CCC", "Pearson", "RMSE", "utterances", "95% interval over", "CCC of raters"];
    let mut table = Table::new(1, header);
    for DimensionSummary { name, ccc, pearson, rmse, utterances, by, clusters, raters, .. } in all {
        table.row([
            printable(name),
            interval(ccc),
            interval(pearson),
            interval(rmse),
            utterances.to_string(),
            format!("{clusters} {by}"),
            raters.as_ref().map_or_else(|| "-".to_owned(), |raters| format!("{:.3}", raters.ccc)),
        ]);
    }
    table
}

/// A figure and its interval.
fn interval(found: &Interval) -> String {
    format!("{:.3} [{:.3}, {:.3}]", found.value, found.low, found.high)
}

/// Calibration of the confidences, or why there is none.
fn confidence(run: &RunMetrics) -> String {
    let Some(found) = &run.calibration else {
        return "no calibration: it needs the predictions of two folds, or a calibration_share of \
                the training utterances\n"
            .to_owned();
    };
    let scalings: Vec<String> =
        found.folds.iter().map(|fold| calibration::scaling(&fold.scaling)).collect();
    format!(
        "confidence of these folds together: {}temperatures by fold, with slopes and offsets of the \
         confidence's log odds: {}; {} over all, for a model trained on everything\n",
        calibration::describe(&found.summary(&run.protocol)),
        scalings.join(", "),
        calibration::scaling(&found.scaling)
    )
}

/// Precision, recall and F1 of each class.
pub(crate) fn classes(metrics: &Metrics, labels: &[String]) -> Table {
    let mut table = Table::new(1, ["class", "precision", "recall", "F1", "utterances"]);
    for (label, class) in labels.iter().zip(&metrics.classes) {
        table.row([
            label.clone(),
            percent(class.precision),
            percent(class.recall),
            percent(class.f1),
            class.support.to_string(),
        ]);
    }
    table
}

/// The confusion matrix.
pub(crate) fn confusion(metrics: &Metrics, labels: &[String]) -> Table {
    let header = std::iter::once(String::new()).chain(labels.iter().cloned());
    let mut table = Table::new(1, header);
    for (label, row) in labels.iter().zip(&metrics.confusion) {
        table.row(std::iter::once(label.clone()).chain(row.iter().map(ToString::to_string)));
    }
    table
}
