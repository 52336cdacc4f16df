//! Curves of accuracy and loss, as the paper's Figure 4.

use super::Context;
use crate::document::{Block, Figure};
use crate::figure::{Curve, accuracy_curves, loss_curves};
use crate::run::EpochPoint;
use crate::{Analysis, Run};

pub(super) fn blocks(context: &Context<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (run, analysis) in context.each() {
        let histories: Vec<&[EpochPoint]> =
            run.folds.iter().filter_map(|fold| fold.history.as_deref()).collect();
        if histories.iter().all(|history| history.is_empty()) {
            continue;
        }
        blocks.extend(context.heading(run));
        blocks.push(Block::Figures(figures(context, run, analysis, &histories)));
    }
    if !blocks.is_empty() {
        blocks.insert(0, Block::Text(
            "Test utterances are evaluated at some epochs for these curves only; nothing is chosen by them. \
             Training figures are those of the augmented crops as they were learnt from: with dropout and, \
             where the recipe has them, mixup and label smoothing, which is why they can lie below those of \
             the test."
                .to_owned(),
        ));
    }
    blocks
}

fn figures(
    context: &Context<'_>,
    run: &Run,
    analysis: &Analysis,
    histories: &[&[EpochPoint]],
) -> Vec<Figure> {
    let (of, folds, protocol) = (context.of(run), histories.len(), &analysis.protocol);
    let lines = match folds {
        1 => "one fold".to_owned(),
        _ => format!("bold the mean, thin the {folds} folds"),
    };
    let ua = curves(histories, |p| p.train_ua, |seen| seen.ua);
    let losses = curves(histories, |p| p.softmax_loss, |seen| seen.loss);
    let last = |curves: &[Curve<'_>], digits: usize, factor: f64| {
        let ends = curves.iter().map(|curve| {
            let ends: Vec<f64> =
                curve.folds.iter().filter_map(|fold| Some(fold.last()?.1)).collect();
            let mean = factor * ends.iter().sum::<f64>() / ends.len().max(1) as f64;
            format!("{} {mean:.digits$}", curve.name)
        });
        ends.collect::<Vec<_>>().join(", ")
    };
    vec![
        Figure {
            name: context.name(run, "accuracy"),
            caption: format!("Accuracy over the epochs{of} ({lines}). {protocol}."),
            description: format!(
                "Curves of the unweighted accuracy over the epochs; at the end, in percent: {}.",
                last(&ua, 1, 100.0)
            ),
            canvas: accuracy_curves(&ua),
        },
        Figure {
            name: context.name(run, "loss"),
            caption: format!("Softmax loss over the epochs{of} ({lines}). {protocol}."),
            description: format!(
                "Curves of the softmax loss over the epochs; at the end: {}.",
                last(&losses, 3, 1.0)
            ),
            canvas: loss_curves(&losses),
        },
    ]
}

/// Training, test and, where there was one, validation.
fn curves(
    histories: &[&[EpochPoint]],
    train: fn(&EpochPoint) -> f64,
    seen: fn(&crate::Seen) -> f64,
) -> Vec<Curve<'static>> {
    let of = |pick: &dyn Fn(&EpochPoint) -> Option<f64>| -> Vec<Vec<(usize, f64)>> {
        let fold = |history: &&[EpochPoint]| -> Vec<(usize, f64)> {
            history.iter().filter_map(|point| Some((point.epoch, pick(point)?))).collect()
        };
        histories.iter().map(fold).filter(|fold| !fold.is_empty()).collect()
    };
    let all = [
        Curve { name: "training", series: 0, folds: of(&|point| Some(train(point))) },
        Curve { name: "test", series: 1, folds: of(&|point| point.test.as_ref().map(seen)) },
        Curve {
            name: "validation",
            series: 2,
            folds: of(&|point| point.validation.as_ref().map(seen)),
        },
    ];
    all.into_iter().filter(|curve| !curve.folds.is_empty()).collect()
}
