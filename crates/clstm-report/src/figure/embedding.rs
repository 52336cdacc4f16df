//! Deep features in two dimensions, with the centres of their classes.

use super::axes::plain;
use super::canvas::{Anchor, Canvas, Ink, Look, fitted, text_width};
use crate::pca::Plane;

/// Points `[x, y]` with their classes, and the centres, one a class, on one scale for both directions, so
/// that distances can be compared.
pub(crate) fn embedding(
    points: &[([f64; 2], usize)],
    centers: &[[f64; 2]],
    labels: &[String],
    plane: &Plane,
) -> Canvas {
    let all = || points.iter().map(|(at, _)| *at).chain(centers.iter().copied());
    let range = |axis: usize| {
        let values = || all().map(|at| at[axis]);
        [values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max)]
    };
    let [x, y] = [range(0), range(1)];
    let (left, top, width) = (10.0, 10.0, 420.0);
    let span = |[low, high]: [f64; 2]| (high - low).max(1e-9);
    // As high as the data asks for, within what a page takes.
    let height = (width * span(y) / span(x)).clamp(180.0, 400.0);
    let scale = ((width - 28.0) / span(x)).min((height - 28.0) / span(y));
    let middle = |[low, high]: [f64; 2]| (low + high) / 2.0;
    let place = |at: [f64; 2]| {
        [
            left + width / 2.0 + scale * (at[0] - middle(x)),
            top + height / 2.0 - scale * (at[1] - middle(y)),
        ]
    };
    let rows = legend_rows(labels);
    let bottom = top + height;
    let mut canvas = Canvas::new(440.0, bottom + 26.0 + 19.0 * rows.len() as f64);
    canvas.rect([left, top], [width, height], Ink::Grid, Look::PLAIN);
    for (at, class) in points {
        canvas.mark(place(*at), 3.1, *class, 0.62);
    }
    for (class, center) in centers.iter().enumerate() {
        let [x, y] = place(*center);
        canvas.shape([x, y], 8.2, 0, Ink::Paper, Look::PLAIN);
        canvas.shape([x, y], 8.2, 0, Ink::Axis, Look::line(1.4, None));
        canvas.mark([x, y], 5.0, class, 1.0);
    }
    for (class, center) in centers.iter().enumerate() {
        let [x, y] = place(*center);
        let label = fitted(&labels[class], 110.0);
        // To the side on which there is room.
        let (x, anchor) = match x + 14.0 + text_width(&label) > left + width {
            true => (x - 12.0, Anchor::End),
            false => (x + 12.0, Anchor::Start),
        };
        canvas.text([x, y + 4.0], anchor, Ink::Halo, &label);
    }
    let share = |i: usize| plain((1000.0 * plane.explained[i]).round() / 10.0);
    let axes = format!(
        "principal components 1 (across, {}% of the variance) and 2 ({}%)",
        share(0),
        share(1)
    );
    canvas.text([left + width / 2.0, bottom + 17.0], Anchor::Middle, Ink::Muted, &axes);
    for (row, entries) in rows.iter().enumerate() {
        let y = bottom + 38.0 + 19.0 * row as f64;
        for (x, class) in entries {
            canvas.mark([*x, y - 4.0], 4.4, *class, 1.0);
            canvas.text([x + 10.0, y], Anchor::Start, Ink::Text, &fitted(&labels[*class], 110.0));
        }
    }
    canvas
}

/// Places of the legend's entries, row by row.
fn legend_rows(labels: &[String]) -> Vec<Vec<(f64, usize)>> {
    let mut rows: Vec<Vec<(f64, usize)>> = vec![Vec::new()];
    let mut x = 18.0;
    for (class, label) in labels.iter().enumerate() {
        let width = 10.0 + text_width(&fitted(label, 110.0)) + 16.0;
        if x + width > 440.0 && x > 18.0 {
            rows.push(Vec::new());
            x = 18.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push((x, class));
        }
        x += width;
    }
    rows
}
