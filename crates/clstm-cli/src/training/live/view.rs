//! Drawing of a state.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::{Marker, line};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Block, Chart, Dataset, GraphType, LineGauge, Paragraph};
use unicode_width::UnicodeWidthStr;

use super::state::{Part, State, Training};
use crate::table::{pad, percent, shortened};

/// The least height that leaves room for curves between the lines above and below.
const CURVES_FROM: u16 = 12;
/// The least height that leaves room for the classes under them.
const CLASSES_FROM: u16 = 18;
/// Columns for the list of folds: `convlstm-skip-bilstm fold 5  82.5%`, and its frame.
const FOLDS: u16 = 38;
/// The most columns for a class's name.
const WIDEST_LABEL: usize = 14;

const TRAINING: Color = Color::Cyan;
const VALIDATION: Color = Color::Yellow;
const TEST: Color = Color::Magenta;

/// Draws a state; `stopping` once the user has requested a stop.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, stopping: bool) {
    let area = frame.area();
    let count = state.labels.len() as u16;
    let (curves, classes) = match area.height {
        ..CURVES_FROM => (Constraint::Length(0), Constraint::Length(0)),
        CURVES_FROM..CLASSES_FROM => (Constraint::Min(6), Constraint::Length(0)),
        // The classes get what they need and leave half to the curves.
        height => (Constraint::Min(6), Constraint::Length((count + 2).min(height / 2))),
    };
    let rows = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        curves,
        classes,
        Constraint::Length(1),
    ]);
    let [top, gauge, curves, classes, bottom] = rows.areas(area);
    head(frame, top, state);
    let Some(training) = &state.training else {
        frame.render_widget(Paragraph::new("starting"), gauge);
        return;
    };
    progress(frame, gauge, training);
    let [left, right] = Layout::horizontal([Constraint::Fill(1); 2]).areas(curves);
    losses(frame, left, training);
    accuracies(frame, right, training);
    let [left, right] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(FOLDS)]).areas(classes);
    recalls(frame, left, state, training);
    folds(frame, right, state);
    foot(frame, bottom, state, training, stopping);
}

fn head(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let mut line = vec![Span::styled(state.title.clone(), Modifier::BOLD)];
    if let Some(training) = &state.training {
        if !training.name.is_empty() {
            line.push(Span::raw(format!(", {}", training.name)));
        }
        line.push(Span::styled(format!(": {}", training.parts), Modifier::DIM));
    }
    frame.render_widget(Line::from(line), area);
}

fn progress(frame: &mut Frame<'_>, area: Rect, training: &Training) {
    let (epoch, step) = training.at;
    let label = match epoch {
        0 => format!("{} epochs of {} steps", training.epochs, training.steps),
        _ => format!("epoch {epoch}/{} step {step}/{}", training.epochs, training.steps),
    };
    let gauge = LineGauge::default()
        .ratio(training.share().clamp(0.0, 1.0))
        .label(label)
        .filled_symbol(line::THICK_HORIZONTAL)
        .unfilled_symbol(line::HORIZONTAL)
        .filled_style(Style::new().fg(Color::Green));
    frame.render_widget(gauge, area);
}

fn foot(frame: &mut Frame<'_>, area: Rect, state: &State, training: &Training, stopping: bool) {
    if stopping {
        let text =
            "saving a checkpoint after the current step; Ctrl-C stops at once without saving";
        frame.render_widget(Line::styled(text, Modifier::REVERSED), area);
        return;
    }
    let mut parts = Vec::new();
    parts.extend(training.loss.map(|loss| format!("loss {loss:.3}")));
    parts.extend((training.clips > 0.0).then(|| format!("{:.0} clips/s", training.clips)));
    parts.extend(Some(state.clock.left()).filter(|left| !left.is_empty()));
    let mut text = parts.join(", ");
    if !text.is_empty() {
        text += "   ";
    }
    text += "q or Ctrl-C: save and stop";
    frame.render_widget(Line::raw(text), area);
}

/// A curve, of the softmax loss or of UA.
struct Curve {
    name: &'static str,
    /// Values by epoch.
    points: Vec<(f64, f64)>,
    color: Color,
    /// Whether it is of the test utterances, which decide nothing.
    is_test: bool,
}

impl Curve {
    /// The curves of the training, validation and test utterances.
    fn each(points: [Vec<(f64, f64)>; 3]) -> [Self; 3] {
        let [training, validation, test] = points;
        let curve = |name, points, color| Self { name, points, color, is_test: false };
        [
            curve("training", training, TRAINING),
            curve("validation", validation, VALIDATION),
            Self { is_test: true, ..curve("test", test, TEST) },
        ]
    }
}

fn losses(frame: &mut Frame<'_>, area: Rect, training: &Training) {
    let of = |value: fn(&clstm_train::EpochRecord) -> Option<f64>| points(training, value);
    let curves = Curve::each([
        of(|r| Some(r.softmax_loss)),
        of(|r| Some(r.validation?.loss)),
        of(|r| Some(r.test?.loss)),
    ]);
    let most = curves.iter().flat_map(|curve| &curve.points).map(|p| p.1).fold(0.0, f64::max);
    let top = if most > 0.0 { most } else { 1.0 };
    let heading = ("loss", |last: f64| format!("{last:.3}"));
    chart(frame, area, heading, training.epochs, (top, format!("{top:.2}")), &curves);
}

fn accuracies(frame: &mut Frame<'_>, area: Rect, training: &Training) {
    let of = |value: fn(&clstm_train::EpochRecord) -> Option<f64>| points(training, value);
    let curves = Curve::each([
        of(|r| Some(r.train_ua)),
        of(|r| Some(r.validation?.ua)),
        of(|r| Some(r.test?.ua)),
    ]);
    chart(frame, area, ("UA", percent), training.epochs, (1.0, "100%".to_owned()), &curves);
}

fn points(
    training: &Training,
    value: fn(&clstm_train::EpochRecord) -> Option<f64>,
) -> Vec<(f64, f64)> {
    training.history.iter().filter_map(|r| Some((r.epoch as f64, value(r)?))).collect()
}

fn chart(
    frame: &mut Frame<'_>,
    area: Rect,
    (title, text): (&str, impl Fn(f64) -> String),
    epochs: usize,
    (top, label): (f64, String),
    curves: &[Curve],
) {
    let mut heading = vec![Span::raw(format!(" {title} "))];
    let mut below = Line::default();
    let shown = curves.iter().filter(|curve| !curve.points.is_empty());
    for Curve { name, points, color, is_test } in shown.clone() {
        let last = text(points.last().map_or(0.0, |point| point.1));
        let style = Style::new().fg(*color);
        match *is_test {
            true => below = Line::styled(format!(" {name} {last}, for the curve only "), style),
            false => heading.push(Span::styled(format!("{name} {last} "), style)),
        }
    }
    let datasets = shown
        .map(|Curve { points, color, .. }| {
            let dataset = Dataset::default().data(points).style(Style::new().fg(*color));
            // One point is no line.
            match points.len() {
                1 => dataset.marker(Marker::Dot).graph_type(GraphType::Scatter),
                _ => dataset.marker(Marker::Braille).graph_type(GraphType::Line),
            }
        })
        .collect();
    let chart = Chart::new(datasets)
        .block(Block::bordered().title(Line::from(heading)).title_bottom(below))
        .legend_position(None)
        .x_axis(
            Axis::default()
                .bounds([1.0, epochs.max(2) as f64])
                .labels(["1".to_owned(), epochs.to_string()]),
        )
        .y_axis(Axis::default().bounds([0.0, top]).labels(["0".to_owned(), label]));
    frame.render_widget(chart, area);
}

fn recalls(frame: &mut Frame<'_>, area: Rect, state: &State, training: &Training) {
    let Some(classes) = &training.classes else {
        let block = Block::bordered().title(" recall by class, after the first epoch ");
        frame.render_widget(block, area);
        return;
    };
    let (part, color) = match classes.part {
        Part::Training => ("training crops", TRAINING),
        Part::Validation => ("validation utterances", VALIDATION),
    };
    let block = Block::bordered().title(format!(" recall by class, {part} "));
    let widest = state.labels.iter().map(|label| label.width()).max().unwrap_or(0);
    let widest = widest.min(WIDEST_LABEL);
    // Two blanks, the figure, and the frame.
    let room = usize::from(area.width).saturating_sub(widest + 2 + 6 + 2);
    let lines = state.labels.iter().zip(&classes.metrics.classes).map(|(label, class)| {
        let full = (class.recall * room as f64).round() as usize;
        Line::from(vec![
            Span::raw(pad(&shortened(label, widest), widest, true)),
            Span::raw(" "),
            Span::styled("█".repeat(full.min(room)), Style::new().fg(color)),
            Span::styled("·".repeat(room.saturating_sub(full)), Modifier::DIM),
            Span::raw(pad(&percent(class.recall), 7, false)),
        ])
    });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).block(block), area);
}

fn folds(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let title = format!(" done: {} of {}, test UA ", state.done.len(), state.trainings);
    let block = Block::bordered().title(title);
    let room = usize::from(area.height).saturating_sub(2);
    // The latest, where not all have room.
    let from = state.done.len().saturating_sub(room);
    let lines = state.done[from..].iter().map(|(name, ua)| {
        Line::raw(format!(
            "{}{}",
            pad(name, usize::from(FOLDS) - 9, true),
            pad(&percent(*ua), 7, false)
        ))
    });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).block(block), area);
}

#[cfg(test)]
mod tests;
