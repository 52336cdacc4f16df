//! Whether our rows are in the paper's order.

use serde::{Deserialize, Serialize};

/// A comparison of the rows' order with that of a column of Table 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderAgreement {
    /// `RAVDESS` or `IEMOCAP`: the paper's column.
    pub column: String,
    /// Rows compared.
    pub rows: usize,
    /// Pairs of rows of which the paper's better one is ours too.
    pub pairs_alike: usize,
    /// Pairs of rows.
    pub pairs: usize,
    /// Kendall's tau-b; none where all our rows are equal.
    pub kendall: Option<f64>,
    /// Spearman's rho, ties at their mean rank; none where all our rows are equal.
    pub spearman: Option<f64>,
    /// Neighbours in the paper's order that are in the opposite order here, the worst first.
    pub swapped: Vec<Swap>,
}

/// Two neighbours in the paper's order that are in the opposite order here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Swap {
    /// Preset of the row that the paper finds worse.
    pub worse: String,
    /// Preset of the row that the paper finds better.
    pub better: String,
    /// By how much the paper finds it better.
    pub paper: f64,
    /// By how much it is worse here; positive.
    pub ours: f64,
}

impl OrderAgreement {
    /// Of rows given as preset, the paper's figure and ours; none for fewer than two.
    pub(super) fn of(column: &str, rows: &[(&str, f64, f64)]) -> Option<Self> {
        if rows.len() < 2 {
            return None;
        }
        let (mut alike, mut otherwise, mut ties) = (0_usize, 0_usize, [0_usize; 2]);
        for (i, a) in rows.iter().enumerate() {
            for b in &rows[i + 1..] {
                let (paper, ours) = (a.1 - b.1, a.2 - b.2);
                ties[0] += usize::from(paper == 0.0);
                ties[1] += usize::from(ours == 0.0);
                alike += usize::from(paper * ours > 0.0);
                otherwise += usize::from(paper * ours < 0.0);
            }
        }
        let pairs = rows.len() * (rows.len() - 1) / 2;
        let scale = ((pairs - ties[0]) as f64 * (pairs - ties[1]) as f64).sqrt();
        let papers: Vec<f64> = rows.iter().map(|row| row.1).collect();
        let ours: Vec<f64> = rows.iter().map(|row| row.2).collect();
        Some(Self {
            column: column.to_owned(),
            rows: rows.len(),
            pairs_alike: alike,
            pairs,
            kendall: (scale > 0.0).then(|| (alike as f64 - otherwise as f64) / scale),
            spearman: correlation(&ranks(&papers), &ranks(&ours)),
            swapped: swapped(rows),
        })
    }
}

fn swapped(rows: &[(&str, f64, f64)]) -> Vec<Swap> {
    let mut rows = rows.to_vec();
    rows.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut swaps: Vec<Swap> = rows
        .windows(2)
        .filter(|pair| pair[1].2 < pair[0].2 && pair[0].1 < pair[1].1)
        .map(|pair| Swap {
            worse: pair[0].0.to_owned(),
            better: pair[1].0.to_owned(),
            paper: pair[1].1 - pair[0].1,
            ours: pair[0].2 - pair[1].2,
        })
        .collect();
    swaps.sort_by(|a, b| b.ours.total_cmp(&a.ours));
    swaps
}

/// Ranks from 1, equal values at the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |value: &f64| {
        let below = values.iter().filter(|v| *v < value).count() as f64;
        let equal = values.iter().filter(|v| *v == value).count() as f64;
        below + (equal + 1.0) / 2.0
    };
    values.iter().map(rank).collect()
}

/// Pearson's correlation; none where either side does not vary.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let product = |x: &[f64], mean_x: f64, y: &[f64], mean_y: f64| {
        x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>()
    };
    let scale = (product(a, mean_a, a, mean_a) * product(b, mean_b, b, mean_b)).sqrt();
    (scale > 0.0).then(|| product(a, mean_a, b, mean_b) / scale)
}

#[cfg(test)]
mod tests {
    use super::OrderAgreement;

    #[test]
    fn the_papers_own_columns_agree() {
        let iemocap = [65.18, 66.33, 65.44, 67.01, 69.26, 73.86, 75.03];
        let ravdess = [69.21, 69.67, 69.37, 73.29, 76.67, 78.66, 80.05];
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        let rows: Vec<_> = (0..7).map(|i| (names[i], iemocap[i], ravdess[i])).collect();
        let order = OrderAgreement::of("IEMOCAP", &rows).expect("seven rows");
        assert_eq!((order.pairs_alike, order.pairs), (21, 21));
        assert_eq!(order.kendall, Some(1.0));
        assert!((order.spearman.expect("they vary") - 1.0).abs() < 1e-12);
        assert!(order.swapped.is_empty());
    }

    #[test]
    fn ties_and_swaps_are_counted() {
        // By hand: 8 pairs alike, 1 otherwise, 1 tie, so 7 / sqrt(10 * 9); of the ranks 1..5 and
        // 2, 1, 3.5, 3.5, 5: 8.5 / sqrt(10 * 9.5).
        let rows =
            [("a", 1.0, 2.0), ("b", 2.0, 1.0), ("c", 3.0, 3.0), ("d", 4.0, 3.0), ("e", 5.0, 5.0)];
        let order = OrderAgreement::of("RAVDESS", &rows).expect("five rows");
        assert!((order.kendall.expect("they vary") - 0.737_865).abs() < 1e-6, "{order:?}");
        assert!((order.spearman.expect("they vary") - 0.872_082).abs() < 1e-6, "{order:?}");
        let [swap] = &order.swapped[..] else { panic!("one swap: {order:?}") };
        assert_eq!((swap.worse.as_str(), swap.better.as_str(), swap.ours), ("a", "b", 1.0));
        let flat = OrderAgreement::of("RAVDESS", &[("a", 1.0, 2.0), ("b", 2.0, 2.0)]);
        assert_eq!(flat.map(|o| (o.kendall, o.spearman, o.pairs_alike)), Some((None, None, 0)));
    }
}
