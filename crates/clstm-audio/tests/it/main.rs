//! Integration tests of `clstm-audio`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests print what they skip and measure"
)]
// Clippy exempts test functions, not the helpers they call.
#![allow(clippy::unwrap_used)]

mod channels;
mod compressed;
mod contradictions;
mod corpus;
mod damage;
mod errors;
mod ffmpeg;
mod formats;
mod headers;
mod hostile;
mod levels;
mod live;
mod reference;
mod regression;
mod resampling;
mod segmenting;
mod support;
mod times;
mod trimming;
mod wav;
mod webm;
