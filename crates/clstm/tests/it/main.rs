//! Integration tests of the facade.

mod cost;
mod frontend;
mod inference;
mod malformed;
mod model_file;
mod recognizer;
mod support;
