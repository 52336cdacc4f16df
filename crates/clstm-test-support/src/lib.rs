//! What the tests of several crates share. No crate depends on it but for its tests, and it depends on none: a test
//! of any crate may use it.
//!
//! The writers build containers from the formats' specifications, not with the decoders' libraries: tests compare two
//! independent implementations.

pub mod aiff;
pub mod allocations;
pub mod caf;
mod crc;
pub mod flac;
pub mod matroska;
pub mod mp4;
pub mod ogg;
pub mod parquet;
mod require;
pub mod wav;

pub use require::skip;
