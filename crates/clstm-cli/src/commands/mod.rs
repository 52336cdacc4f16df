//! The subcommands, one file each.

pub(crate) mod ablate;
pub(crate) mod annotate;
pub(crate) mod compare;
pub(crate) mod corpus;
pub(crate) mod cv;
pub(crate) mod ensemble;
pub(crate) mod evaluate;
pub(crate) mod export;
pub(crate) mod generate;
#[cfg(feature = "server")]
pub(crate) mod healthcheck;
pub(crate) mod inspect;
pub(crate) mod licenses;
pub(crate) mod listen;
pub(crate) mod predict;
pub(crate) mod report;
#[cfg(feature = "server")]
pub(crate) mod serve;
pub(crate) mod train;
