//! Reports of finished cross-validations: the tables and figures that one would put in a paper.
//!
//! [`Run::read`] reads the folder of a run of `clstm cv`, [`Report::new`] computes the figures, and
//! [`Report::write`] writes one self-contained HTML page and the same as Markdown, LaTeX, JSON, CSV, SVG and
//! PNG. Every table carries the protocol that its figures were obtained by.
//!
//! ```no_run
//! use clstm_report::{Options, Report, Run};
//! # fn main() -> Result<(), clstm_report::ReportError> {
//! let runs = vec![Run::read("runs/random".as_ref())?, Run::read("runs/emobox".as_ref())?];
//! Report::new(runs, &Options::default())?.write("report".as_ref())?;
//! # Ok(())
//! # }
//! ```
//!
//! A report is a function of the runs alone: the same runs give the same bytes.

#![forbid(unsafe_code)]

mod analysis;
mod document;
mod error;
mod figure;
mod literature;
mod pca;
mod render;
mod report;
mod reproduce;
mod run;
mod section;
mod settings;

pub use analysis::{Analysis, RunComparison, compare_runs};
pub use error::ReportError;
pub use report::{Options, RecipeFormat, Report};
pub use reproduce::Reproduction;
pub use run::{EpochPoint, Run, RunFold, Seen, discover};
pub use settings::{SettingDifference, differing_settings};

/// Seed of every resampling of a report.
pub const SEED: u64 = 1;
