//! Taking the terminal for a view and restoring it, however the command ends.

use std::io;
use std::sync::{Mutex, PoisonError};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::execute;
use crossterm::style::ResetColor;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

use super::Screen;

/// The screen while a view has the terminal.
static TAKEN: Mutex<Option<Screen>> = Mutex::new(None);

/// Whether this process may take the terminal. The system would stop one in the background that does.
#[cfg(unix)]
pub(super) fn is_in_foreground() -> bool {
    let foreground = rustix::termios::tcgetpgrp(rustix::stdio::stdin())
        .or_else(|_| rustix::termios::tcgetpgrp(rustix::stdio::stderr()))
        .or_else(|_| rustix::termios::tcgetpgrp(rustix::stdio::stdout()));
    foreground.is_ok_and(|group| group == rustix::process::getpgrp())
}

#[cfg(not(unix))]
pub(super) fn is_in_foreground() -> bool {
    true
}

/// Takes the terminal: alternate screen, cursor hidden, keys read at once and not echoed. Ctrl-C and Ctrl-Z become keys;
/// the latter would leave the shell in the view's screen.
pub(super) fn enter(mut screen: Screen) -> io::Result<()> {
    enable_raw_mode()?;
    *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(screen);
    // Cleared for terminals without an alternate screen.
    execute!(screen, EnterAlternateScreen, Clear(ClearType::All), Hide).inspect_err(|_| {
        leave();
    })
}

/// Restores the terminal if a view has it; whether one had.
pub(crate) fn leave() -> bool {
    let Some(mut screen) = TAKEN.lock().unwrap_or_else(PoisonError::into_inner).take() else {
        return false;
    };
    // If this fails, nothing else can be done for the terminal.
    let _ = execute!(
        screen,
        ResetColor,
        Clear(ClearType::All),
        MoveTo(0, 0),
        Show,
        LeaveAlternateScreen
    );
    let _ = disable_raw_mode();
    true
}

/// Whether a view has the terminal.
pub(crate) fn is_taken() -> bool {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner).is_some()
}
