//! Integration tests of reports, on runs that the tool itself left: `fixtures/make.py`.

// Helpers outside of test functions, too: a failed step is a failed test.
#![allow(clippy::unwrap_used)]

mod contents;
mod escaping;
mod malformed;
mod page;
mod snapshots;
mod support;
