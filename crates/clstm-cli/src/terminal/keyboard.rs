//! Keys of a taken terminal.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd};

/// Where keys come from.
#[derive(Debug)]
pub(crate) enum Keyboard {
    /// Standard input, where that is a terminal.
    Stdin,
    /// The terminal of the session, also where something else comes in on standard input.
    Tty(File),
    /// There is none.
    None,
}

impl Keyboard {
    /// Standard input, where that is a terminal.
    pub(crate) fn stdin() -> Self {
        if io::stdin().is_terminal() { Self::Stdin } else { Self::None }
    }

    /// The terminal that the command runs in, whatever standard input is.
    pub(crate) fn of_session() -> Self {
        File::open("/dev/tty").map_or(Self::None, Self::Tty)
    }

    /// A key, if one comes within this time.
    pub(crate) fn key(&self, wait: Duration) -> Option<u8> {
        let keys: BorrowedFd<'_> = match self {
            Self::Stdin => rustix::stdio::stdin(),
            Self::Tty(file) => file.as_fd(),
            Self::None => {
                std::thread::sleep(wait);
                return None;
            }
        };
        let mut polled = [PollFd::from_borrowed_fd(keys, PollFlags::IN)];
        let timeout = Timespec::try_from(wait).ok()?;
        match poll(&mut polled, Some(&timeout)) {
            // macOS cannot poll /dev/tty, and says so at once. Reading never waits: VMIN and VTIME are 0.
            Ok(1..) if polled[0].revents().contains(PollFlags::NVAL) => std::thread::sleep(wait),
            Ok(1..) => {}
            Ok(_) => return None,
            // A signal: the wait is over early.
            Err(_) => return None,
        }
        let mut byte = [0];
        match rustix::io::read(keys, &mut byte) {
            Ok(1) => Some(byte[0]),
            // Nothing to be read from a terminal that says there is: it has gone. No busy waiting for it.
            _ => {
                std::thread::sleep(wait);
                None
            }
        }
    }
}
