//! Integration tests of `clstm-corpus`, one module a concern.

// Clippy allows these in test functions alone; the helpers beside them are tests as well.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod audiofolder;
mod check;
mod corpora;
mod dimensions;
mod emobox_list;
mod folds;
mod given;
mod iemocap;
mod independent_splits;
mod label_map;
mod leakage;
mod manifest;
mod manifest_errors;
mod meld;
mod new_corpora;
mod open;
mod open_many;
mod parquet;
mod properties;
mod release;
mod require;
mod speaker_folds;
mod stats;
mod target;
mod tree;
mod validation;
