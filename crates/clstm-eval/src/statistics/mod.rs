//! What figures of merit are worth: reports by class, intervals, and tests between two runs.
//!
//! Utterances of one speaker are alike: a model that fails on a voice fails on all that it says. What
//! takes utterances for independent therefore promises too much; resampling and tests here go by
//! speakers wherever they are known ([`ClusterBy`]).

mod bootstrap;
mod classification;
mod cluster;
mod mcnemar;
mod permutation;

pub use bootstrap::{INTERVAL_LEVEL, Interval, Intervals, REPLICATES, bootstrap};
pub use classification::{Average, ClassificationReport, row_normalized};
pub use cluster::ClusterBy;
pub use mcnemar::{McNemar, mcnemar_exact};
pub use permutation::{Comparison, Difference, EXACT_CLUSTERS, PERMUTATIONS, compare};
