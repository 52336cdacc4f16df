//! How many utterances there are of each class, as the paper's Tables 2 and 5.

use super::Context;
use crate::document::{Block, Cell, Table, Unit};
use crate::{Analysis, Run};

/// One table for each corpus and set of classes; runs that tested on the most stand for others.
pub(super) fn blocks(context: &Context<'_>) -> Vec<Block> {
    let mut kept: Vec<(&Run, &Analysis)> = Vec::new();
    for (run, analysis) in context.each() {
        let same = |other: &Run| {
            other.protocol().corpus == run.protocol().corpus
                && other.metrics.labels == run.metrics.labels
        };
        match kept.iter_mut().find(|(other, _)| same(other)) {
            Some(place) if analysis.report.support > place.1.report.support => {
                *place = (run, analysis);
            }
            Some(_) => {}
            None => kept.push((run, analysis)),
        }
    }
    let several = kept.len() > 1;
    kept.into_iter()
        .map(|(run, analysis)| {
            let what = if several { context.name(run, "corpus") } else { "corpus".to_owned() };
            Block::Table(table(context, run, analysis, &what))
        })
        .collect()
}

fn table(context: &Context<'_>, run: &Run, analysis: &Analysis, name: &str) -> Table {
    let corpus = &run.protocol().corpus;
    let paper = context.literature.report(corpus, &run.metrics.labels);
    let partial = match run.metrics.missing().is_empty() {
        true => "Every utterance is tested once.",
        false => "Only the test utterances of the folds that are done.",
    };
    let published =
        paper.map_or(String::new(), |paper| format!(" The paper's: its {}.", paper.source));
    let note = format!("{}. {partial}{published}", analysis.protocol);
    let caption = format!("Utterances of {corpus} by class.");
    let mut table = Table::new(name, &caption, &note).columns([
        ("class", Unit::Text),
        ("utterances", Unit::Count),
        ("participation %", Unit::Percent),
    ]);
    if paper.is_some() {
        table = table.columns([("the paper's utterances", Unit::Count)]);
    }
    let total = analysis.report.support.max(1) as f64;
    for (label, class) in run.metrics.labels.iter().zip(&analysis.report.classes) {
        let mut cells = vec![
            Cell::text(label),
            Cell::count(class.support),
            Cell::Number(class.support as f64 / total),
        ];
        if let Some(paper) = paper {
            cells.push(Cell::maybe(paper.class(label).map(|class| class.utterances as f64)));
        }
        table.row(cells);
    }
    let mut last = vec![Cell::text("all"), Cell::count(analysis.report.support), Cell::Number(1.0)];
    if let Some(paper) = paper {
        last.push(Cell::count(paper.classes.iter().map(|class| class.utterances).sum()));
    }
    table.strong_row(last, true);
    table
}
