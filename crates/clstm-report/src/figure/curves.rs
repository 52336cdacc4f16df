//! Curves of a training, as the paper's Figure 4.

use super::axes::{Entry, Frame, Scale, legend, percent, plain};
use super::canvas::{Canvas, ColorRole, Style};

/// One quantity over the epochs: of each fold, and the mean of those that have the epoch.
pub(crate) struct Curve<'a> {
    /// In the legend.
    pub(crate) name: &'a str,
    /// Number of its colour and dash.
    pub(crate) series: usize,
    /// Epoch and value, by fold.
    pub(crate) folds: Vec<Vec<(usize, f64)>>,
}

/// Dashes of the series: full, dashed, dotted.
const DASHES: [Option<[f64; 2]>; 3] = [None, Some([7.0, 4.0]), Some([2.0, 3.0])];

/// Shares, on an axis from 0 to 1.
pub(crate) fn accuracy_curves(curves: &[Curve<'_>]) -> Canvas {
    draw(curves, 1.0, "accuracy (UA)", percent)
}

/// Losses, on an axis from 0.
pub(crate) fn loss_curves(curves: &[Curve<'_>]) -> Canvas {
    let values = curves.iter().flat_map(|curve| curve.folds.iter().flatten());
    let most = values.map(|(_, value)| *value).fold(0.1, f64::max);
    draw(curves, most * 1.03, "softmax loss", plain)
}

fn draw(curves: &[Curve<'_>], most: f64, y_title: &str, y_label: fn(f64) -> String) -> Canvas {
    let mut canvas = Canvas::new(440.0, 292.0);
    let epochs = curves.iter().flat_map(|curve| curve.folds.iter().flatten());
    let last = epochs.map(|(epoch, _)| *epoch).max().unwrap_or(1).max(2) as f64;
    let frame = Frame {
        x: Scale { from: [1.0, last], to: [58.0, 420.0] },
        y: Scale { from: [0.0, most], to: [248.0, 34.0] },
        x_title: "epoch",
        y_title,
        x_label: plain,
        y_label,
    };
    frame.draw(&mut canvas);
    for Curve { series, folds, .. } in curves {
        let (color, dash) = (ColorRole::Line(*series), DASHES[series % DASHES.len()]);
        let points = |values: &[(usize, f64)]| -> Vec<[f64; 2]> {
            values.iter().map(|(epoch, value)| frame.at(*epoch as f64, value.min(most))).collect()
        };
        if folds.len() > 1 {
            let thin = Style { opacity: 0.4, width: 0.9, dash };
            folds.iter().for_each(|fold| canvas.path(&points(fold), color, thin));
        }
        let mean = points(&mean(folds));
        canvas.path(&mean, color, Style::line(2.0, dash));
        // Few epochs have an evaluation on the test side: they are marked, up to as many as stay apart.
        if *series > 0 && mean.len() <= 30 {
            mean.iter().for_each(|point| canvas.mark(*point, 3.0, *series, 1.0));
        }
    }
    let samples: Vec<_> = curves
        .iter()
        .map(|Curve { series, .. }| {
            let (series, dash) = (*series, DASHES[series % DASHES.len()]);
            move |canvas: &mut Canvas, [x, y]: [f64; 2]| {
                let line = [[x, y], [x + 22.0, y]];
                canvas.path(&line, ColorRole::Line(series), Style::line(2.0, dash));
                if series > 0 {
                    canvas.mark([x + 11.0, y], 3.0, series, 1.0);
                }
            }
        })
        .collect();
    let entries: Vec<Entry<'_>> = curves
        .iter()
        .zip(&samples)
        .map(|(curve, sample)| Entry { sample, name: curve.name })
        .collect();
    legend(&mut canvas, [60.0, 18.0], &entries);
    canvas
}

/// The mean over the folds at the epochs that all of them have.
fn mean(folds: &[Vec<(usize, f64)>]) -> Vec<(usize, f64)> {
    let Some(first) = folds.first() else { return Vec::new() };
    let at = |fold: &[(usize, f64)], epoch: usize| {
        fold.binary_search_by_key(&epoch, |(epoch, _)| *epoch).ok().map(|place| fold[place].1)
    };
    let mean = |(epoch, _): &(usize, f64)| {
        let values: Option<Vec<f64>> = folds.iter().map(|fold| at(fold, *epoch)).collect();
        let values = values?;
        Some((*epoch, values.iter().sum::<f64>() / values.len() as f64))
    };
    first.iter().filter_map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::mean;

    #[test]
    fn means_are_over_epochs_that_all_have() {
        let folds = [vec![(1, 0.0), (2, 1.0), (4, 3.0)], vec![(1, 1.0), (4, 5.0)]];
        assert_eq!(mean(&folds), [(1, 0.5), (4, 4.0)]);
        assert!(mean(&[]).is_empty());
    }
}
