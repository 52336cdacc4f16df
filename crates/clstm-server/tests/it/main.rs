//! A real server on a free port, asked from outside.

mod about;
mod batch;
mod browser;
mod client;
mod keys;
mod limits;
mod live;
mod page;
mod recognize;
mod reload;
mod share;
mod shutdown;
mod slow;
mod support;
mod tls;
mod webm;
