//! A build without the feature `terminal`: no view takes the terminal.

use std::convert::Infallible;

/// The thread of a view, of which there is none.
pub(crate) struct RenderThread(Infallible);

impl RenderThread {
    /// Whether it still draws.
    pub(crate) fn is_drawing(&self) -> bool {
        match self.0 {}
    }

    /// Ends the thread and restores the terminal; whether that was still to be done.
    pub(crate) fn finish(&mut self) -> bool {
        match self.0 {}
    }
}

/// Restores the terminal if a view has it; whether one had.
pub(crate) fn leave() -> bool {
    false
}

/// Whether a view has the terminal.
pub(crate) fn is_taken() -> bool {
    false
}
