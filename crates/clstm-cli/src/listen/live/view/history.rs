//! The labels of the last minutes.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};
use unicode_width::UnicodeWidthStr;

use super::super::history_bar::{Cell, Row, cells_for, rows};
use super::{Palette, Session, clock, pad};

/// Columns of a row's time, `1:02:00`, and the blank behind it.
const TIME: usize = 8;

/// Rows of cells, a minute each, the latest last, under a heading if it fits.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, session: &Session, palette: &Palette) {
    let width = usize::from(area.width);
    let (timed, cells) = match (cells_for(width.saturating_sub(TIME)), cells_for(width)) {
        (Some(cells), _) => (true, cells),
        (None, Some(cells)) => (false, cells),
        (None, None) => return,
    };
    let mut block = Block::new();
    let mut height = usize::from(area.height);
    if height > 1 {
        let seconds = 60.0 / cells as f64;
        let mut title = format!(" by the minute, {seconds} s a letter, · no speech ");
        if title.width() > width {
            title = " by the minute ".to_owned();
        }
        block = block.borders(Borders::TOP).title(Span::styled(title, Modifier::DIM));
        height -= 1;
    }
    let rows = rows(&session.frames, session.received_s(), height, cells);
    let lines = rows.iter().map(|row| line(row, timed, palette)).collect::<Vec<_>>();
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn line(row: &Row, timed: bool, palette: &Palette) -> Line<'static> {
    let mut spans = Vec::new();
    if timed {
        let time = clock(row.start_s);
        let time = time.strip_suffix(".0").unwrap_or(&time);
        spans.push(Span::styled(pad(time, TIME - 1, false) + " ", Modifier::DIM));
    }
    for cell in &row.cells {
        spans.push(match *cell {
            Cell::Empty => Span::raw(" "),
            Cell::NoSpeech => Span::styled("·", Modifier::DIM),
            Cell::Label(label) => {
                Span::styled(palette.letter(label).to_string(), palette.cell(label))
            }
        });
    }
    Line::from(spans)
}
