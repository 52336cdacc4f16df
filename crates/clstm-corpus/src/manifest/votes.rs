//! Votes of listeners in a manifest: columns `votes_LABEL`.

use super::problem::RowProblem;
use super::row::Row;

/// What the names of the columns begin with.
pub(super) const PREFIX: &str = "votes_";

/// The votes of a row for each label; empty where it has none.
pub(super) fn of(row: &Row, labels: &[String]) -> Result<Vec<f32>, RowProblem> {
    let mut votes = Vec::new();
    for (index, label) in labels.iter().enumerate() {
        let column = format!("{PREFIX}{label}");
        let Some(text) = row.extra.get(&column) else { continue };
        let count = text.parse().ok().filter(|count: &f32| count.is_finite() && *count >= 0.0);
        let Some(count) = count else {
            let problem = format!("{text:?}; write a number of votes, 0 or more");
            return Err(RowProblem::at(row.line, column, problem));
        };
        votes.resize(labels.len(), 0.0);
        votes[index] = count;
    }
    Ok(votes)
}

/// Whether a column has the votes for one of the labels.
pub(super) fn is_used(column: &str, labels: &[String]) -> bool {
    column.strip_prefix(PREFIX).is_some_and(|label| labels.iter().any(|known| known == label))
}
