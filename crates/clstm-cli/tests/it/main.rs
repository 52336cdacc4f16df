//! Integration tests of the command: every test runs the binary.

// Helpers outside of test functions, too: a failed step is a failed test.
#![allow(clippy::unwrap_used)]

mod bad_input;
mod calibration;
mod corpus;
mod cross_validation;
mod device;
mod manifest;
mod output;
mod precision;
mod report;
mod resume;
mod support;
mod train_and_use;
mod usage;
