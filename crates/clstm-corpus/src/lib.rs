//! Speech emotion corpora: utterances, labels, splits and integrity.
//!
//! A corpus is opened by name from the folder it was unpacked in, one's own recordings as `manifest`
//! from a CSV or Parquet file that lists them or as `audiofolder` from a folder for each class. It is cut into
//! folds by a [`Split`], and [`check_leakage`] reports what a fold shares between training and test.
//!
//! ```no_run
//! use clstm_corpus::{Split, check_leakage, duplicate_groups, folds, open};
//! # fn main() -> Result<(), clstm_corpus::CorpusError> {
//! let corpus = open("ravdess", "data/ravdess".as_ref())?;
//! let groups = duplicate_groups(&corpus)?;
//! for fold in folds(&corpus, &groups, Split::Speaker, 5, 42)? {
//!     check_leakage(&corpus, &groups, &fold, Split::Speaker).into_result()?;
//!     assert_eq!(fold.train.len() + fold.test.len(), corpus.utterances.len());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`open_many`] opens several corpora as one, makes classes of a [`Target`] (speakers, sentences, any
//! column of a list) and merges labels by a [`LabelMap`]. [`open_targets`] adds continuous dimensions, such as arousal.
//!
//! # Adding a corpus
//!
//! A corpus is one module in `adapters` with one `Adapter` constant, and one line in `registry.rs` naming
//! it. Classes have the same names in all corpora (angry, bored, calm, disgust, excited, fearful,
//! frustrated, happy, neutral, sad, surprised), so that one can be tested with a model of another.

#![forbid(unsafe_code)]

mod adapters;
mod check;
mod corpus;
mod dimension;
mod error;
mod filename_scan;
mod fingerprint;
mod label_map;
mod manifest;
mod open_many;
mod parquet;
mod read_all;
mod registry;
mod remark;
mod spelling;
mod split;
mod stats;
mod table5;
mod target;
mod targets;
mod utterance;
mod walk;

pub use check::{
    CheckReport, CountKind, CountMismatch, DuplicateGroup, FaultyUtterance, UnreadableUtterance,
    check,
};
pub use corpus::{Corpus, DuplicateFile, LeftOut, LeftOutReason, MalformedFile, ScanNotes};
pub use error::CorpusError;
pub use fingerprint::{Fingerprint, duplicate_groups, groups_of};
pub use label_map::{BUILTIN_LABEL_MAPS, LabelMap, builtin_label_map};
pub use manifest::RowProblem;
pub use open_many::{
    CorpusSource, global_speaker, open_many, open_targets, shares_corpus, shares_speakers,
};
pub use parquet::{EmbeddedRecordings, parquet_texts};
pub use read_all::{AudioSource, Measurement, measure, read_each, read_whole, sample_range};
pub use registry::{CorpusInfo, open, supported};
pub use remark::Remark;
pub use split::{
    AllowedLeakage, Fold, GivenSplit, HoldOutUnit, Leakage, LeakageCounts, Split, ValidationSplit,
    check_leakage, check_leakage_between, folds, folds_allowing, given_split, leakage_counts,
    validation_split,
};
pub use stats::{ClassStats, CorpusStats, DurationStats, SpeakerStats};
pub use table5::{Table5Row, table5};
pub use target::{Target, describe_corpus};
pub use targets::Targets;
pub use utterance::{Intensity, Part, Sex, Style, Utterance};
pub use walk::left_out;
