//! Integration tests of the command: every test runs the binary.

mod bad_input;
mod corpus;
mod cross_validation;
mod output;
mod resume;
mod support;
mod train_and_use;
mod usage;
