//! Integration tests of the training: tiny networks on a tiny made-up corpus.

mod augmentation;
mod auxiliary;
mod average;
mod corpus;
mod cross_validation;
mod dataset;
mod recipe;
mod reevaluate;
mod release_0_1;
mod resume;
#[cfg(feature = "ndarray")]
mod second_device;
mod statistics;
mod teacher;
mod tensorboard;
mod tone;
mod validation;
