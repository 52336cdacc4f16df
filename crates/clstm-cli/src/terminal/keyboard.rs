//! Keys of a taken terminal.

use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key that a view reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// `q`.
    Quit,
    /// Ctrl-C, which is no signal while a view has the terminal.
    Interrupt,
    /// Ctrl-L.
    Redraw,
}

/// The next key of the terminal that the command runs in, also where standard input is something else; `None` if no
/// such key comes within `wait`.
pub(crate) fn next_key(wait: Duration) -> Option<Key> {
    match event::poll(wait) {
        Ok(true) => match event::read() {
            Ok(Event::Key(key)) => meaning(key),
            _ => None,
        },
        Ok(false) => None,
        // There is no keyboard, or the terminal has gone: no busy loop.
        Err(_) => {
            std::thread::sleep(wait);
            None
        }
    }
}

fn meaning(key: KeyEvent) -> Option<Key> {
    if key.kind != KeyEventKind::Press {
        return None;
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c' | 'C') if control => Some(Key::Interrupt),
        KeyCode::Char('l' | 'L') if control => Some(Key::Redraw),
        KeyCode::Char('q' | 'Q') if !control => Some(Key::Quit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, KeyCode, KeyEvent, KeyModifiers, meaning};

    #[test]
    fn keys_have_their_meanings() {
        let key = |code, modifiers| meaning(KeyEvent::new(KeyCode::Char(code), modifiers));
        assert_eq!(key('q', KeyModifiers::NONE), Some(Key::Quit));
        assert_eq!(key('Q', KeyModifiers::SHIFT), Some(Key::Quit));
        assert_eq!(key('c', KeyModifiers::CONTROL), Some(Key::Interrupt));
        assert_eq!(key('l', KeyModifiers::CONTROL), Some(Key::Redraw));
        assert_eq!(key('c', KeyModifiers::NONE), None);
        assert_eq!(key('z', KeyModifiers::CONTROL), None);
    }
}
