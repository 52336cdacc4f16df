//! Deep features in two dimensions, with the centres of their classes.

use super::axes::plain;
use super::canvas::{Anchor, Canvas, ColorRole, Style, fitted, text_width};
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
    canvas.rect([left, top], [width, height], ColorRole::Grid, Style::PLAIN);
    for (at, class) in points {
        canvas.mark(place(*at), 3.1, *class, 0.62);
    }
    for (class, center) in centers.iter().enumerate() {
        let [x, y] = place(*center);
        canvas.shape([x, y], 8.2, 0, ColorRole::Paper, Style::PLAIN);
        canvas.shape([x, y], 8.2, 0, ColorRole::Axis, Style::line(1.4, None));
        canvas.mark([x, y], 5.0, class, 1.0);
    }
    let places: Vec<[f64; 2]> = centers.iter().map(|center| place(*center)).collect();
    for (class, (at, anchor)) in places_of_names(&places, labels, left + width) {
        canvas.text(at, anchor, ColorRole::Halo, &fitted(&labels[class], 110.0));
    }
    let share = |i: usize| plain((1000.0 * plane.explained[i]).round() / 10.0);
    let axes = format!(
        "principal components 1 (across, {}% of the variance) and 2 ({}%)",
        share(0),
        share(1)
    );
    canvas.text([left + width / 2.0, bottom + 17.0], Anchor::Middle, ColorRole::Muted, &axes);
    for (row, entries) in rows.iter().enumerate() {
        let y = bottom + 38.0 + 19.0 * row as f64;
        for (x, class) in entries {
            canvas.mark([*x, y - 4.0], 4.4, *class, 1.0);
            canvas.text(
                [x + 10.0, y],
                Anchor::Start,
                ColorRole::Text,
                &fitted(&labels[*class], 110.0),
            );
        }
    }
    canvas
}

/// Where the names of centres go: to the right, to the left, above or below, wherever they cover least of
/// other centres and names. A name that has no place is left out; the legend has it.
fn places_of_names(
    centers: &[[f64; 2]],
    labels: &[String],
    right: f64,
) -> Vec<(usize, ([f64; 2], Anchor))> {
    /// Extent of a box.
    type Extent = [f64; 4];
    let overlap = |a: &Extent, b: &Extent| {
        let wide = (a[2].min(b[2]) - a[0].max(b[0])).max(0.0);
        let high = (a[3].min(b[3]) - a[1].max(b[1])).max(0.0);
        wide * high
    };
    let ring = |[x, y]: &[f64; 2]| [x - 9.0, y - 9.0, x + 9.0, y + 9.0];
    let rings: Vec<Extent> = centers.iter().map(ring).collect();
    let (mut taken, mut found): (Vec<Extent>, _) = (Vec::new(), Vec::new());
    for (class, [x, y]) in centers.iter().enumerate() {
        let width = text_width(&fitted(&labels[class], 110.0));
        let choices = [
            ([x + 12.0, y + 4.0], Anchor::Start, x + 12.0),
            ([x - 12.0, y + 4.0], Anchor::End, x - 12.0 - width),
            ([*x, y - 13.0], Anchor::Middle, x - width / 2.0),
            ([*x, y + 21.0], Anchor::Middle, x - width / 2.0),
        ];
        let covered = |(at, _, from): &([f64; 2], Anchor, f64)| {
            let own = [*from, at[1] - 10.0, from + width, at[1] + 3.0];
            let others = rings.iter().enumerate().filter(|(other, _)| *other != class);
            let others = others.map(|(_, ring)| ring).chain(&taken);
            let over = others.map(|other| overlap(&own, other)).sum::<f64>();
            let outside = (own[2] - right).max(10.0 - own[0]).max(0.0) * 100.0;
            (over + outside, own)
        };
        let measured = choices.iter().map(|choice| (covered(choice), choice));
        let Some(((cost, own), (at, anchor, _))) =
            measured.min_by(|((a, _), _), ((b, _), _)| a.total_cmp(b))
        else {
            continue;
        };
        // A few letters' worth may be covered; more cannot be read.
        if cost < 60.0 {
            taken.push(own);
            found.push((class, (*at, *anchor)));
        }
    }
    found
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
