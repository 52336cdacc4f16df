//! The probabilities of all emotions.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};
use unicode_width::UnicodeWidthStr;

use super::{Palette, Session, bar, current, pad, percent, shortened};

/// The most columns for a label's name.
const WIDEST: usize = 14;
/// Columns of a probability, and the blank before it.
const FIGURE: usize = 7;
/// Least columns of a bar.
const LEAST_BAR: usize = 4;

/// The current label in one line, for low windows.
pub(super) fn one_line(frame: &mut Frame<'_>, area: Rect, session: &Session, palette: &Palette) {
    let line = match current(session) {
        Some((label, text)) => Line::from(vec![
            Span::styled(palette.letter(label).to_string(), palette.cell(label)),
            Span::styled(format!(" {text}"), Modifier::BOLD),
        ]),
        None => Line::styled(no_speech(session), Modifier::DIM),
    };
    frame.render_widget(line, area);
}

fn no_speech(session: &Session) -> &'static str {
    if session.frames.is_empty() { "listening" } else { "no speech" }
}

/// A heading and a bar for each label, or for the most probable ones that fit.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, session: &Session, palette: &Palette) {
    let now = current(session);
    let title = match &now {
        Some((label, text)) => {
            let style = palette.ink(*label).add_modifier(Modifier::BOLD);
            Span::styled(format!(" {text} "), style)
        }
        None => Span::styled(format!(" {} ", no_speech(session)), Modifier::DIM),
    };
    let height = usize::from(area.height).saturating_sub(1);
    let probability = |label: &usize| session.probabilities.get(*label).copied().unwrap_or(0.0);
    let mut labels: Vec<usize> = (0..session.labels.len()).collect();
    if labels.len() > height {
        labels.sort_by(|a, b| probability(b).total_cmp(&probability(a)));
        labels.truncate(height);
        labels.sort_unstable();
    }
    let width = usize::from(area.width);
    let widest = session.labels.iter().map(|label| label.width()).max().unwrap_or(0);
    let widest = widest.min(WIDEST).min(width.saturating_sub(2 + FIGURE));
    let columns = width.saturating_sub(2 + widest + 1 + FIGURE);
    let columns = if columns < LEAST_BAR { 0 } else { columns };
    // The last probabilities stay through a pause, dimmed.
    let faint = if now.is_some() { Style::new() } else { Style::new().add_modifier(Modifier::DIM) };
    let lines = labels.into_iter().map(|label| {
        let probability = probability(&label);
        let best = now.as_ref().is_some_and(|(best, _)| *best == label);
        let strong = if best { faint.add_modifier(Modifier::BOLD) } else { faint };
        let (full, dots) = bar(probability, columns);
        let name = shortened(session.labels.get(label).map_or("", String::as_str), widest);
        let gap = if columns > 0 { " " } else { "" };
        Line::from(vec![
            Span::styled(palette.letter(label).to_string(), palette.cell(label)),
            Span::styled(format!(" {}{gap}", pad(&name, widest, true)), strong),
            Span::styled(full, palette.ink(label).patch(faint)),
            Span::styled(dots, Modifier::DIM),
            Span::styled(pad(&percent(probability), FIGURE, false), strong),
        ])
    });
    let block = Block::new().borders(Borders::TOP).title(title);
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).block(block), area);
}
