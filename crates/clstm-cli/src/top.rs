//! `--top K`: the most probable labels of a prediction.

use serde::Serialize;

use crate::columns::{Column, ColumnType, Value};
use crate::table::percent;
use crate::text::printable;

/// A label and its probability.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct RankedLabel<'a> {
    label: &'a str,
    probability: f64,
}

/// The `count` most probable labels, most probable first. The predicted one comes first, also of equals.
pub(crate) fn ranked<'a>(
    labels: &'a [String],
    predicted: usize,
    probabilities: &[f64],
    count: usize,
) -> Vec<RankedLabel<'a>> {
    let mut order: Vec<(usize, f64)> = probabilities.iter().copied().enumerate().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then((b.0 == predicted).cmp(&(a.0 == predicted))));
    let ranked = order.into_iter().filter_map(|(index, probability)| {
        Some(RankedLabel { label: labels.get(index)?.as_str(), probability })
    });
    ranked.take(count).collect()
}

/// The labels after the first in a cell of a table: `sad 20.0%, calm 5.0%`.
pub(crate) fn runners_up(ranked: &[RankedLabel<'_>]) -> String {
    let cell = |other: &RankedLabel<'_>| {
        format!("{} {}", printable(other.label), percent(other.probability))
    };
    ranked.iter().skip(1).map(cell).collect::<Vec<_>>().join(", ")
}

/// Columns of the labels from the second to the `count`th.
pub(crate) fn columns(count: usize) -> impl Iterator<Item = Column> {
    (2..=count).flat_map(|rank| {
        [
            (format!("label_{rank}"), ColumnType::Text),
            (format!("confidence_{rank}"), ColumnType::Number),
        ]
    })
}

/// The values of [`columns`]; empty without a prediction.
pub(crate) fn values(ranked: &[RankedLabel<'_>], count: usize) -> Vec<Value> {
    let rank = |rank: usize| {
        let label = ranked.get(rank - 1);
        [Value::text(label.map(|l| l.label)), Value::number(label.map(|l| l.probability))]
    };
    (2..=count).flat_map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::{columns, ranked, runners_up, values};

    #[test]
    fn labels_are_ranked_with_the_predicted_one_first() {
        let labels = ["a", "b", "c"].map(str::to_owned);
        let all = ranked(&labels, 2, &[0.4, 0.2, 0.4], 3);
        let names: Vec<&str> = all.iter().map(|label| label.label).collect();
        assert_eq!(names, ["c", "a", "b"]);
        assert_eq!(runners_up(&all), "a 40.0%, b 20.0%");
        assert_eq!(ranked(&labels, 2, &[0.4, 0.2, 0.4], 1).len(), 1);
        assert_eq!(columns(3).count(), values(&[], 3).len());
        assert_eq!(columns(1).count(), 0);
    }
}
