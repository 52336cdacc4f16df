//! What the subcommands do, one file each.

pub(crate) mod ablate;
pub(crate) mod average;
pub(crate) mod compare;
pub(crate) mod corpus;
pub(crate) mod cv;
pub(crate) mod evaluate;
pub(crate) mod health;
pub(crate) mod inspect;
pub(crate) mod listen;
pub(crate) mod predict;
pub(crate) mod report;
pub(crate) mod rescore;
pub(crate) mod serve;
pub(crate) mod train;
