//! What was downloaded, written down beside it: `.clstm-download/NAME.json`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::DownloadError;

/// The form of the receipt; others are as good as none.
const VERSION: u32 = 1;

/// A finished download.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    version: u32,
    corpus: String,
    /// Where it came from.
    pub(crate) from: String,
    /// How its bytes were checked.
    pub(crate) checked: String,
    /// The files, by their paths below the folder, with `/`.
    pub(crate) files: Vec<ReceiptFile>,
}

/// One of its files.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReceiptFile {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
}

impl Receipt {
    pub(crate) fn new(
        corpus: &str,
        from: String,
        checked: String,
        files: Vec<ReceiptFile>,
    ) -> Self {
        Self { version: VERSION, corpus: corpus.to_owned(), from, checked, files }
    }

    /// The receipt of a corpus in a folder, where every file of it still has its length.
    pub(crate) fn of_complete(work_dir: &Path, to: &Path, corpus: &str) -> Option<Self> {
        let text = fs::read(Self::path(work_dir, corpus)).ok()?;
        let receipt: Self = serde_json::from_slice(&text).ok()?;
        let fits = receipt.version == VERSION && receipt.corpus == corpus;
        let there = |file: &ReceiptFile| {
            fs::metadata(to.join(&file.path))
                .is_ok_and(|meta| meta.is_file() && meta.len() == file.bytes)
        };
        (fits && !receipt.files.is_empty() && receipt.files.iter().all(there)).then_some(receipt)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Writes it, whole or not at all.
    pub(crate) fn write(&self, work_dir: &Path) -> Result<(), DownloadError> {
        let path = Self::path(work_dir, &self.corpus);
        let new = path.with_extension("json.new");
        let write = || {
            fs::write(&new, serde_json::to_vec_pretty(self).map_err(io::Error::other)?)?;
            fs::rename(&new, &path)
        };
        write().map_err(DownloadError::io("write", &path))
    }

    fn path(work_dir: &Path, corpus: &str) -> PathBuf {
        work_dir.join(format!("{corpus}.json"))
    }
}
