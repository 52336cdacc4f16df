//! Integration tests of metrics and statistics.

mod statistics;
