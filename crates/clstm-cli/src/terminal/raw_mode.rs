//! Taking the terminal for a view and restoring it, however the command ends.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use rustix::process::getpgrp;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr,
};

use super::Screen;

/// Alternate screen, cleared for terminals that have none; cursor hidden.
const TAKE: &[u8] = b"\x1b[?1049h\x1b[2J\x1b[?25l";
/// Default colours, an empty screen, the cursor shown, the main screen.
const GIVE_BACK: &[u8] = b"\x1b[0m\x1b[2J\x1b[H\x1b[?25h\x1b[?1049l";

/// The screen and the settings to restore, while a view has the terminal.
static TAKEN: Mutex<Option<(Screen, Termios)>> = Mutex::new(None);

/// Whether this process may take the terminal. The system would stop one in the background that does.
pub(super) fn is_ours(screen: Screen) -> bool {
    tcgetpgrp(screen).is_ok_and(|foreground| foreground == getpgrp())
}

/// Takes the terminal: keys are read at once and not echoed. Ctrl-C stays a signal; Ctrl-Z, which would leave the shell in
/// the view's screen, does nothing.
pub(super) fn enter(mut screen: Screen) -> io::Result<()> {
    let before = tcgetattr(screen)?;
    let mut ours = before.clone();
    ours.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
    // 0 is _POSIX_VDISABLE on Linux, and a character that no key sends on others.
    ours.special_codes[SpecialCodeIndex::VSUSP] = 0;
    ours.special_codes[SpecialCodeIndex::VMIN] = 0;
    ours.special_codes[SpecialCodeIndex::VTIME] = 0;
    tcsetattr(screen, OptionalActions::Now, &ours)?;
    *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = Some((screen, before));
    screen.write_all(TAKE).and_then(|()| screen.flush()).inspect_err(|_| {
        leave();
    })
}

/// Restores the terminal if a view has it; whether one had.
pub(crate) fn leave() -> bool {
    let Some((mut screen, before)) = TAKEN.lock().unwrap_or_else(PoisonError::into_inner).take()
    else {
        return false;
    };
    // If this fails, nothing else can be done for the terminal.
    let _ = screen.write_all(GIVE_BACK).and_then(|()| screen.flush());
    let _ = tcsetattr(screen, OptionalActions::Flush, &before);
    true
}

/// Whether the view has the terminal.
pub(crate) fn is_taken() -> bool {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner).is_some()
}
