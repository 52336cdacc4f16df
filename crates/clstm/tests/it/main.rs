//! Integration tests of the facade.

mod cost;
#[cfg(feature = "embedded")]
mod embedded;
mod frontend;
mod inference;
mod malformed;
mod model_file;
mod recognizer;
mod stream;
mod support;
