//! A build without the feature `terminal` has no live view.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::session::Shared;
use crate::terminal::RenderThread;

/// `None`: there is no view.
pub(crate) fn start(_: &Arc<Shared>, _: &'static AtomicBool) -> Option<RenderThread> {
    None
}
