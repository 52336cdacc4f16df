//! The picture of a session.

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

/// What a session does not know of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Status {
    /// The user has asked for the end.
    pub(super) stopping: bool,
    /// No sound has come for a while.
    pub(super) waiting: bool,
}

/// The height from which the model has a line.
const MODEL_FROM: u16 = 10;
/// The height from which there is a last line of keys.
const KEYS_FROM: u16 = 4;
/// Lines for a heading and two rows of history, from which it is given room beside the bars.
const HISTORY: u16 = 3;
/// The least lines for bars under a heading; below, one line says what is heard.
const BARS: u16 = 3;
/// The most rows of history: as many minutes as are kept.
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

/// Lines for what is heard in one, or for bars of so many labels, and for the history; each with its heading.
fn share(rest: u16, labels: usize) -> (u16, u16, u16) {
    if rest < BARS {
        return (rest.min(1), 0, rest.saturating_sub(1));
    }
    let wanted = u16::try_from(labels).unwrap_or(u16::MAX).saturating_add(1);
    let left = if rest >= BARS + HISTORY { rest - HISTORY } else { rest };
    let bars = wanted.min(left);
    let history = (rest - bars).min(1 + MINUTES);
    // A heading without a row says nothing.
    (0, bars, if history < 2 { 0 } else { history })
}

/// Where the sound comes from, and how long it has been heard.
fn head(frame: &mut Frame<'_>, area: Rect, session: &Session) {
    let time = clock(session.heard_s());
    let room = usize::from(area.width).saturating_sub(time.len() + 1);
    let rate =
        session.rate.map_or(String::new(), |rate| format!(", {} kHz", f64::from(rate) / 1000.0));
    let source = shortened(&session.source, room.saturating_sub(rate.len()).max(room.min(8)));
    let rate = if source.width() + rate.len() <= room { rate } else { String::new() };
    let blank = room.saturating_sub(source.width() + rate.len()) + 1;
    let line = Line::from(vec![
        Span::styled(source, Modifier::BOLD),
        Span::styled(rate, Modifier::DIM),
        Span::raw(" ".repeat(blank)),
        Span::styled(time, Modifier::BOLD),
    ]);
    frame.render_widget(line, area);
}

/// The model, and how soon it answers.
fn model(frame: &mut Frame<'_>, area: Rect, session: &Session) {
    let mut text = format!("{}, an answer every {} s", session.model, session.hop_s);
    if session.latency.mean().is_some() {
        text += &format!(", {} ms behind the sound", session.latency.last.as_millis());
    }
    frame.render_widget(Line::styled(text, Modifier::DIM), area);
}

/// What can be done, and what is wrong.
fn last_line(
    frame: &mut Frame<'_>,
    area: Rect,
    session: &Session,
    palette: &Palette,
    status: Status,
) {
    let mut parts = Vec::new();
    if status.stopping {
        parts.push(Span::styled("ending; Ctrl-C ends at once", Modifier::REVERSED));
    } else {
        parts.push(Span::raw("q or Ctrl-C: end"));
        if status.waiting {
            parts.push(Span::styled("   waiting for sound", palette.alarm()));
        }
    }
    parts.extend(session.loss().map(|loss| Span::styled(format!("   {loss}"), palette.alarm())));
    frame.render_widget(Line::from(parts), area);
}

/// What is heard now, such as `happy 83.0%`.
fn heard(session: &Session) -> Option<(usize, String)> {
    let label = session.label()?;
    let name = session.labels.get(label)?;
    let probability = session.probabilities.get(label)?;
    Some((label, format!("{name} {}", percent(*probability))))
}

/// A bar of eighths of cells, of at most so many columns, and the dots behind it.
fn bar(share: f64, columns: usize) -> (String, String) {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * (8 * columns) as f64).round() as usize;
    let full = "█".repeat(eighths / 8) + PARTS[eighths % 8];
    let dots = "·".repeat(columns - full.width());
    (full, dots)
}

#[cfg(test)]
mod tests;
