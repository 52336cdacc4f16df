//! The terminal itself: taken for the view, and given back however the command ends.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::getpgrp;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr,
};

/// Alternate screen, cleared for terminals that have none; cursor hidden.
const TAKE: &[u8] = b"\x1b[?1049h\x1b[2J\x1b[?25l";
/// Plain letters, nothing left of the view, cursor shown, the screen that was there before.
const GIVE_BACK: &[u8] = b"\x1b[0m\x1b[2J\x1b[H\x1b[?25h\x1b[?1049l";

/// The settings to come back to, while the view has the terminal.
static TAKEN: Mutex<Option<Termios>> = Mutex::new(None);

/// Whether this process may take the terminal: one in the background would be stopped for it.
pub(super) fn is_ours() -> bool {
    tcgetpgrp(io::stderr()).is_ok_and(|foreground| foreground == getpgrp())
}

/// Takes the terminal: keys come at once and unseen. Ctrl-C stays a signal; Ctrl-Z, which would leave the
/// shell in the view's screen, does nothing.
pub(super) fn enter() -> io::Result<()> {
    static HOOK: Once = Once::new();
    let before = tcgetattr(io::stderr())?;
    let mut ours = before.clone();
    ours.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
    // 0 is _POSIX_VDISABLE on Linux, and a character that no key sends on others.
    ours.special_codes[SpecialCodeIndex::VSUSP] = 0;
    ours.special_codes[SpecialCodeIndex::VMIN] = 0;
    ours.special_codes[SpecialCodeIndex::VTIME] = 0;
    tcsetattr(io::stderr(), OptionalActions::Now, &ours)?;
    *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            leave();
            before(panic);
        }));
    });
    let mut screen = io::stderr().lock();
    screen.write_all(TAKE).and_then(|()| screen.flush())
}

/// Gives the terminal back if the view has it; says whether it had.
pub(in crate::training) fn leave() -> bool {
    let Some(before) = TAKEN.lock().unwrap_or_else(PoisonError::into_inner).take() else {
        return false;
    };
    let mut screen = io::stderr().lock();
    // Whatever fails here, nothing else can be done for the terminal.
    let _ = screen.write_all(GIVE_BACK).and_then(|()| screen.flush());
    let _ = tcsetattr(io::stderr(), OptionalActions::Flush, &before);
    true
}

/// Whether the view has the terminal.
pub(in crate::training) fn is_taken() -> bool {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner).is_some()
}

/// A key, if one comes within this time.
pub(super) fn key(wait: Duration) -> Option<u8> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        std::thread::sleep(wait);
        return None;
    }
    let mut polled = [PollFd::new(&stdin, PollFlags::IN)];
    let timeout = Timespec::try_from(wait).ok()?;
    match poll(&mut polled, Some(&timeout)) {
        Ok(1..) => {}
        Ok(_) => return None,
        // A signal: the wait is over early.
        Err(_) => return None,
    }
    let mut byte = [0];
    match rustix::io::read(&stdin, &mut byte) {
        Ok(1) => Some(byte[0]),
        // Nothing to be read from a terminal that says there is: it has gone. No busy waiting for it.
        _ => {
            std::thread::sleep(wait);
            None
        }
    }
}
