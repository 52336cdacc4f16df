//! Statistics of metrics: reports by class, confidence intervals, and tests between two runs.
//!
//! The utterances of one speaker are correlated. Methods that take them for independent give intervals that are too
//! narrow and p-values that are too small; resampling and tests here draw whole speakers wherever they are known
//! ([`ClusterBy`]).

mod bootstrap;
mod classification;
mod cluster;
mod concordance;
mod dimensions;
mod mcnemar;
mod permutation;

pub use bootstrap::{INTERVAL_LEVEL, Interval, Intervals, REPLICATES, bootstrap};
pub use classification::{Average, ClassificationReport, row_normalized};
pub use cluster::ClusterBy;
pub use dimensions::{DimensionScores, DimensionSummary, RaterAgreement};
pub use mcnemar::{McNemar, mcnemar_exact};
pub use permutation::{Comparison, Difference, EXACT_CLUSTERS, PERMUTATIONS, compare};
