//! Opening a corpus, and saying what of it may not be as people think.

use std::path::PathBuf;

use clstm_corpus::{Corpus, LabelMap, Source};

use crate::args::{Classes, CorpusChoice, Place};
use crate::failure::Failure;
use crate::notes::note;
use crate::table::printable;

/// Opens the corpora that the arguments name, as one; its remarks go to stderr.
pub(crate) fn open(choice: &CorpusChoice) -> Result<Corpus, Failure> {
    gather(&sources("--corpus", &choice.corpus, &choice.data)?, &choice.classes)
}

/// Opens the corpora of `clstm corpus`, as one; its remarks go to stderr.
pub(crate) fn open_place(place: &Place, classes: &Classes) -> Result<Corpus, Failure> {
    gather(&sources_of(place)?, classes)
}

/// The corpora of `clstm corpus`.
pub(crate) fn sources_of(place: &Place) -> Result<Vec<Source>, Failure> {
    sources("the name of a corpus", &place.names, &place.data)
}

fn sources(what: &str, names: &[String], data: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    if names.len() != data.len() {
        return Err(Failure::Usage(format!(
            "{what} is given {}, --data {}; give each corpus its --data, in the same order",
            times(names.len()),
            times(data.len())
        )));
    }
    let pairs = names.iter().zip(data);
    Ok(pairs.map(|(name, data)| Source { name: name.clone(), data: data.clone() }).collect())
}

fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn gather(sources: &[Source], classes: &Classes) -> Result<Corpus, Failure> {
    let map = classes.labels.as_deref().map(LabelMap::read).transpose()?;
    let corpus = clstm_corpus::gather(sources, &classes.target, map.as_ref())?;
    tell(&corpus);
    Ok(corpus)
}

/// What of a corpus may not be as people think.
pub(crate) fn tell(corpus: &Corpus) {
    for remark in &corpus.notes.remarks {
        note(&format!("{}: {}", corpus.name, printable(remark)));
    }
}

/// How many speakers there are, in words.
pub(crate) fn speakers(count: usize) -> String {
    match count {
        0 => "speakers not named".to_owned(),
        1 => "1 speaker".to_owned(),
        count => format!("{count} speakers"),
    }
}
