//! The probabilities of all emotions.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};
use unicode_width::UnicodeWidthStr;

use super::{Palette, Session, bar, heard, pad, percent, shortened};

/// The most columns for a label's name.
const WIDEST: usize = 14;
/// Columns of a probability, and the blank before it.
const FIGURE: usize = 7;
/// A bar of fewer columns says less than the figure beside it.
const LEAST_BAR: usize = 4;

/// What is heard, in one line for want of room.
pub(super) fn one_line(frame: &mut Frame<'_>, area: Rect, session: &Session, palette: &Palette) {
    let line = match heard(session) {
        Some((label, text)) => Line::from(vec![
            Span::styled(palette.letter(label).to_string(), palette.cell(label)),
            Span::styled(format!(" {text}"), Modifier::BOLD),
        ]),
        None => Line::styled(silence(session), Modifier::DIM),
    };
    frame.render_widget(line, area);
}

fn silence(session: &Session) -> &'static str {
    if session.moments.is_empty() { "listening" } else { "no speech" }
}

/// A heading and a bar for each label; for the most probable ones, where there is no room for all.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, session: &Session, palette: &Palette) {
    let now = heard(session);
    let title = match &now {
        Some((label, text)) => {
            let style = palette.ink(*label).add_modifier(Modifier::BOLD);
            Span::styled(format!(" {text} "), style)
        }
        None => Span::styled(format!(" {} ", silence(session)), Modifier::DIM),
    };
    let room = usize::from(area.height).saturating_sub(1);
    let probability = |label: &usize| session.probabilities.get(*label).copied().unwrap_or(0.0);
    let mut labels: Vec<usize> = (0..session.labels.len()).collect();
    if labels.len() > room {
        labels.sort_by(|a, b| probability(b).total_cmp(&probability(a)));
        labels.truncate(room);
        labels.sort_unstable();
    }
    let width = usize::from(area.width);
    let widest = session.labels.iter().map(|label| label.width()).max().unwrap_or(0);
    let widest = widest.min(WIDEST).min(width.saturating_sub(2 + FIGURE));
    let columns = width.saturating_sub(2 + widest + 1 + FIGURE);
    let columns = if columns < LEAST_BAR { 0 } else { columns };
    // What was heard last stays through a pause, faintly.
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
