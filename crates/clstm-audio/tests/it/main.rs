//! Integration tests of `clstm-audio`.

// Clippy exempts test functions, not the helpers they call.
#![allow(clippy::unwrap_used)]

mod compressed;
mod corpus;
mod damage;
mod errors;
mod levels;
mod reference;
mod regression;
mod resampling;
mod segmenting;
mod support;
mod trimming;
mod wav;
mod webm;
