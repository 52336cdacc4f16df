//! Corpora by name and folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clstm_corpus::{Corpus, CorpusSource, LabelMap};

use crate::args::{CorpusArgs, CorpusLocation, TargetArgs};
use crate::error::CliError;
use crate::messages::note;
use crate::output::OutputGuard;

/// Opens the corpora of --corpus and --data as one; its remarks go to stderr.
pub(crate) fn open(choice: &CorpusArgs) -> Result<Corpus, CliError> {
    open_all(&sources("--corpus", &choice.corpus, &choice.data)?, &choice.classes)
}

/// Opens the corpora of --corpus and --data as one, with the classes of a label map; the caller prints its remarks.
pub(crate) fn open_mapped(choice: &CorpusArgs, map: Option<&Path>) -> Result<Corpus, CliError> {
    let sources = sources("--corpus", &choice.corpus, &choice.data)?;
    let map = map.map(LabelMap::named).transpose()?;
    Ok(clstm_corpus::open_targets(&sources, &choice.classes.target, map.as_ref())?)
}

/// Opens the corpora of `clstm corpus` as one; its remarks go to stderr.
pub(crate) fn open_location(
    location: &CorpusLocation,
    classes: &TargetArgs,
) -> Result<Corpus, CliError> {
    open_all(&sources_of(location)?, classes)
}

/// The corpora of `clstm corpus`.
pub(crate) fn sources_of(location: &CorpusLocation) -> Result<Vec<CorpusSource>, CliError> {
    sources("the name of a corpus", &location.names, &location.data)
}

fn sources(what: &str, names: &[String], data: &[PathBuf]) -> Result<Vec<CorpusSource>, CliError> {
    if names.len() != data.len() {
        return Err(CliError::Usage(format!(
            "{what} is given {}, --data {}; give each corpus its --data, in the same order",
            times(names.len()),
            times(data.len())
        )));
    }
    let pairs = names.iter().zip(data);
    Ok(pairs.map(|(name, data)| CorpusSource { name: name.clone(), data: data.clone() }).collect())
}

fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn open_all(sources: &[CorpusSource], classes: &TargetArgs) -> Result<Corpus, CliError> {
    let map = classes.label_map.as_deref().map(LabelMap::named).transpose()?;
    let corpus = clstm_corpus::open_targets(sources, &classes.target, map.as_ref())?;
    print_remarks(&corpus);
    Ok(corpus)
}

/// Registers the files of a corpus, which no output may replace.
pub(crate) fn guard(guard: &mut OutputGuard, choice: &CorpusArgs, corpus: &Corpus) {
    for data in &choice.data {
        guard.input("the corpus", data);
    }
    guard.optional_input("the label map", choice.classes.label_map.as_deref());
    // A Parquet file has many recordings.
    let files: BTreeSet<&Path> = corpus.utterances.iter().map(|it| it.path.as_path()).collect();
    files.into_iter().for_each(|file| guard.input("the recording", file));
}

/// Prints what a user may not expect of a corpus.
pub(crate) fn print_remarks(corpus: &Corpus) {
    for sentence in corpus.notes.sentences() {
        note(&format!("{}: {sentence}", corpus.name));
    }
}

/// The number of speakers in words.
pub(crate) fn speakers(count: usize) -> String {
    match count {
        0 => "speakers not named".to_owned(),
        1 => "1 speaker".to_owned(),
        count => format!("{count} speakers"),
    }
}
