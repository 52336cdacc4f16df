//! A build without the feature `terminal` has no live view.

use std::convert::Infallible;

use clstm_train::{Event, Observer, StopFlag};

use super::observers::RunDescription;

/// The view, of which there is none.
pub(super) struct Live(Infallible);

impl Live {
    /// `None`: there is no view.
    pub(super) fn start(_: &RunDescription<'_>, _: &'static StopFlag) -> Option<Self> {
        None
    }

    /// Whether the view still draws.
    pub(super) fn is_drawing(&self) -> bool {
        match self.0 {}
    }

    /// Restores the terminal.
    pub(super) fn finish(&mut self) {
        match self.0 {}
    }
}

impl Observer for Live {
    fn on_event(&mut self, _: &Event) {
        match self.0 {}
    }
}
