//! Integration tests of `clstm-segments`.

// Helpers outside of test functions, too: a failed step is a failed test.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod annotators;
mod channels;
mod consumers;
mod detection;
mod dimensions;
mod eaf;
mod exchange;
mod mistakes;
mod properties;
mod regression;
mod samples;
mod subtitles;
mod tables;
mod textgrid;
mod whisper;
