//! The figures of an evaluation.

use clstm::Precision;
use clstm::{CalibrationScores, ProbabilityCalibration, Recognizer};
use clstm_eval::{DimensionSummary, VoteMetrics};
use clstm_train::{
    ClassMetrics, Dataset, ECE_BINS, EvalProtocol, Evaluation, Metrics, Reliability, RiskCoverage,
};
use serde::Serialize;

use super::{Overlap, Part};
use crate::table::percent;
use crate::text::printable;
use crate::training::calibration;
use crate::training::report::{classes, confusion, dimensions};

/// Seed of the intervals.
const SEED: u64 = 1;

/// What is printed, as JSON or text.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    model: &'a str,
    digest: &'a str,
    corpus: &'a str,
    tested_on: &'a str,
    precision: Precision,
    #[serde(skip_serializing_if = "Option::is_none")]
    fold: Option<FoldReport<'a>>,
    training: String,
    training_overlap: &'a Overlap,
    utterances: usize,
    ua: f64,
    wa: f64,
    macro_f1: f64,
    loss: f64,
    #[serde(flatten)]
    scaling: ProbabilityCalibration,
    calibration: CalibrationScores,
    aurc: f64,
    /// Against the votes of listeners, where the corpus has votes.
    #[serde(skip_serializing_if = "Option::is_none")]
    votes: Option<VoteMetrics>,
    /// Continuous targets of the model of which the corpus has values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dimensions: Vec<DimensionSummary>,
    labels: &'a [String],
    classes: &'a [ClassMetrics],
    confusion: &'a [Vec<usize>],
}

#[derive(Serialize)]
struct FoldReport<'a> {
    fold: usize,
    split: &'a str,
    folds: usize,
    seed: u64,
    test_speakers: Vec<&'a str>,
}

impl<'a> Report<'a> {
    /// Of an evaluation.
    pub(crate) fn new(
        recognizer: &'a Recognizer,
        dataset: &'a Dataset,
        part: &'a Part,
        overlap: &'a Overlap,
        evaluation: &'a Evaluation,
    ) -> Self {
        let info = recognizer.info();
        let Metrics { ua, wa, macro_f1, confusion, classes } = &evaluation.metrics;
        let fold = part.fold.as_ref().map(|(fold, EvalProtocol { split, folds, seed, .. })| {
            let test_speakers = dataset.corpus.speakers_of(&fold.test);
            FoldReport { fold: fold.number, split, folds: *folds, seed: *seed, test_speakers }
        });
        Self {
            model: &info.name,
            digest: recognizer.digest(),
            corpus: &dataset.corpus.name,
            tested_on: &part.description,
            precision: recognizer.precision(),
            fold,
            training: info.training.describe(),
            training_overlap: overlap,
            utterances: evaluation.predictions.len(),
            ua: *ua,
            wa: *wa,
            macro_f1: *macro_f1,
            loss: evaluation.loss,
            scaling: info.scaling,
            calibration: Reliability::of(&evaluation.predictions).scores(),
            aurc: RiskCoverage::of(&evaluation.predictions).aurc,
            votes: VoteMetrics::of(part.utterances.iter().zip(&evaluation.predictions).map(
                |(&index, prediction)| (prediction, &dataset.corpus.utterances[index].votes[..]),
            )),
            dimensions: DimensionSummary::of(&evaluation.predictions, SEED),
            labels: recognizer.labels(),
            classes,
            confusion,
        }
    }

    /// For people.
    pub(crate) fn text(&self, metrics: &Metrics) -> String {
        format!(
            "model      {} (sha256 {})\ntrained    {}\ntested on  {}\n           {}\nprecision  {}\n\nUA \
             {}, WA {}, macro F1 {}, loss {:.3}\nconfidence at temperature {}: ECE {} ({ECE_BINS} \
             bins), NLL {:.3}, Brier {:.3}, AURC {:.3}\n{}\n{}\nconfusion, true class by row, predicted by \
             column\n{}",
            printable(self.model),
            self.digest,
            printable(&self.training),
            self.tested_on,
            self.training_overlap.describe(),
            self.precision,
            percent(self.ua),
            percent(self.wa),
            percent(self.macro_f1),
            self.loss,
            calibration::scaling(&self.scaling),
            percent(self.calibration.ece),
            self.calibration.nll,
            self.calibration.brier,
            self.aurc,
            self.votes.map_or_else(String::new, votes) + &self.dimensions_text(),
            classes(metrics, self.labels),
            confusion(metrics, self.labels),
        )
    }
}

impl Report<'_> {
    /// The figures of continuous targets, where there are some.
    fn dimensions_text(&self) -> String {
        match self.dimensions.is_empty() {
            true => String::new(),
            false => format!("\ncontinuous targets\n{}", dimensions(&self.dimensions)),
        }
    }
}

/// The figures against the votes of listeners, in one line.
fn votes(found: VoteMetrics) -> String {
    let VoteMetrics { utterances, jensen_shannon, majority_accuracy, ece, listener_agreement } =
        found;
    let ceiling = listener_agreement.map_or_else(String::new, |agreement| {
        format!(" (a listener agrees in {})", percent(agreement))
    });
    format!(
        "votes of listeners, {utterances} utterances: majority predicted {}{ceiling}, Jensen-Shannon divergence \
         {jensen_shannon:.3} bits, ECE {}\n",
        percent(majority_accuracy),
        percent(ece)
    )
}
