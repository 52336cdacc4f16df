//! What is computed of runs before anything is written.

use clstm_eval::{
    ClassificationReport, Comparison, INTERVAL_LEVEL, Intervals, Metrics, bootstrap, compare,
};
use serde::Serialize;

use crate::report::RecipeFormat;
use crate::run::{Run, numbers};
use crate::settings::{SettingDifference, differing_settings};
use crate::{ReportError, SEED};

/// The figures of a run, pooled over its folds.
#[derive(Clone, Debug, Serialize)]
pub struct Analysis {
    /// From the summed confusion matrices of the folds.
    pub pooled: Metrics,
    /// By class, with averages.
    pub report: ClassificationReport,
    /// By speakers where they are known; none without the predictions of every fold.
    pub intervals: Option<Intervals>,
    /// How the figures were obtained, with everything that every table must state.
    pub protocol: String,
    /// Speakers whose utterances are in the test parts of several folds: each of these folds trained on
    /// some of them.
    pub shared_speakers: usize,
}

impl Analysis {
    pub(crate) fn of(run: &Run) -> Self {
        let classes = run.metrics.labels.len();
        let mut sum = vec![vec![0; classes]; classes];
        for fold in &run.metrics.folds {
            for (sums, counts) in sum.iter_mut().zip(&fold.confusion) {
                sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            }
        }
        let pooled = Metrics::from_confusion(sum);
        let predictions = run.predictions();
        let shared_speakers = shared_speakers(run);
        Self {
            report: ClassificationReport::of(&pooled),
            intervals: predictions.and_then(|all| bootstrap(&all, classes, SEED)),
            protocol: protocol(run, shared_speakers),
            shared_speakers,
            pooled,
        }
    }

    /// How the intervals were made, as a sentence.
    pub(crate) fn interval_method(&self) -> String {
        let Some(Intervals { by, clusters, replicates, seed, .. }) = &self.intervals else {
            return "No intervals: they take the predictions of every fold.".to_owned();
        };
        let level = 100.0 * INTERVAL_LEVEL;
        let unknown = match by {
            clstm_eval::ClusterBy::Speaker => "",
            clstm_eval::ClusterBy::Utterance => {
                " The run's predictions do not name speakers: intervals over utterances are too narrow \
                 as far as utterances of a speaker are alike."
            }
        };
        format!(
            "Brackets: {level:.0}% percentile bootstrap over the {clusters} {by} ({replicates} resamples, \
             seed {seed}), the models kept as they are.{unknown}"
        )
    }
}

/// Speakers in the test parts of more than one fold.
fn shared_speakers(run: &Run) -> usize {
    let mut all: Vec<&str> = run
        .metrics
        .folds
        .iter()
        .flat_map(|fold| {
            let mut own: Vec<&str> = fold.test_speakers.iter().map(String::as_str).collect();
            own.sort_unstable();
            own.dedup();
            own
        })
        .collect();
    all.sort_unstable();
    all.chunk_by(|a, b| a == b).filter(|same| same.len() > 1).count()
}

/// The protocol in a sentence, with what is missing, leaked or chosen.
fn protocol(run: &Run, shared: usize) -> String {
    let protocol = run.protocol();
    let mut text = protocol.describe();
    let (done, missing) = (run.metrics.folds.len(), run.metrics.missing());
    if !missing.is_empty() {
        let missing = numbers(&missing);
        text += &format!("; {done} of {} folds done, {missing} missing", protocol.folds);
    }
    if shared > 0 && !protocol.shares_speakers() {
        text += &format!("; {shared} speakers are in training and test");
    }
    if protocol.test_used_for_selection {
        text += "; TEST UTTERANCES WERE USED FOR SELECTION";
    }
    text
}

/// Two runs on utterances that both were tested on.
#[derive(Clone, Debug, Serialize)]
pub struct RunComparison {
    /// Name of the first.
    pub first: String,
    /// Name of the second.
    pub second: String,
    /// The figures; none where the runs share no utterance or lack predictions.
    pub result: Option<Comparison>,
    /// The settings in which their recipes differ; none where one of them has no recipe.
    pub settings: Option<Vec<SettingDifference>>,
}

/// Every pair of runs that agree on their classes.
pub(crate) fn comparisons(
    runs: &[Run],
    recipes: Option<RecipeFormat>,
) -> Result<Vec<RunComparison>, ReportError> {
    let mut found = Vec::new();
    for (index, first) in runs.iter().enumerate() {
        for second in &runs[index + 1..] {
            if first.metrics.labels == second.metrics.labels
                && first.protocol().corpus == second.protocol().corpus
            {
                found.push(compare_runs(first, second, recipes)?);
            }
        }
    }
    Ok(found)
}

/// Compares two runs on the utterances that both were tested on.
///
/// # Errors
/// [`ReportError::Incomparable`] where their classes differ or they contradict each other.
pub fn compare_runs(
    first: &Run,
    second: &Run,
    recipes: Option<RecipeFormat>,
) -> Result<RunComparison, ReportError> {
    let incomparable = |reason: String| ReportError::Incomparable {
        first: first.name.clone(),
        second: second.name.clone(),
        reason,
    };
    if first.metrics.labels != second.metrics.labels {
        return Err(incomparable("their classes differ".to_owned()));
    }
    let result = match (first.predictions(), second.predictions()) {
        (Some(ours), Some(theirs)) => {
            compare(&ours, &theirs, SEED).map_err(|error| incomparable(error.to_string()))?
        }
        _ => None,
    };
    let settings = differing_settings(&[first, second], recipes);
    Ok(RunComparison { first: first.name.clone(), second: second.name.clone(), result, settings })
}
