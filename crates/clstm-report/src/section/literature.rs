//! Our figures among those of the literature, as the paper's Tables 4 and 7.

use super::Context;
use crate::document::{Block, Cell, Row, Table, Unit};

pub(super) fn blocks(context: &Context<'_>) -> Vec<Block> {
    let mut corpora: Vec<&str> = Vec::new();
    for run in context.runs {
        let corpus = run.protocol().corpus.as_str();
        let known = context.literature.system.iter().any(|system| system.corpus == corpus);
        if known && !corpora.contains(&corpus) {
            corpora.push(corpus);
        }
    }
    let several = corpora.len() > 1;
    corpora
        .into_iter()
        .map(|corpus| {
            let name = if several { format!("literature-{corpus}") } else { "literature".into() };
            Block::Table(table(context, corpus, &name))
        })
        .collect()
}

fn table(context: &Context<'_>, corpus: &str, name: &str) -> Table {
    let note = "Figures of different protocols do not compare; a protocol that the source does not state is left \
                open. \"The paper\" is Mustaqeem & Kwon (2020), Mathematics 8(12), 2133, with the numbers of its \
                references.";
    let caption = format!("Published systems on {corpus}, and these runs.");
    let mut table = Table::new(name, &caption, note).columns([
        ("system", Unit::Prose),
        ("year", Unit::Text),
        ("UA %", Unit::Precise),
        ("WA %", Unit::Precise),
        ("protocol", Unit::Prose),
        ("source", Unit::Prose),
    ]);
    for system in context.literature.system.iter().filter(|system| system.corpus == corpus) {
        table.row(vec![
            Cell::text(&system.name),
            system.year.map_or(Cell::Empty, |year| Cell::text(year.to_string())),
            Cell::maybe(system.ua.map(|ua| ua / 100.0)),
            Cell::maybe(system.wa.map(|wa| wa / 100.0)),
            Cell::text(system.protocol.as_deref().unwrap_or("not stated")),
            Cell::text(&system.source),
        ]);
    }
    let mut first = true;
    for (run, analysis) in context.each().filter(|(run, _)| run.protocol().corpus == corpus) {
        let (mean, std) = (run.metrics.mean, run.metrics.std);
        let cells = vec![
            Cell::text(format!("{} ({})", run.protocol().preset, run.name)),
            Cell::Empty,
            Cell::Spread(mean.ua, std.ua),
            Cell::Spread(mean.wa, std.wa),
            Cell::text(&analysis.protocol),
            Cell::text("this report"),
        ];
        table.rows.push(Row { cells, strong: true, ruled: first });
        first = false;
    }
    table
}
