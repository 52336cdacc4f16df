//! Continuous targets: figures beside the agreement of raters, and scatter plots.

use clstm_eval::{DimensionSummary, INTERVAL_LEVEL, Prediction};

use super::Context;
use crate::document::{Block, Cell, Figure, Table, Unit};
use crate::figure::scatter;
use crate::render::escape::slug;
use crate::{Analysis, Run};

pub(super) fn blocks(context: &Context<'_>) -> Vec<Block> {
    let measured: Vec<(&Run, &Analysis)> =
        context.each().filter(|(run, _)| !run.metrics.dimensions.is_empty()).collect();
    if measured.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Table(table(context, &measured))];
    for (run, analysis) in measured {
        let figures = figures(context, run, analysis);
        if !figures.is_empty() {
            blocks.extend(context.heading(run));
            blocks.push(Block::Figures(figures));
        }
    }
    blocks
}

fn table(context: &Context<'_>, measured: &[(&Run, &Analysis)]) -> Table {
    let note = format!(
        "{}. CCC: concordance correlation coefficient (Lin 1989), 1 for equal values and 0 without correlation. \
         RMSE: in the units of the target. Over the test utterances of all folds together; brackets: {:.0}% percentile \
         bootstrap over the clusters. Raters: CCC of a rater with the mean of the others, the mean over the raters.",
        context.protocols(),
        100.0 * INTERVAL_LEVEL
    );
    let caption = "Continuous targets (experimental).";
    let mut table = Table::new("dimensions", caption, &note).columns([
        ("run", Unit::Text),
        ("target", Unit::Text),
        ("utterances", Unit::Count),
        ("CCC", Unit::Decimal(3)),
        ("Pearson", Unit::Decimal(3)),
        ("RMSE", Unit::Decimal(3)),
        ("CCC of raters", Unit::Decimal(3)),
        ("raters", Unit::Count),
        ("clusters", Unit::Text),
    ]);
    for (run, _) in measured {
        for DimensionSummary {
            name, utterances, ccc, pearson, rmse, by, clusters, raters, ..
        } in &run.metrics.dimensions
        {
            table.row(vec![
                Cell::text(&run.name),
                Cell::text(name),
                Cell::count(*utterances),
                Cell::Interval(*ccc),
                Cell::Interval(*pearson),
                Cell::Interval(*rmse),
                Cell::maybe(raters.as_ref().map(|raters| raters.ccc)),
                Cell::maybe(raters.as_ref().map(|raters| raters.each.len() as f64)),
                Cell::text(format!("{clusters} {by}")),
            ]);
        }
    }
    table
}

/// A scatter plot for each target; none without the predictions of every fold.
fn figures(context: &Context<'_>, run: &Run, analysis: &Analysis) -> Vec<Figure> {
    let Some(predictions) = run.predictions() else { return Vec::new() };
    let (of, protocol) = (context.of(run), &analysis.protocol);
    let figure = |(index, summary): (usize, &DimensionSummary)| {
        let DimensionSummary { name, ccc, rmse, .. } = summary;
        Figure {
            // Names of targets may differ in what a file name cannot have.
            name: context.name(run, &format!("scatter-{}-{}", index + 1, slug(name))),
            caption: format!(
                "Predicted and true {name}{of}, an utterance a point; on the dotted line both are equal. CCC {:.3}. \
                 {protocol}.",
                ccc.value
            ),
            description: format!(
                "Predicted against true {name}: concordance correlation {:.3}, root mean squared error {:.3}.",
                ccc.value, rmse.value
            ),
            canvas: scatter(&points(&predictions, name)),
        }
    };
    run.metrics.dimensions.iter().enumerate().map(figure).collect()
}

/// True and predicted value of each utterance whose value is known.
fn points(predictions: &[Prediction], name: &str) -> Vec<[f64; 2]> {
    let dimensions = predictions.iter().flat_map(|prediction| &prediction.dimensions);
    let named = dimensions.filter(|found| found.name == name);
    named.filter_map(|found| Some([found.truth?, found.predicted])).collect()
}
