//! Integration tests of `clstm-audio`.

// Clippy exempts test functions, not the helpers they call.
#![allow(clippy::unwrap_used)]

mod channels;
mod compressed;
mod corpus;
mod damage;
mod errors;
mod ffmpeg;
mod formats;
mod headers;
mod hostile;
mod levels;
mod reference;
mod regression;
mod resampling;
mod segmenting;
mod support;
mod times;
mod trimming;
mod wav;
mod webm;
