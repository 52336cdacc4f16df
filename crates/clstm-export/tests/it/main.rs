//! Integration tests of the export. `bindings/python/tests` compares the graphs' outputs with the library's.

// Helpers outside of test functions, too: a failed step is a failed test.
#![allow(clippy::unwrap_used)]

mod graph;
