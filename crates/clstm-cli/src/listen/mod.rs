//! Live audio: sources, processing and display.
//!
//! A [`source`] runs on its own thread and sends its audio in chunks through the bounded [`channel`]. The [`listener`]
//! turns them into events and updates the [`session`], which the live view of a terminal draws.

mod channel;
mod listener;
#[cfg_attr(not(feature = "terminal"), path = "live/absent.rs")]
pub(crate) mod live;
mod meter;
mod session;
pub(crate) mod source;
mod summary;
mod text;

pub(crate) use listener::listen;
pub(crate) use session::{Session, Shared};
pub(crate) use summary::summary;
pub(crate) use text::Lines;
