//! Speech emotion corpora: utterances, labels, splits and integrity.
//!
//! A corpus is opened by name from the folder it was unpacked in, one's own recordings as `manifest`
//! from a CSV file that lists them or as `audiofolder` from a folder for each class; it is cut into
//! folds by a protocol, and every fold can be asked whether anything leaks from training into test.
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
//! [`gather`] opens several corpora as one, makes classes of a [`Target`] (speakers, sentences, any
//! column of a list) and merges labels by a [`LabelMap`].
//!
//! # Adding a corpus
//!
//! A corpus is one module with one `Adapter` constant, and one line in `registry.rs` naming it.
//! Classes go by the same words in all corpora (angry, bored, calm, disgust, excited, fearful,
//! frustrated, happy, neutral, sad, surprised), so that one can be tested with a model of another.

mod audiofolder;
mod check;
mod corpus;
mod crema_d;
mod emo_db;
mod emobox_list;
mod error;
mod fingerprint;
mod gather;
mod iemocap;
mod label_map;
mod manifest;
mod measure;
mod meld;
mod ravdess;
mod registry;
mod savee;
mod scan;
mod split;
mod stats;
mod table5;
mod target;
mod tess;
mod utterance;
mod walk;

pub use check::{
    CheckReport, CountKind, CountMismatch, DuplicateGroup, FaultyUtterance, UnreadableUtterance,
    check,
};
pub use corpus::{Corpus, DoubledUtterance, MalformedFile, ScanNotes};
pub use error::CorpusError;
pub use fingerprint::{Fingerprint, duplicate_groups, groups_of};
pub use gather::{Source, gather, shares_corpus, speaker_everywhere};
pub use label_map::LabelMap;
pub use manifest::RowProblem;
pub use measure::{Measurement, measure, read_each, stretch};
pub use registry::{CorpusInfo, open, supported};
pub use split::{
    AllowedLeakage, Fold, GivenSplit, HoldOut, Leakage, LeakageCounts, Split, ValidationSplit,
    check_leakage, check_leakage_between, folds, folds_allowing, given_split, leakage_counts,
    validation_split,
};
pub use stats::{ClassStats, CorpusStats, DurationStats, SpeakerStats};
pub use table5::{Table5Row, table5};
pub use target::{Target, subject};
pub use utterance::{Intensity, Part, Sex, Style, Utterance};
