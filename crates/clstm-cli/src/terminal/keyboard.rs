//! Keys of a taken terminal.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::sync::OnceLock;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd};

/// A key that a view reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// `q`.
    Quit,
    /// Ctrl-C, where it is no signal.
    Interrupt,
    /// Ctrl-L.
    Redraw,
}

/// The next key of the terminal that the command runs in, also where standard input is something else; `None` if no
/// such key comes within `wait`.
pub(crate) fn next_key(wait: Duration) -> Option<Key> {
    match next_byte(wait)? {
        b'q' | b'Q' => Some(Key::Quit),
        0x03 => Some(Key::Interrupt),
        0x0c => Some(Key::Redraw),
        _ => None,
    }
}

fn next_byte(wait: Duration) -> Option<u8> {
    static TTY: OnceLock<Option<File>> = OnceLock::new();
    let keys: BorrowedFd<'_> = if io::stdin().is_terminal() {
        rustix::stdio::stdin()
    } else {
        match TTY.get_or_init(|| File::open("/dev/tty").ok()) {
            Some(file) => file.as_fd(),
            None => {
                std::thread::sleep(wait);
                return None;
            }
        }
    };
    let mut polled = [PollFd::from_borrowed_fd(keys, PollFlags::IN)];
    let timeout = Timespec::try_from(wait).ok()?;
    match poll(&mut polled, Some(&timeout)) {
        // macOS cannot poll /dev/tty and returns at once. Reading never waits: VMIN and VTIME are 0.
        Ok(1..) if polled[0].revents().contains(PollFlags::NVAL) => std::thread::sleep(wait),
        Ok(1..) => {}
        // A timeout, or a signal that ended the wait early.
        Ok(_) | Err(_) => return None,
    }
    let mut byte = [0];
    match rustix::io::read(keys, &mut byte) {
        Ok(1) => Some(byte[0]),
        // Nothing to read although there should be: the terminal has gone. No busy loop.
        _ => {
            std::thread::sleep(wait);
            None
        }
    }
}
