//! Confusion matrices, as the paper's Figures 5b and 6b.

use clstm_eval::row_normalized;

use super::canvas::{Anchor, Canvas, ColorRole, Style, fitted, text_width};
use super::palette::Palette;

/// Classes of the largest matrix that is drawn: cells then are 5 pixels wide.
pub(crate) const MOST_DRAWN: usize = 60;
/// And of the largest whose cells hold numbers.
const MOST_NUMBERED: usize = 12;

/// A matrix `[true][predicted]` of counts: shaded by the share of the row, which the cells show in percent,
/// with the count below.
pub(crate) fn confusion(labels: &[String], counts: &[Vec<usize>]) -> Canvas {
    let numbered = labels.len() <= MOST_NUMBERED;
    let space = labels.iter().map(|label| text_width(label)).fold(0.0, f64::max).clamp(36.0, 86.0);
    let left = space + 28.0;
    let wide = |right: f64| ((440.0 - left - right) / labels.len().max(1) as f64).min(64.0);
    // Names above the columns lie flat where they fit and are turned where they do not; the last one then
    // reaches over the matrix.
    let flat = space <= wide(4.0) - 4.0;
    let cell = if flat { wide(4.0) } else { wide((space * 0.72 - 10.0).max(4.0)) };
    let height = if numbered { cell.clamp(30.0, 42.0) } else { cell };
    let top = 24.0 + if flat { 18.0 } else { space * 0.72 + 8.0 };
    let (right, bottom) = (left + cell * labels.len() as f64, top + height * labels.len() as f64);
    let mut canvas = Canvas::new(440.0, bottom + 6.0);
    canvas.text([(left + right) / 2.0, 14.0], Anchor::Middle, ColorRole::Muted, "predicted");
    canvas.turned([12.0, (top + bottom) / 2.0], Anchor::Middle, -90.0, ColorRole::Muted, "true");
    let named = |index: usize| cell >= 11.0 || index.is_multiple_of(5);
    for (index, label) in labels.iter().enumerate().filter(|(index, _)| named(*index)) {
        let label = fitted(label, space);
        let x = left + cell * (index as f64 + 0.5);
        if flat {
            canvas.text([x, top - 7.0], Anchor::Middle, ColorRole::Text, &label);
        } else {
            canvas.turned([x, top - 6.0], Anchor::Start, -45.0, ColorRole::Text, &label);
        }
        let y = top + height * (index as f64 + 0.5) + 4.0;
        canvas.text([left - 7.0, y], Anchor::End, ColorRole::Text, &label);
    }
    for (row, (shares, counts)) in row_normalized(counts).iter().zip(counts).enumerate() {
        for (column, (share, count)) in shares.iter().zip(counts).enumerate() {
            let at = [left + cell * column as f64, top + height * row as f64];
            canvas.rect(at, [cell, height], ColorRole::Cell, Style::faint(*share));
            if !numbered {
                continue;
            }
            let on = if Palette::is_strong(*share) { ColorRole::On } else { ColorRole::Off };
            let middle = at[0] + cell / 2.0;
            if *count == 0 {
                let place = [middle, at[1] + height / 2.0 + 4.0];
                canvas.text(place, Anchor::Middle, ColorRole::Muted, "·");
                continue;
            }
            let share = format!("{:.0}", 100.0 * share);
            let place = at[1] + height / 2.0;
            canvas.text([middle, place], Anchor::Middle, on, &share);
            let under = [middle, place + 12.0];
            canvas.small(under, Anchor::Middle, on, 9.5, &format!("({count})"));
        }
    }
    // The diagonal is framed, so that it is found without the shades.
    for index in 0..labels.len() {
        let at = [left + cell * index as f64, top + height * index as f64];
        canvas.rect(at, [cell, height], ColorRole::Axis, Style::line(0.8, None));
    }
    canvas.rect([left, top], [right - left, bottom - top], ColorRole::Axis, Style::PLAIN);
    canvas
}
