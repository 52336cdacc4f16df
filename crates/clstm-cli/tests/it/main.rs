//! Integration tests of the command: every test runs the binary.

// Helpers outside of test functions, too: a failed step is a failed test.
#![allow(clippy::unwrap_used)]

mod bad_input;
mod calibration;
mod corpus;
mod cross_validation;
mod device;
mod download;
mod manifest;
mod output;
mod precision;
mod resume;
mod support;
mod train_and_use;
mod usage;
