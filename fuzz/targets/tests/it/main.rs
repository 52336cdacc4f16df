//! The corpora of the fuzzers, replayed, and the memory of decoders.

#[cfg(target_os = "linux")]
mod memory;
mod replay;
