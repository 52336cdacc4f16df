//! Whether one run is better than another on the same utterances.

use clstm_eval::{ClusterBy, INTERVAL_LEVEL};

use super::Context;
use crate::document::{Block, Cell, Table, Unit};

pub(super) fn blocks(context: &Context<'_>) -> Vec<Block> {
    let pairs: Vec<_> =
        context.comparisons.iter().filter_map(|pair| Some((pair, pair.result.as_ref()?))).collect();
    if pairs.is_empty() {
        return match context.runs.len() {
            0 | 1 => Vec::new(),
            _ => vec![Block::Text(
                "No two runs can be tested against each other: that takes the same classes, and predictions \
                 of the same utterances in both."
                    .to_owned(),
            )],
        };
    }
    let level = 100.0 * INTERVAL_LEVEL;
    let unknown = pairs.iter().any(|(_, found)| found.by == ClusterBy::Utterance);
    let caution = match unknown {
        true => {
            " Where speakers are not named, utterances are drawn and swapped alone: those tests are too sure \
             as far as utterances of a speaker are alike."
        }
        false => "",
    };
    let note = format!(
        "{}. Differences in points, first minus second, with {level:.0}% paired percentile bootstrap \
         intervals; p: two-sided permutation test, which swaps the runs' predictions for whole speakers. McNemar's \
         exact test takes utterances for independent. No p-value is corrected for the number of pairs.{caution}",
        context.protocols()
    );
    let mut table = Table::new("paired", "Runs on the same utterances.", &note).columns([
        ("first", Unit::Text),
        ("second", Unit::Text),
        ("utterances", Unit::Count),
        ("drawn", Unit::Text),
        ("UA difference", Unit::Points),
        ("UA p", Unit::P),
        ("WA difference", Unit::Points),
        ("WA p", Unit::P),
        ("first alone right", Unit::Count),
        ("second alone right", Unit::Count),
        ("McNemar p", Unit::P),
    ]);
    for (pair, found) in pairs {
        table.row(vec![
            Cell::text(&pair.first),
            Cell::text(&pair.second),
            Cell::count(found.utterances),
            Cell::text(format!("{} {}", found.clusters, found.by)),
            Cell::Interval(found.ua_difference.interval),
            Cell::Number(found.ua_difference.p),
            Cell::Interval(found.wa_difference.interval),
            Cell::Number(found.wa_difference.p),
            Cell::count(found.mcnemar.only_first),
            Cell::count(found.mcnemar.only_second),
            Cell::Number(found.mcnemar.p),
        ]);
    }
    vec![Block::Table(table)]
}
