//! Draws ratatui's cells through crossterm, on Unix and Windows.
//!
//! Ratatui has a backend of its own for crossterm. It needs default features of crossterm and the standard library in ratatui, which
//! change features of `derive_more` and `either`, and with them a build of Burn; this file needs neither.

use std::io::{self, Write};

use crossterm::QueueableCommand;
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::style::{
    Attribute, Color as TerminalColor, Print, SetAttribute, SetBackgroundColor, SetForegroundColor,
};
use crossterm::terminal::{self, Clear, ClearType as TerminalClear};
use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// A terminal that is drawn on through a writer.
pub(crate) struct CrosstermBackend<W> {
    out: W,
    cursor: Position,
}

impl<W: Write> CrosstermBackend<W> {
    /// Draws through this writer, which leads to the terminal of the process.
    pub(crate) fn new(out: W) -> Self {
        Self { out, cursor: Position::ORIGIN }
    }

    /// Sets colours and modifiers, whatever they were.
    fn select(&mut self, (fg, bg, modifier): (Color, Color, Modifier)) -> io::Result<()> {
        self.out.queue(SetAttribute(Attribute::Reset))?;
        // Colours first: where they are not wanted (NO_COLOR), crossterm writes the sequence that resets all.
        if let Some(color) = terminal_color(fg) {
            self.out.queue(SetForegroundColor(color))?;
        }
        if let Some(color) = terminal_color(bg) {
            self.out.queue(SetBackgroundColor(color))?;
        }
        for (wanted, attribute) in [
            (Modifier::BOLD, Attribute::Bold),
            (Modifier::DIM, Attribute::Dim),
            (Modifier::ITALIC, Attribute::Italic),
            (Modifier::UNDERLINED, Attribute::Underlined),
            (Modifier::REVERSED, Attribute::Reverse),
        ] {
            if modifier.contains(wanted) {
                self.out.queue(SetAttribute(attribute))?;
            }
        }
        Ok(())
    }
}

impl<W: Write> Backend for CrosstermBackend<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let (mut next, mut style) = (None, None);
        for (x, y, cell) in content {
            if next != Some((x, y)) {
                self.out.queue(MoveTo(x, y))?;
            }
            let wanted = (cell.fg, cell.bg, cell.modifier);
            if style != Some(wanted) {
                self.select(wanted)?;
                style = Some(wanted);
            }
            self.out.queue(Print(cell.symbol()))?;
            next = Some((x + cell.symbol().width().max(1) as u16, y));
        }
        self.out.queue(SetAttribute(Attribute::Reset)).map(drop)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.out.queue(Hide).map(drop)
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.out.queue(Show).map(drop)
    }

    /// Where it was set to: the view never lets the terminal move it.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.cursor = position.into();
        self.out.queue(MoveTo(self.cursor.x, self.cursor.y)).map(drop)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.out
            .queue(Clear(match region {
                ClearType::All => TerminalClear::All,
                ClearType::AfterCursor => TerminalClear::FromCursorDown,
                ClearType::BeforeCursor => TerminalClear::FromCursorUp,
                ClearType::CurrentLine => TerminalClear::CurrentLine,
                ClearType::UntilNewLine => TerminalClear::UntilNewLine,
            }))
            .map(drop)
    }

    fn size(&self) -> io::Result<Size> {
        // A terminal that does not know its size, as some serial ones, has the classic one.
        match terminal::size()? {
            (0, _) | (_, 0) => Ok(Size::new(80, 24)),
            (columns, rows) => Ok(Size::new(columns, rows)),
        }
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::ZERO })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The colour by crossterm's name, whose plain names are the bright colours; `None` for the terminal's own colour.
fn terminal_color(color: Color) -> Option<TerminalColor> {
    Some(match color {
        Color::Reset => return None,
        Color::Black => TerminalColor::Black,
        Color::Red => TerminalColor::DarkRed,
        Color::Green => TerminalColor::DarkGreen,
        Color::Yellow => TerminalColor::DarkYellow,
        Color::Blue => TerminalColor::DarkBlue,
        Color::Magenta => TerminalColor::DarkMagenta,
        Color::Cyan => TerminalColor::DarkCyan,
        Color::Gray => TerminalColor::Grey,
        Color::DarkGray => TerminalColor::DarkGrey,
        Color::LightRed => TerminalColor::Red,
        Color::LightGreen => TerminalColor::Green,
        Color::LightYellow => TerminalColor::Yellow,
        Color::LightBlue => TerminalColor::Blue,
        Color::LightMagenta => TerminalColor::Magenta,
        Color::LightCyan => TerminalColor::Cyan,
        Color::White => TerminalColor::White,
        Color::Rgb(r, g, b) => TerminalColor::Rgb { r, g, b },
        Color::Indexed(number) => TerminalColor::AnsiValue(number),
    })
}

#[cfg(all(test, unix))]
mod tests {
    use ratatui::backend::Backend;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Modifier, Style};

    use super::CrosstermBackend;

    #[test]
    fn cells_become_sequences() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 2));
        buffer.set_string(1, 0, "ab", Style::new().fg(Color::Cyan));
        buffer.set_string(3, 0, "c", Style::new().add_modifier(Modifier::BOLD));
        buffer.set_string(0, 1, "悲", Style::new().bg(Color::DarkGray));
        buffer.set_string(2, 1, "d", Style::new());
        let cells = [(1, 0), (2, 0), (3, 0), (0, 1), (2, 1)];
        let mut out = Vec::new();
        let mut backend = CrosstermBackend::new(&mut out);
        backend.draw(cells.iter().map(|&(x, y)| (x, y, &buffer[(x, y)]))).unwrap();
        crossterm::style::force_color_output(true);
        let found = String::from_utf8(out).unwrap();
        // Where colours are not wanted (NO_COLOR), crossterm leaves them out.
        let plain =
            found.replace("\x1b[38;5;6m", "").replace("\x1b[48;5;8m", "").replace("\x1b[m", "");
        let expected = "\x1b[1;2H\x1b[0mab\x1b[0m\x1b[1mc\x1b[2;1H\x1b[0m悲\x1b[0md\x1b[0m";
        assert_eq!(plain, expected);
        if std::env::var_os("NO_COLOR").is_none() {
            assert!(
                found.contains("\x1b[38;5;6mab") && found.contains("\x1b[48;5;8m悲"),
                "{found:?}"
            );
        }
    }
}
