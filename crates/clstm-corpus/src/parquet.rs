//! Parquet files of labelled recordings, as Hugging Face `datasets` writes them.
//!
//! A column of recordings is a group of `bytes` (the content of an audio file) and `path`, or binary data in a column
//! `audio`. Labels are texts, or integers whose names the schema's metadata has (`ClassLabel`); see
//! <https://huggingface.co/docs/datasets/about_dataset_features>. Other columns are those of a manifest. Recordings stay in the
//! file: [`recordings`] reads them again, a few MB at a time.

mod columns;
mod features;
mod file;
mod recordings;
mod table;
mod texts;

pub use recordings::EmbeddedRecordings;
pub(crate) use recordings::read_rows;
pub(crate) use table::read;
pub use texts::parquet_texts;

/// Extension of the files.
pub(crate) const EXTENSION: &str = "parquet";
