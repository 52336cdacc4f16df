//! Live sound: where it comes from, what is heard in it, and how that is shown.
//!
//! A [`source`] runs on a thread of its own and hands its sound over in chunks through the bounded [`feed`]. The
//! [`listener`] makes events of them; what is known of the session goes into a [`session`], which the live view
//! of a terminal draws.

mod feed;
mod listener;
#[cfg(unix)]
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
