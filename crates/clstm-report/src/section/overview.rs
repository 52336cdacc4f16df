//! The figures of the runs and of their folds.

use super::Context;
use crate::document::{Block, Cell, Table, Unit};
use crate::settings::{SettingDifference, differing_settings};

/// The protocol of a single run, or how many there are.
pub(super) fn lead(context: &Context<'_>) -> Vec<String> {
    match context.analyses {
        [one] => vec![format!("{}.", one.protocol)],
        all => vec![format!(
            "{} runs; their protocols are below each table. Figures of different protocols do not compare: \
             accuracy is higher on speakers that the model was trained on.",
            all.len()
        )],
    }
}

pub(super) fn blocks(context: &Context<'_>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (run, _) in context.each() {
        for note in &run.notes {
            let who =
                if context.runs.len() > 1 { format!("{}: ", run.name) } else { String::new() };
            blocks.push(Block::Note(format!("{who}{note}")));
        }
    }
    blocks.push(Block::Table(summary(context)));
    blocks.extend(settings(context).map(Block::Table));
    blocks.push(Block::Text(
        "UA, the unweighted accuracy, is the mean of the classes' recalls; WA, the weighted accuracy, the \
         share of utterances that are right. A fold's model was never chosen by its test utterances."
            .to_owned(),
    ));
    blocks.extend(context.each().map(|(run, analysis)| {
        let name = context.name(run, "folds");
        let caption = format!("The folds{}.", context.of(run));
        let mut table = Table::new(&name, &caption, &analysis.protocol).columns([
            ("fold", Unit::Text),
            ("train", Unit::Count),
            ("test", Unit::Count),
            ("speakers in test", Unit::Count),
            ("UA %", Unit::Percent),
            ("WA %", Unit::Percent),
            ("macro F1 %", Unit::Percent),
            ("minutes", Unit::Decimal(1)),
        ]);
        for fold in &run.metrics.folds {
            table.row(vec![
                Cell::text(fold.fold.to_string()),
                Cell::count(fold.train_utterances),
                Cell::count(fold.test_utterances),
                Cell::count(fold.test_speakers.len()),
                Cell::Number(fold.ua),
                Cell::Number(fold.wa),
                Cell::Number(fold.macro_f1),
                Cell::Number(fold.seconds / 60.0),
            ]);
        }
        let (mean, std) = (run.metrics.mean, run.metrics.std);
        let mut last = vec![Cell::text("mean ± sd"), Cell::Empty, Cell::Empty, Cell::Empty];
        last.push(Cell::Spread(mean.ua, std.ua));
        last.push(Cell::Spread(mean.wa, std.wa));
        last.push(Cell::Spread(mean.macro_f1, std.macro_f1));
        last.push(Cell::Empty);
        table.strong_row(last, true);
        Block::Table(table)
    }));
    blocks
}

/// The settings in which the runs differ, a column for each run; none for one run and where they do not differ.
fn settings(context: &Context<'_>) -> Option<Table> {
    let runs: Vec<&crate::Run> = context.runs.iter().collect();
    let found = differing_settings(&runs, context.recipes).filter(|found| !found.is_empty())?;
    let note = "Of recipe.json; a dash where a recipe does not have the setting. All other settings are equal.";
    let caption = "Settings in which the runs differ.";
    let mut table = Table::new("settings", caption, note).columns([("setting", Unit::Text)]);
    table = table.columns(runs.iter().map(|run| (run.name.as_str(), Unit::Text)));
    for SettingDifference { setting, values } in found {
        let cells = values.into_iter().map(|value| match value {
            None => Cell::Empty,
            Some(serde_json::Value::String(text)) => Cell::text(text),
            Some(value) => Cell::text(value.to_string()),
        });
        table.row(std::iter::once(Cell::text(setting)).chain(cells).collect());
    }
    Some(table)
}

fn summary(context: &Context<'_>) -> Table {
    let methods: Vec<String> = context.analyses.iter().map(|of| of.interval_method()).collect();
    let method = match &methods[..] {
        [first, rest @ ..] if rest.iter().all(|other| other == first) => first.clone(),
        _ => context
            .runs
            .iter()
            .zip(&methods)
            .map(|(run, method)| format!("{}: {method}", run.name))
            .collect::<Vec<_>>()
            .join(" "),
    };
    let note =
        format!("{}. ± is the standard deviation over the folds. {method}", context.protocols());
    let caption = "Accuracies: means over the folds, and pooled over all test utterances.";
    let mut table = Table::new("summary", caption, &note).columns([
        ("run", Unit::Text),
        ("folds", Unit::Text),
        ("UA %", Unit::Percent),
        ("WA %", Unit::Percent),
        ("macro F1 %", Unit::Percent),
        ("pooled UA %", Unit::Percent),
        ("pooled WA %", Unit::Percent),
    ]);
    for (run, analysis) in context.each() {
        let (mean, std) = (run.metrics.mean, run.metrics.std);
        let pooled = |measured: f64, pick: fn(&clstm_eval::Intervals) -> clstm_eval::Interval| {
            let interval = analysis.intervals.as_ref().map(pick);
            interval.map_or(Cell::Number(measured), Cell::Interval)
        };
        table.row(vec![
            Cell::text(&run.name),
            Cell::text(format!("{} of {}", run.metrics.folds.len(), run.protocol().folds)),
            Cell::Spread(mean.ua, std.ua),
            Cell::Spread(mean.wa, std.wa),
            Cell::Spread(mean.macro_f1, std.macro_f1),
            pooled(analysis.pooled.ua, |found| found.ua),
            pooled(analysis.pooled.wa, |found| found.wa),
        ]);
    }
    table
}
