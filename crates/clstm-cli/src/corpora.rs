//! Opening a corpus, and saying what of it may not be as people think.

use std::path::Path;

use clstm_corpus::Corpus;

use crate::failure::Failure;
use crate::notes::note;
use crate::table::printable;

/// Opens the corpus of this name; its remarks go to stderr.
pub(crate) fn open(name: &str, data: &Path) -> Result<Corpus, Failure> {
    let corpus = clstm_corpus::open(name, data)?;
    for remark in &corpus.notes.remarks {
        note(&format!("{}: {}", corpus.name, printable(remark)));
    }
    Ok(corpus)
}

/// How many speakers there are, in words.
pub(crate) fn speakers(count: usize) -> String {
    match count {
        0 => "speakers not named".to_owned(),
        1 => "1 speaker".to_owned(),
        count => format!("{count} speakers"),
    }
}
