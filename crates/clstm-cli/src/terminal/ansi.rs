//! Draws ratatui's cells with ANSI escape sequences (ECMA-48).

use std::fmt::Write as _;
use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};
use rustix::termios::tcgetwinsize;
use unicode_width::UnicodeWidthStr;

use super::Screen;

/// A terminal, whose size it has, that is drawn on through a writer.
pub(crate) struct Ansi<W> {
    screen: Screen,
    out: W,
    cursor: Position,
}

impl Ansi<Screen> {
    /// Draws on a screen.
    pub(crate) fn on(screen: Screen) -> Self {
        Self { screen, out: screen, cursor: Position::ORIGIN }
    }
}

impl<W: Write> Ansi<W> {
    fn say(&mut self, sequence: &str) -> io::Result<()> {
        self.out.write_all(sequence.as_bytes())
    }
}

impl<W: Write> Backend for Ansi<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut text = String::new();
        let mut next = None;
        let mut style = None;
        for (x, y, cell) in content {
            if next != Some((x, y)) {
                let _ = write!(text, "\x1b[{};{}H", y + 1, x + 1);
            }
            let wanted = (cell.fg, cell.bg, cell.modifier);
            if style != Some(wanted) {
                select(&mut text, wanted);
                style = Some(wanted);
            }
            text.push_str(cell.symbol());
            next = Some((x + cell.symbol().width().max(1) as u16, y));
        }
        text.push_str("\x1b[0m");
        self.say(&text)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.say("\x1b[?25l")
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.say("\x1b[?25h")
    }

    /// Where it was set to: the view never lets the terminal move it.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.cursor = position.into();
        let Position { x, y } = self.cursor;
        self.say(&format!("\x1b[{};{}H", y + 1, x + 1))
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.say(match region {
            ClearType::All => "\x1b[2J",
            ClearType::AfterCursor => "\x1b[0J",
            ClearType::BeforeCursor => "\x1b[1J",
            ClearType::CurrentLine => "\x1b[2K",
            ClearType::UntilNewLine => "\x1b[0K",
        })
    }

    fn size(&self) -> io::Result<Size> {
        let size = tcgetwinsize(self.screen)?;
        // A terminal that does not know its size, as some serial ones, has the classic one.
        match (size.ws_col, size.ws_row) {
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

/// Sets colours and what of the modifiers the view uses.
fn select(text: &mut String, (fg, bg, modifier): (Color, Color, Modifier)) {
    text.push_str("\x1b[0");
    for (wanted, code) in [(Modifier::BOLD, "1"), (Modifier::DIM, "2"), (Modifier::REVERSED, "7")] {
        if modifier.contains(wanted) {
            let _ = write!(text, ";{code}");
        }
    }
    for (color, base) in [(fg, 30), (bg, 40)] {
        if let Some(number) = number(color) {
            let _ = write!(text, ";{}", base + number);
        }
    }
    text.push('m');
}

/// The number of one of the sixteen colours that every terminal has; the view uses no others.
fn number(color: Color) -> Option<u16> {
    let bright = 60;
    Some(match color {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => bright,
        Color::LightRed => bright + 1,
        Color::LightGreen => bright + 2,
        Color::LightYellow => bright + 3,
        Color::LightBlue => bright + 4,
        Color::LightMagenta => bright + 5,
        Color::LightCyan => bright + 6,
        Color::White => bright + 7,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use ratatui::backend::Backend;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Modifier, Style};

    use super::{Ansi, Position, Screen};

    #[test]
    fn cells_become_sequences() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 2));
        buffer.set_string(1, 0, "ab", Style::new().fg(Color::Cyan));
        buffer.set_string(3, 0, "c", Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD));
        buffer.set_string(0, 1, "悲", Style::new().bg(Color::DarkGray));
        buffer.set_string(2, 1, "d", Style::new());
        let cells = [(1, 0), (2, 0), (3, 0), (0, 1), (2, 1)];
        let mut out = Vec::new();
        let screen = Screen::Stderr;
        let mut ansi = Ansi { screen, out: &mut out, cursor: Position::ORIGIN };
        ansi.draw(cells.iter().map(|&(x, y)| (x, y, &buffer[(x, y)]))).unwrap();
        let expected = "\x1b[1;2H\x1b[0;36mab\x1b[0;1;36mc\x1b[2;1H\x1b[0;100m悲\x1b[0md\x1b[0m";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
