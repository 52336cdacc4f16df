//! Ctrl-C and SIGTERM end a command in good order.

use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(unix)]
use signal_hook::{consts::SIGTERM, iterator::Signals};

use crate::failure::Failure;

/// What is set by the first Ctrl-C or SIGTERM (which batch systems send first), `told` being called then; a
/// second one gives the terminal back and ends the process.
pub(crate) fn stop_on_interrupt(
    told: impl Fn() + Copy + Send + 'static,
) -> Result<&'static AtomicBool, Failure> {
    static STOP: AtomicBool = AtomicBool::new(false);
    let interrupted = move || {
        if STOP.swap(true, Ordering::Relaxed) {
            #[cfg(unix)]
            crate::terminal::leave();
            std::process::exit(130);
        }
        told();
    };
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        Failure::Failed(format!("cannot listen for {what}: {error}"))
    };
    ctrlc::set_handler(interrupted).map_err(|error| failed("Ctrl-C", &error))?;
    #[cfg(unix)]
    {
        let mut signals = Signals::new([SIGTERM]).map_err(|error| failed("SIGTERM", &error))?;
        std::thread::spawn(move || signals.forever().for_each(|_| interrupted()));
    }
    Ok(&STOP)
}
