//! Integration tests: downloads from servers on this machine that misbehave in every way.

// Helpers outside of test functions, too: a failed step is a failed test.
#![allow(clippy::unwrap_used)]

mod archives;
mod endless;
mod files;
mod fixture;
mod proxy;
mod redirects;
mod refusals;
mod resume;
mod server;
mod sources;
mod tls;
mod zips;
