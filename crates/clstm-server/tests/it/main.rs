//! A real server on a free port, asked from outside.

mod auth;
mod batch;
mod browser;
mod calls;
mod channels;
mod client;
mod clock;
mod containers;
#[cfg(unix)]
mod decode_workers;
mod dimensions;
mod floods;
mod limits;
mod meta;
mod origin;
mod page;
mod quota;
mod recognize;
mod reload;
mod segments;
mod shutdown;
mod stream;
mod support;
mod timeouts;
mod tls;
mod webm;
