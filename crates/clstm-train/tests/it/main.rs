//! Integration tests of the training: tiny networks on a tiny made-up corpus.

mod average;
mod corpus;
mod cross_validation;
mod recipe;
mod resume;
#[cfg(feature = "ndarray")]
mod second_device;
mod statistics;
