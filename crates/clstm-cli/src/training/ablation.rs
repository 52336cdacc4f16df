//! Table 1 as text.

use std::fmt::Write as _;
use std::path::Path;

use clstm_train::{AblationTable, OrderAgreement, RowFigures};

use crate::error::CliError;
use crate::messages::{note, warn};
use crate::output::Output;
use crate::table::{Table, percent};
use crate::text::{PathText, printable};

/// Prints a table whose `ablation.json` was written, and warns of rows and folds that are not done.
pub(crate) fn finished(table: &AblationTable, out: &Path, to: &mut Output) -> Result<(), CliError> {
    to.print(&describe(table))?;
    for row in &table.rows {
        let done: &[usize] = row.ours.as_ref().map_or(&[], |ours| &ours.folds);
        let missing = (1..=table.protocol.folds).filter(|fold| !done.contains(fold));
        let missing: Vec<String> = missing.map(|fold| fold.to_string()).collect();
        match done.len() {
            _ if missing.is_empty() => {}
            0 => warn(&format!("the table is partial: row {} is not done", row.preset)),
            _ => warn(&format!(
                "the table is partial: folds {} of row {} are not done",
                missing.join(", "),
                row.preset
            )),
        }
    }
    note(&format!("wrote {}", out.join("ablation.json").text()));
    Ok(())
}

/// The table with the paper's columns beside ours, and the agreement of their orders.
fn describe(table: &AblationTable) -> String {
    let folds = table.protocol.folds;
    let header = ["row", "UA", "WA", "folds", "paper, RAVDESS", "paper, IEMOCAP"];
    let mut rows = Table::new(1, header);
    for row in &table.rows {
        let none = || "-".to_owned();
        let over = |figures: fn(&RowFigures) -> (f64, f64)| {
            row.ours.as_ref().map(figures).map_or_else(none, |(mean, std)| {
                format!("{:.1} ± {:.1}%", 100.0 * mean, 100.0 * std)
            })
        };
        rows.row([
            row.preset.clone(),
            over(|ours| (ours.mean.ua, ours.std.ua)),
            over(|ours| (ours.mean.wa, ours.std.wa)),
            format!("{}/{folds}", row.ours.as_ref().map_or(0, |ours| ours.folds.len())),
            format!("{:.2}%", 100.0 * row.paper.ravdess),
            format!("{:.2}%", 100.0 * row.paper.iemocap),
        ]);
    }
    let mut text = format!(
        "{}\nmean ± std over folds; the paper's Table 1 has UA, five folds, utterances split 80:20\n\n{rows}",
        printable(&table.describe())
    );
    for order in &table.order {
        let list: Vec<String> = table.common_folds.iter().map(ToString::to_string).collect();
        let _ = write!(text, "\n{}", agreement(order, &list.join(", ")));
    }
    if table.order.is_empty() {
        text += "\norder: fewer than two rows have a fold in common\n";
    }
    text
}

fn agreement(order: &OrderAgreement, folds: &str) -> String {
    let figure = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
    let mut text = format!(
        "order by UA over the folds {folds} that all {} rows have, against the paper's {}: {} of {} pairs \
         in the same order, Kendall's tau {}, Spearman's rho {}\n",
        order.rows,
        order.column,
        order.pairs_alike,
        order.pairs,
        figure(order.kendall),
        figure(order.spearman)
    );
    for swap in &order.swapped {
        let _ = writeln!(
            text,
            "  swapped: {} is {} below {} here, {} above it in the paper",
            swap.better,
            percent(swap.ours),
            swap.worse,
            percent(swap.paper)
        );
    }
    if order.swapped.is_empty() {
        text += "  no neighbours are swapped\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use clstm_train::AblationTable;
    use serde_json::json;

    use super::describe;

    #[test]
    fn a_partial_table_in_words() {
        let means = |ua: f64| json!({ "ua": ua, "wa": ua, "macro_f1": ua });
        let row = |preset: &str, ravdess: f64, ours: Option<f64>| {
            json!({
                "preset": preset, "architecture": preset,
                "paper": { "iemocap": 0.65, "ravdess": ravdess },
                "ours": ours.map(|ua| json!({
                    "folds": [2], "mean": means(ua), "std": means(0.0), "common_ua": ua, "seconds": 1.0
                })),
            })
        };
        let table: AblationTable = serde_json::from_value(json!({
            "protocol": {
                "corpus": "ravdess", "split": "random", "folds": 5, "seed": 1, "preset": "table-1",
                "epochs": 2, "precision": "f32", "test_used_for_selection": false
            },
            "rows": [row("a", 0.6921, Some(0.5)), row("b", 0.6967, Some(0.475)), row("c", 0.7, None)],
            "common_folds": [2],
            "order": [{
                "column": "RAVDESS", "rows": 2, "pairs_alike": 0, "pairs": 1, "kendall": -1.0,
                "spearman": -1.0,
                "swapped": [{ "worse": "a", "better": "b", "paper": 0.0046, "ours": 0.025 }],
            }],
        }))
        .unwrap();
        let expected = "\
ravdess, random split (speakers in training and test), 5 folds, 2 epochs, seed 1
mean ± std over folds; the paper's Table 1 has UA, five folds, utterances split 80:20

row           UA           WA  folds  paper, RAVDESS  paper, IEMOCAP
a    50.0 ± 0.0%  50.0 ± 0.0%    1/5          69.21%          65.00%
b    47.5 ± 0.0%  47.5 ± 0.0%    1/5          69.67%          65.00%
c              -            -    0/5          70.00%          65.00%

order by UA over the folds 2 that all 2 rows have, against the paper's RAVDESS: 0 of 1 pairs in the same order, \
Kendall's tau -1.00, Spearman's rho -1.00
  swapped: b is 2.5% below a here, 0.5% above it in the paper
";
        assert_eq!(describe(&table), expected);
    }
}
