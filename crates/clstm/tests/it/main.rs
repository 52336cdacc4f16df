//! Integration tests.

mod calibration;
mod channel_stream;
mod cost;
mod dimensions;
#[cfg(feature = "embedded")]
mod embedded;
mod frontend;
#[cfg(feature = "embedded")]
mod golden;
mod malformed;
mod model_file;
mod public_api;
mod recognizer;
mod spans;
mod speech;
mod stream;
mod support;
