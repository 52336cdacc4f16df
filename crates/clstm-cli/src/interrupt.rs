//! Ctrl-C and SIGTERM (which batch systems send first) end a command in good order.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::CliError;
use crate::messages::note;

static STOP: AtomicBool = AtomicBool::new(false);

/// What the first interrupt prints, unless a view shows it.
static MESSAGE: OnceLock<&str> = OnceLock::new();

/// Whether the command has been requested to stop.
pub(crate) fn is_interrupted() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// Requests the command to stop, as Ctrl-C does. A second call restores the terminal and ends the process with status 130.
pub(crate) fn interrupt() {
    if STOP.swap(true, Ordering::Relaxed) {
        crate::terminal::leave();
        std::process::exit(130);
    }
    if !crate::terminal::is_taken()
        && let Some(message) = MESSAGE.get().filter(|message| !message.is_empty())
    {
        note(message);
    }
}

/// The flag that the first Ctrl-C or SIGTERM sets. It prints `message`, unless that is empty or a live view is shown.
///
/// # Errors
/// If the handler cannot be installed.
pub(crate) fn stop_on_interrupt(message: &'static str) -> Result<&'static AtomicBool, CliError> {
    if MESSAGE.set(message).is_ok() {
        install().map_err(|error| {
            CliError::Failed(format!("cannot install the handler of Ctrl-C: {error}"))
        })?;
    }
    Ok(&STOP)
}

/// Ctrl-C on all systems, and SIGTERM on Unix. Not SIGHUP: nohup ignores it.
fn install() -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGTERM])?;
        let thread = std::thread::Builder::new().name("signals".to_owned());
        thread.spawn(move || signals.forever().for_each(|_| interrupt()))?;
    }
    ctrlc::set_handler(interrupt).map_err(io::Error::other)
}
