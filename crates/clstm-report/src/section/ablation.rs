//! The paper's Table 1.

use clstm_nn::Preset;

use super::Context;
use crate::document::{Block, Cell, Table, Unit};
use crate::{Analysis, Run};

/// One table for each protocol by which at least two rows of Table 1 were run.
pub(super) fn blocks(context: &Context<'_>) -> Vec<Block> {
    let rows: Vec<(&Run, &Analysis)> = context.each().filter(|(run, _)| is_row(run)).collect();
    let mut protocols: Vec<String> = Vec::new();
    for (run, _) in &rows {
        let own = but_for_preset(run);
        if !protocols.contains(&own) {
            protocols.push(own);
        }
    }
    let mut blocks = Vec::new();
    for protocol in protocols {
        let own: Vec<_> =
            rows.iter().filter(|(run, _)| but_for_preset(run) == protocol).copied().collect();
        let mut presets: Vec<&str> =
            own.iter().map(|(run, _)| run.protocol().preset.as_str()).collect();
        presets.dedup();
        if presets.len() > 1 {
            let number = blocks.len() + 1;
            blocks.push(Block::Table(table(context, &own, number)));
        }
    }
    blocks
}

fn is_row(run: &Run) -> bool {
    Preset::TABLE_1.iter().any(|preset| preset.name() == run.protocol().preset)
}

/// What rows of one table have in common: all of the protocol but the network.
fn but_for_preset(run: &Run) -> String {
    let protocol = run.protocol();
    format!("{}, {} models", protocol.describe(), protocol.models)
}

fn table(context: &Context<'_>, own: &[(&Run, &Analysis)], number: usize) -> Table {
    let corpus = &own[0].0.protocol().corpus;
    let paper: Option<fn(&crate::literature::AblationRow) -> f64> = match corpus.as_str() {
        "iemocap" => Some(|row| row.iemocap),
        "ravdess" => Some(|row| row.ravdess),
        _ => None,
    };
    let mut note = format!(
        "Ours: {}. The paper's column: its Table 1, 5-fold; whether speakers are shared, and what was chosen \
         by the test part, is not stated. Intervals as in the first table; of several runs of a row, the first.",
        own[0].0.protocol().describe()
    );
    let partial: Vec<String> = own
        .iter()
        .filter(|(run, _)| !run.metrics.missing().is_empty())
        .map(|(run, _)| {
            let (name, done) = (&run.name, run.metrics.folds.len());
            format!("{name}: {done} of {} folds", run.protocol().folds)
        })
        .collect();
    if !partial.is_empty() {
        note += &format!(" Partial: {}.", partial.join(", "));
    }
    let name = if number == 1 { "ablation".to_owned() } else { format!("ablation-{number}") };
    let caption =
        "Ablation, as the paper's Table 1: unweighted accuracies of the seven architectures.";
    let mut table = Table::new(&name, caption, &note).columns([
        ("architecture", Unit::Text),
        ("preset", Unit::Text),
        ("UA %", Unit::Percent),
        ("WA %", Unit::Percent),
        ("pooled UA %", Unit::Percent),
        ("the paper's UA %", Unit::Precise),
    ]);
    for row in &context.literature.ablation {
        let runs: Vec<_> =
            own.iter().filter(|(run, _)| run.protocol().preset == row.preset).collect();
        let published = Cell::maybe(paper.map(|pick| pick(row) / 100.0));
        let (what, preset) = (Cell::text(&row.architecture), Cell::text(&row.preset));
        let Some((run, analysis)) = runs.first() else {
            let nothing = [Cell::Empty, Cell::Empty, Cell::Empty];
            table.row([what, preset].into_iter().chain(nothing).chain([published]).collect());
            continue;
        };
        let (mean, std) = (run.metrics.mean, run.metrics.std);
        let pooled = analysis.intervals.as_ref().map(|found| found.ua);
        table.row(vec![
            what,
            preset,
            Cell::Spread(mean.ua, std.ua),
            Cell::Spread(mean.wa, std.wa),
            pooled.map_or(Cell::Number(analysis.pooled.ua), Cell::Interval),
            published,
        ]);
    }
    table
}
