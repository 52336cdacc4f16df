//! The formats of a report.

pub(crate) mod csv;
pub(crate) mod escape;
pub(crate) mod html;
pub(crate) mod latex;
pub(crate) mod markdown;
