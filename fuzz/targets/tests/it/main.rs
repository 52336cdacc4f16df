//! The corpora of the fuzzers, replayed, and the memory of decoders.

// Helpers outside of test functions, too: a failed step is a failed test. The test of memory reports its figures.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

#[cfg(target_os = "linux")]
mod memory;
mod replay;
