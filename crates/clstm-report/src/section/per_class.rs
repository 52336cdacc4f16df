//! Classification reports, class-wise accuracy and confusion, as the paper's Tables 3 and 6 and its Figures
//! 5 and 6.

use clstm_eval::Average;

use super::Context;
use crate::document::{Block, Cell, Figure, Table, Unit};
use crate::figure::{Bar, MOST_DRAWN, class_bars, confusion};
use crate::{Analysis, Run};

pub(super) fn blocks(context: &Context<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (run, analysis) in context.each() {
        blocks.extend(context.heading(run));
        blocks.push(Block::Table(report(context, run, analysis)));
        if run.metrics.labels.len() <= MOST_DRAWN {
            let figures = vec![bars(context, run, analysis), matrix(context, run, analysis)];
            blocks.push(Block::Figures(figures));
        } else {
            let count = run.metrics.labels.len();
            blocks.push(Block::Text(format!(
                "{count} classes are too many to draw; the CSV table has the confusion matrix."
            )));
        }
        blocks.push(Block::Table(counts(context, run, analysis)));
    }
    blocks
}

fn report(context: &Context<'_>, run: &Run, analysis: &Analysis) -> Table {
    let corpus = &run.protocol().corpus;
    let paper = context.literature.report(corpus, &run.metrics.labels);
    let source = paper.map_or(String::new(), |paper| {
        format!(
            " The paper's P, R and F1: its {}, 5-fold; whether speakers are shared is not stated.",
            paper.source
        )
    });
    let note = format!("{}. {}{source}", analysis.protocol, analysis.interval_method());
    let caption = format!("Classification report{}, pooled over the folds.", context.of(run));
    let name = context.name(run, "classes");
    let mut table = Table::new(&name, &caption, &note).columns([
        ("class", Unit::Text),
        ("precision %", Unit::Percent),
        ("recall %", Unit::Percent),
        ("F1 %", Unit::Percent),
        ("utterances", Unit::Count),
    ]);
    if paper.is_some() {
        let theirs = ["paper P %", "paper R %", "paper F1 %"];
        table = table.columns(theirs.map(|head| (head, Unit::Percent)));
    }
    let with = |mut cells: Vec<Cell>, theirs: Option<[f64; 3]>| {
        if paper.is_some() {
            cells.extend([0, 1, 2].map(|i| Cell::maybe(theirs.map(|figures| figures[i]))));
        }
        cells
    };
    let of = &analysis.report;
    for (index, (label, class)) in run.metrics.labels.iter().zip(&of.classes).enumerate() {
        let recall = analysis.intervals.as_ref().and_then(|found| found.recalls.get(index));
        let cells = vec![
            Cell::text(label),
            Cell::Number(class.precision),
            recall.map_or(Cell::Number(class.recall), |found| Cell::Interval(*found)),
            Cell::Number(class.f1),
            Cell::count(class.support),
        ];
        let theirs = paper.and_then(|paper| paper.class(label)).map(|class| class.figures);
        table.row(with(cells, theirs));
    }
    let average = |name: &str, Average { precision, recall, f1 }: Average| {
        let mut cells = vec![Cell::text(name)];
        cells.extend([precision, recall, f1].map(Cell::Number));
        cells.push(Cell::count(of.support));
        cells
    };
    let weighted = with(average("weighted", of.weighted), paper.map(|paper| paper.weighted));
    table.strong_row(weighted, true);
    let even = with(average("unweighted", of.unweighted), paper.map(|paper| paper.unweighted));
    table.strong_row(even, false);
    let mut accuracy = vec![Cell::text("accuracy (WA)"), Cell::Empty, Cell::Number(of.accuracy)];
    accuracy.extend([Cell::Empty, Cell::count(of.support)]);
    if let Some(paper) = paper {
        accuracy.extend([Cell::Empty, Cell::Number(paper.accuracy), Cell::Empty]);
    }
    table.strong_row(accuracy, false);
    table
}

fn bars(context: &Context<'_>, run: &Run, analysis: &Analysis) -> Figure {
    let paper = context.literature.report(&run.protocol().corpus, &run.metrics.labels);
    let classes = run.metrics.labels.iter().zip(&analysis.report.classes).enumerate();
    let bars: Vec<Bar<'_>> = classes
        .map(|(index, (label, class))| Bar {
            name: label,
            recall: class.recall,
            interval: analysis.intervals.as_ref().and_then(|of| of.recalls.get(index).copied()),
            paper: paper.and_then(|paper| Some(paper.class(label)?.figures[1])),
        })
        .collect();
    let recalls: Vec<String> =
        bars.iter().map(|bar| format!("{} {:.1}%", bar.name, 100.0 * bar.recall)).collect();
    let whiskers = if analysis.intervals.is_some() { " Whiskers: 95% intervals." } else { "" };
    let diamonds = match paper {
        Some(paper) => format!(" Diamonds: the paper's recalls (its {}).", paper.source),
        None => String::new(),
    };
    Figure {
        name: context.name(run, "class-wise"),
        caption: format!(
            "Class-wise accuracy{}.{whiskers}{diamonds} {}.",
            context.of(run),
            analysis.protocol
        ),
        description: format!("Bars of the recall of each class: {}.", recalls.join(", ")),
        canvas: class_bars(&bars),
    }
}

fn matrix(context: &Context<'_>, run: &Run, analysis: &Analysis) -> Figure {
    let labels = &run.metrics.labels;
    let worst = most_confused(&analysis.pooled.confusion).map_or(String::new(), |(row, column)| {
        let count = analysis.pooled.confusion[row][column];
        format!(" Most often {} is taken for {} ({count} times).", labels[row], labels[column])
    });
    Figure {
        name: context.name(run, "confusion"),
        caption: format!(
            "Confusion{}: percent of each true class, counts in brackets. {}.",
            context.of(run),
            analysis.protocol
        ),
        description: format!(
            "Matrix of true classes by row and predicted classes by column; the diagonal has the \
             recalls.{worst} The table below has all counts."
        ),
        canvas: confusion(labels, &analysis.pooled.confusion),
    }
}

/// The largest count off the diagonal.
fn most_confused(confusion: &[Vec<usize>]) -> Option<(usize, usize)> {
    let cells = (0..confusion.len()).flat_map(|row| (0..confusion.len()).map(move |k| (row, k)));
    let off = cells.filter(|(row, column)| row != column && confusion[*row][*column] > 0);
    off.max_by_key(|(row, column)| confusion[*row][*column])
}

fn counts(context: &Context<'_>, run: &Run, analysis: &Analysis) -> Table {
    let labels = &run.metrics.labels;
    let caption = format!("Confusion{}: counts, true class by row.", context.of(run));
    let mut table = Table::new(&context.name(run, "confusion"), &caption, &analysis.protocol);
    table = table.columns([("true \\ predicted", Unit::Text)]);
    table = table.columns(labels.iter().map(|label| (label.as_str(), Unit::Count)));
    for (label, row) in labels.iter().zip(&analysis.pooled.confusion) {
        let counts = row.iter().map(|count| Cell::count(*count));
        table.row(std::iter::once(Cell::text(label)).chain(counts).collect());
    }
    table
}
