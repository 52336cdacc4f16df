//! Deep features: what the centre loss did.

use clstm_eval::{CenterSource, DeepFeatures};

use super::Context;
use crate::document::{Block, Cell, Figure, Table, Unit};
use crate::figure::{MOST_DRAWN, embedding};
use crate::pca::Plane;
use crate::{Analysis, Run};

/// Figures of a run in the page: every fold is a network of its own with features of its own, so that
/// points of two folds cannot share a plane.
const DRAWN: usize = 2;

pub(super) fn blocks(context: &Context<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (run, analysis) in context.each() {
        let folds: Vec<(usize, &DeepFeatures)> = run
            .folds
            .iter()
            .filter_map(|fold| Some((fold.number, fold.features.as_ref()?)))
            .filter(|(_, features)| !features.ids.is_empty())
            .collect();
        if folds.is_empty() {
            continue;
        }
        blocks.extend(context.heading(run));
        if run.metrics.labels.len() <= MOST_DRAWN {
            let drawn = folds.iter().take(DRAWN);
            let figures = drawn.map(|(fold, of)| figure(context, run, analysis, *fold, of));
            blocks.push(Block::Figures(figures.collect()));
            if folds.len() > DRAWN {
                blocks.push(Block::Text(format!(
                    "The first {DRAWN} of {} folds are drawn: each is a network of its own, whose features \
                     have no place in another's plane. The table has all of them.",
                    folds.len()
                )));
            }
        }
        blocks.push(Block::Table(distances(context, run, analysis, &folds)));
    }
    blocks
}

fn figure(
    context: &Context<'_>,
    run: &Run,
    analysis: &Analysis,
    fold: usize,
    features: &DeepFeatures,
) -> Figure {
    let rows = features.features.chunks_exact(features.width);
    let plane = Plane::of(rows, features.width);
    let points: Vec<([f64; 2], usize)> =
        features.rows().map(|row| plane.place(row)).zip(features.truths.iter().copied()).collect();
    let centers: Vec<[f64; 2]> =
        features.centers.chunks_exact(features.width).map(|row| plane.place(row)).collect();
    let centres = source(features.source);
    let of = context.of(run);
    Figure {
        name: context.name(run, &format!("embedding-fold-{fold}")),
        caption: format!(
            "Deep features of the test utterances of fold {fold}{of}, projected on their two principal \
             components; ringed, the {centres}. {}.",
            analysis.protocol
        ),
        description: format!(
            "Points of {} test utterances by true class, with a centre for each of {} classes. The plane \
             holds {:.0}% of the variance.",
            features.ids.len(),
            centers.len(),
            100.0 * plane.explained.iter().sum::<f64>()
        ),
        canvas: embedding(&points, &centers, &run.metrics.labels, &plane),
    }
}

fn source(source: CenterSource) -> &'static str {
    match source {
        CenterSource::Learnt => "class centres that the centre loss learnt",
        CenterSource::TrainingMeans => "class means of the training utterances",
    }
}

fn distances(
    context: &Context<'_>,
    run: &Run,
    analysis: &Analysis,
    folds: &[(usize, &DeepFeatures)],
) -> Table {
    let note = format!(
        "{}. Euclidean distances in all dimensions of the deep feature, over the test utterances. Own: to the \
         centre of the true class; other: to the nearest centre of another class; nearest own: share of the \
         utterances whose nearest centre is that of their class.",
        analysis.protocol
    );
    let caption = format!("Deep features and class centres{}.", context.of(run));
    let mut table = Table::new(&context.name(run, "embeddings"), &caption, &note).columns([
        ("fold", Unit::Text),
        ("centres", Unit::Text),
        ("own", Unit::Decimal(2)),
        ("other", Unit::Decimal(2)),
        ("ratio", Unit::Decimal(2)),
        ("nearest own %", Unit::Percent),
    ]);
    for (fold, features) in folds {
        let [own, other, nearest] = mean_distances(features);
        let ratio = (other > 0.0).then(|| own / other);
        let centres = match features.source {
            CenterSource::Learnt => "learnt",
            CenterSource::TrainingMeans => "training means",
        };
        table.row(vec![
            Cell::text(fold.to_string()),
            Cell::text(centres),
            Cell::Number(own),
            Cell::Number(other),
            Cell::maybe(ratio),
            Cell::Number(nearest),
        ]);
    }
    table
}

/// Means over the utterances: distance to the own centre, to the nearest other, and the share that is
/// nearer to its own.
fn mean_distances(features: &DeepFeatures) -> [f64; 3] {
    let mut sums = [0.0; 3];
    for (row, truth) in features.rows().zip(&features.truths) {
        let distance = |center: &[f32]| {
            let squares = row.iter().zip(center).map(|(x, c)| f64::from(x - c).powi(2));
            squares.sum::<f64>().sqrt()
        };
        let all: Vec<f64> = features.centers.chunks_exact(features.width).map(distance).collect();
        let others = all.iter().enumerate().filter(|(class, _)| class != truth);
        let other = others.map(|(_, distance)| *distance).fold(f64::INFINITY, f64::min);
        let own = all[*truth];
        let parts = [own, if other.is_finite() { other } else { 0.0 }];
        sums[0] += parts[0];
        sums[1] += parts[1];
        sums[2] += f64::from(u8::from(own < other));
    }
    sums.map(|sum| sum / features.ids.len().max(1) as f64)
}
