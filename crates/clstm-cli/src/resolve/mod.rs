//! From names on the command line to devices, models and corpora.

pub(crate) mod classes;
pub(crate) mod corpus;
pub(crate) mod device;
pub(crate) mod model;
