//! The level meter.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::{Palette, Session, pad};
use crate::listen::meter::FLOOR_DB;

/// From here a meter is yellow: the headroom that broadcasters keep (EBU R 68 aligns at -18 dBFS).
const LOUD_DB: f64 = -18.0;
/// From here it is red: peaks may clip.
const TOO_LOUD_DB: f64 = -6.0;
/// A peak within one 8-bit step of full scale is most likely clipped.
const CLIPPED_DB: f64 = -0.07;
/// Least columns of the meter.
const LEAST: usize = 6;

/// Level, peak, and whether there is speech; what does not fit is left out from the right.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, session: &Session, palette: &Palette) {
    let width = usize::from(area.width);
    let meter = session.meter;
    let speech = session.label().is_some();
    let speech = Span::styled(
        if speech { "  speech   " } else { "  no speech" },
        if speech { Modifier::BOLD } else { Modifier::DIM },
    );
    let level = Span::raw(format!(" {} dBFS", figure(meter.level_db)));
    let clipped = meter.peak_db >= CLIPPED_DB;
    let peak = match clipped {
        true => Span::styled(pad(", clipping", 13, true), palette.alarm()),
        false => Span::raw(pad(&format!(", peak {}", figure(meter.peak_db)), 13, true)),
    };
    let mut shown = vec![level, speech, peak];
    let length = |spans: &[Span<'_>]| spans.iter().map(|s| s.content.width()).sum::<usize>();
    while shown.len() > 1 && length(&shown) + 2 * LEAST > width {
        shown.pop();
    }
    // The peak is drawn behind its level.
    if shown.len() == 3 {
        shown.swap(1, 2);
    }
    let columns = width.saturating_sub(length(&shown));
    let mut line = if columns < LEAST { Vec::new() } else { cells(columns, session, palette) };
    line.extend(shown);
    frame.render_widget(Line::from(line), area);
}

/// Of one width, the sign included.
fn figure(db: f64) -> String {
    pad(&format!("{db:.1}"), 5, false)
}

/// A bar from the floor to full scale, and a mark for the peak.
fn cells(columns: usize, session: &Session, palette: &Palette) -> Vec<Span<'static>> {
    let column = |db: f64| (db - FLOOR_DB) / -FLOOR_DB * columns as f64;
    let level = column(session.meter.level_db).round() as usize;
    let peak = (column(session.meter.peak_db).ceil() as usize).min(columns);
    (1..=columns)
        .map(|n| {
            // What the cell ends at.
            let db = FLOOR_DB + n as f64 / columns as f64 * -FLOOR_DB;
            let color = match db {
                db if db > TOO_LOUD_DB => Color::LightRed,
                db if db > LOUD_DB => Color::LightYellow,
                _ => Color::LightGreen,
            };
            match n {
                n if n <= level => Span::styled("█", palette.plain(color)),
                n if n == peak => Span::styled("┃", palette.plain(color)),
                _ => Span::styled("·", Modifier::DIM),
            }
        })
        .collect()
}
