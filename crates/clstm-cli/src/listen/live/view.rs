//! Drawing of a session.

mod bars;
mod history;
mod level;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::palette::Palette;
use crate::listen::session::Session;
use crate::table::{pad, percent, shortened};
use crate::timeline::clock;

/// State beside the session.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Status {
    /// The user has requested a stop.
    pub(super) stopping: bool,
    /// No audio has arrived for a while.
    pub(super) waiting: bool,
}

/// Least height for a line about the model.
const MODEL_FROM: u16 = 10;
/// Least height for a line of keys.
const KEYS_FROM: u16 = 4;
/// Lines of a heading and two rows of history.
const HISTORY: u16 = 3;
/// Least lines for bars under a heading; with fewer, one line shows the current label.
const BARS: u16 = 3;
/// Most rows of history: the minutes that are kept.
const MINUTES: u16 = 10;

/// Draws a session.
pub(super) fn draw(frame: &mut Frame<'_>, session: &Session, palette: &Palette, status: Status) {
    let area = frame.area();
    let model = u16::from(area.height >= MODEL_FROM);
    let keys = u16::from(area.height >= KEYS_FROM);
    let rest = area.height.saturating_sub(2 + model + keys);
    let (now, bars, history) = share(rest, session.labels.len());
    let heights = [1, model, 1, now, bars, history].map(Constraint::Length);
    let rows = Layout::vertical(
        heights.into_iter().chain([Constraint::Fill(1), Constraint::Length(keys)]),
    );
    let [top, about, meter, one, emotions, minutes, _, foot] = rows.areas(area);
    head(frame, top, session);
    if model > 0 {
        self::model(frame, about, session);
    }
    level::draw(frame, meter, session, palette);
    if now > 0 {
        bars::one_line(frame, one, session, palette);
    }
    if bars > 0 {
        bars::draw(frame, emotions, session, palette);
    }
    if history > 0 {
        history::draw(frame, minutes, session, palette);
    }
    if keys > 0 {
        last_line(frame, foot, session, palette, status);
    }
}

/// Lines for the current label alone, or for bars of `labels` labels, and for the history, each with its heading.
fn share(rest: u16, labels: usize) -> (u16, u16, u16) {
    if rest < BARS {
        return (rest.min(1), 0, rest.saturating_sub(1));
    }
    let wanted = u16::try_from(labels).unwrap_or(u16::MAX).saturating_add(1);
    let left = if rest >= BARS + HISTORY { rest - HISTORY } else { rest };
    let bars = wanted.min(left);
    let history = (rest - bars).min(1 + MINUTES);
    // No heading without rows.
    (0, bars, if history < 2 { 0 } else { history })
}

/// The source and the time.
fn head(frame: &mut Frame<'_>, area: Rect, session: &Session) {
    let time = clock(session.received_s());
    let width = usize::from(area.width).saturating_sub(time.len() + 1);
    let rate =
        session.rate.map_or(String::new(), |rate| format!(", {} kHz", f64::from(rate) / 1000.0));
    let source = shortened(&session.source, width.saturating_sub(rate.len()).max(width.min(8)));
    let rate = if source.width() + rate.len() <= width { rate } else { String::new() };
    let blank = width.saturating_sub(source.width() + rate.len()) + 1;
    let line = Line::from(vec![
        Span::styled(source, Modifier::BOLD),
        Span::styled(rate, Modifier::DIM),
        Span::raw(" ".repeat(blank)),
        Span::styled(time, Modifier::BOLD),
    ]);
    frame.render_widget(line, area);
}

/// The model, its hop and its latency.
fn model(frame: &mut Frame<'_>, area: Rect, session: &Session) {
    let mut text = format!("{}, a frame every {} s", session.model, session.hop_s);
    if session.latency.mean().is_some() {
        text += &format!(", latency {} ms", session.latency.last.as_millis());
    }
    frame.render_widget(Line::styled(text, Modifier::DIM), area);
}

/// The keys, and problems.
fn last_line(
    frame: &mut Frame<'_>,
    area: Rect,
    session: &Session,
    palette: &Palette,
    status: Status,
) {
    let mut parts = Vec::new();
    if status.stopping {
        parts.push(Span::styled("stopping; Ctrl-C stops at once", Modifier::REVERSED));
    } else {
        parts.push(Span::raw("q or Ctrl-C: stop"));
        if status.waiting {
            parts.push(Span::styled("   waiting for audio", palette.alarm()));
        }
    }
    parts.extend(session.loss().map(|loss| Span::styled(format!("   {loss}"), palette.alarm())));
    frame.render_widget(Line::from(parts), area);
}

/// The current label, its probability and the continuous targets, such as `happy 83.0%, arousal 3.20`.
fn current(session: &Session) -> Option<(usize, String)> {
    let label = session.label()?;
    let name = session.labels.get(label)?;
    let probability = session.probabilities.get(label)?;
    let values = session.dimensions.iter().zip(&session.values);
    let values: String = values.map(|(name, value)| format!(", {name} {value:.2}")).collect();
    Some((label, format!("{name} {}{values}", percent(*probability))))
}

/// A bar in eighths of cells, of at most `columns` columns, and the dots after it.
fn bar(share: f64, columns: usize) -> (String, String) {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * (8 * columns) as f64).round() as usize;
    let full = "█".repeat(eighths / 8) + PARTS[eighths % 8];
    let dots = "·".repeat(columns - full.width());
    (full, dots)
}

#[cfg(test)]
mod tests;
