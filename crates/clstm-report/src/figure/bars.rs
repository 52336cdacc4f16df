//! Class-wise accuracy, as the paper's Figures 5a and 6a.

use clstm_eval::Interval;

use super::axes::{Scale, percent};
use super::canvas::{Anchor, Canvas, ColorRole, Style, fitted, text_width};

/// Height of a row.
const ROW: f64 = 27.0;

/// A class: its name, its recall with the interval where there is one, and the paper's.
pub(crate) struct Bar<'a> {
    pub(crate) name: &'a str,
    pub(crate) recall: f64,
    pub(crate) interval: Option<Interval>,
    pub(crate) paper: Option<f64>,
}

/// Bars from 0 to 100% with whiskers; the paper's figures are diamonds.
pub(crate) fn class_bars(bars: &[Bar<'_>]) -> Canvas {
    let space = bars.iter().map(|bar| text_width(bar.name)).fold(0.0, f64::max).clamp(40.0, 130.0);
    let (left, right, top) = (space + 14.0, 440.0 - 52.0, 24.0);
    let bottom = top + ROW * bars.len() as f64;
    let mut canvas = Canvas::new(440.0, bottom + 42.0);
    let x = Scale { from: [0.0, 1.0], to: [left, right] };
    for value in x.ticks(5) {
        canvas.line([x.at(value), top], [x.at(value), bottom], ColorRole::Grid);
        canvas.text([x.at(value), bottom + 16.0], Anchor::Middle, ColorRole::Text, &percent(value));
    }
    for (row, bar) in bars.iter().enumerate() {
        let middle = top + ROW * (row as f64 + 0.5);
        canvas.text(
            [left - 8.0, middle + 4.0],
            Anchor::End,
            ColorRole::Text,
            &fitted(bar.name, space),
        );
        let width = x.at(bar.recall) - left;
        canvas.rect([left, middle - 8.5], [width, 17.0], ColorRole::Fill(0), Style::faint(0.78));
        if let Some(Interval { low, high, .. }) = bar.interval {
            let [low, high] = [x.at(low), x.at(high)];
            canvas.line([low, middle], [high, middle], ColorRole::Axis);
            for end in [low, high] {
                canvas.line([end, middle - 4.0], [end, middle + 4.0], ColorRole::Axis);
            }
        }
        if let Some(paper) = bar.paper {
            canvas.shape([x.at(paper), middle], 4.6, 3, ColorRole::Mark(1), Style::PLAIN);
        }
        let value = format!("{:.1}", 100.0 * bar.recall);
        canvas.text([440.0 - 6.0, middle + 4.0], Anchor::End, ColorRole::Text, &value);
    }
    canvas.line([left, top], [left, bottom], ColorRole::Axis);
    let below = [(left + right) / 2.0, bottom + 34.0];
    canvas.text(below, Anchor::Middle, ColorRole::Muted, "recall of the class");
    canvas.text([440.0 - 6.0, top - 9.0], Anchor::End, ColorRole::Muted, "%");
    if bars.iter().any(|bar| bar.paper.is_some()) {
        canvas.shape([left + 6.0, top - 13.0], 4.6, 3, ColorRole::Mark(1), Style::PLAIN);
        canvas.text([left + 16.0, top - 9.0], Anchor::Start, ColorRole::Muted, "the paper's");
    }
    canvas
}
