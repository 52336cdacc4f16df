//! The terminal taken for a view, and given back however the command ends.

use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

use rustix::process::getpgrp;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr,
};

use super::Screen;

/// Alternate screen, cleared for terminals that have none; cursor hidden.
const TAKE: &[u8] = b"\x1b[?1049h\x1b[2J\x1b[?25l";
/// Plain letters, nothing left of the view, cursor shown, the screen that was there before.
const GIVE_BACK: &[u8] = b"\x1b[0m\x1b[2J\x1b[H\x1b[?25h\x1b[?1049l";

/// The screen and the settings to come back to, while a view has the terminal.
static TAKEN: Mutex<Option<(Screen, Termios)>> = Mutex::new(None);

/// Whether this process may take the terminal: one in the background would be stopped for it.
pub(crate) fn is_ours(screen: Screen) -> bool {
    tcgetpgrp(screen).is_ok_and(|foreground| foreground == getpgrp())
}

/// Takes the terminal: keys come at once and unseen. Ctrl-C stays a signal; Ctrl-Z, which would leave the
/// shell in the view's screen, does nothing.
pub(crate) fn enter(mut screen: Screen) -> io::Result<()> {
    static HOOK: Once = Once::new();
    let before = tcgetattr(screen)?;
    let mut ours = before.clone();
    ours.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
    // 0 is _POSIX_VDISABLE on Linux, and a character that no key sends on others.
    ours.special_codes[SpecialCodeIndex::VSUSP] = 0;
    ours.special_codes[SpecialCodeIndex::VMIN] = 0;
    ours.special_codes[SpecialCodeIndex::VTIME] = 0;
    tcsetattr(screen, OptionalActions::Now, &ours)?;
    *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = Some((screen, before));
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            leave();
            before(panic);
        }));
    });
    screen.write_all(TAKE).and_then(|()| screen.flush()).inspect_err(|_| {
        leave();
    })
}

/// Gives the terminal back if the view has it; says whether it had.
pub(crate) fn leave() -> bool {
    let Some((mut screen, before)) = TAKEN.lock().unwrap_or_else(PoisonError::into_inner).take()
    else {
        return false;
    };
    // Whatever fails here, nothing else can be done for the terminal.
    let _ = screen.write_all(GIVE_BACK).and_then(|()| screen.flush());
    let _ = tcsetattr(screen, OptionalActions::Flush, &before);
    true
}

/// Whether the view has the terminal.
pub(crate) fn is_taken() -> bool {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner).is_some()
}
