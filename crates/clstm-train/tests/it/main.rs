//! Integration tests of the training: tiny networks on a tiny made-up corpus.

mod augmentation;
mod average;
mod corpus;
mod cross_validation;
mod dataset;
mod recipe;
mod rescore;
mod resume;
#[cfg(feature = "ndarray")]
mod second_device;
mod statistics;
mod tasks;
mod teacher;
mod tensorboard;
mod tone;
mod validation;
