//! Integration tests of the training: tiny networks on a tiny made-up corpus.

mod augmentation;
mod auxiliary;
mod corpus;
mod cross_validation;
mod dataset;
mod dimensions;
mod ensemble;
mod extending;
mod fine_tuning;
mod recipe;
mod reevaluate;
mod release_0_1;
mod resume;
#[cfg(feature = "ndarray")]
mod second_device;
mod teacher;
mod tensorboard;
mod tone;
mod validation;
