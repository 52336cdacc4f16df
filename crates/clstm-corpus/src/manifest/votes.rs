//! Votes of listeners in a manifest: columns `votes_LABEL`.

use super::problem::RowProblem;
use super::row::Row;

/// What the names of the columns begin with.
pub(super) const PREFIX: &str = "votes_";

/// Most labels of a manifest with votes: each row has a number for every label.
const MOST_LABELS: usize = 1_000;

/// The place of a label among the sorted `labels`.
fn place(label: &str, labels: &[String]) -> Option<usize> {
    labels.binary_search_by(|known| known.as_str().cmp(label)).ok()
}

/// The votes of a row for each of the sorted `labels`; empty where it has none.
pub(super) fn of(row: &Row, labels: &[String]) -> Result<Vec<f32>, RowProblem> {
    let mut votes = Vec::new();
    // The columns of the row, not the labels: a manifest may have as many labels as rows.
    for (column, text) in &row.extra {
        let label = column.strip_prefix(PREFIX);
        let Some(place) = label.and_then(|label| place(label, labels)) else {
            continue;
        };
        let count = text.parse().ok().filter(|count: &f32| count.is_finite() && *count >= 0.0);
        let Some(count) = count else {
            let problem = format!("{text:?}; write a number of votes, 0 or more");
            return Err(row.problem(column, problem));
        };
        if labels.len() > MOST_LABELS {
            let problem = format!(
                "votes for one of {} labels; at most {MOST_LABELS} labels can have votes",
                labels.len()
            );
            return Err(row.problem(column, problem));
        }
        votes.resize(labels.len(), 0.0);
        votes[place] = count;
    }
    Ok(votes)
}

/// Whether a column has the votes for one of the sorted `labels`.
pub(super) fn is_used(column: &str, labels: &[String]) -> bool {
    column.strip_prefix(PREFIX).is_some_and(|label| place(label, labels).is_some())
}
