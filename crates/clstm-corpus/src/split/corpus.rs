//! Leave one corpus out, of several joined ones.

use std::collections::BTreeSet;

use super::{Fold, Split, at_least_two, speakers_known};
use crate::{Corpus, CorpusError, Utterance};

const SPLIT: Split = Split::LeaveOneCorpusOut;

/// The corpora that the utterances come from, sorted; their place is the number of the fold less 1.
pub(super) fn names(corpus: &Corpus) -> Vec<&str> {
    let names: BTreeSet<&str> = corpus.utterances.iter().map(|u| u.corpus.as_str()).collect();
    names.into_iter().filter(|name| !name.is_empty()).collect()
}

/// One fold for each corpus. Its test part has the classes alone that the training part has, and its
/// training part none of the speakers of the corpus that it tests on: joined corpora of the same
/// release name them alike.
pub(super) fn folds(corpus: &Corpus, k: usize) -> Result<Vec<Fold>, CorpusError> {
    let unsupported = |reason: String| CorpusError::UnsupportedSplit {
        corpus: corpus.name.clone(),
        split: SPLIT,
        reason,
    };
    let names = names(corpus);
    if names.len() < 2 {
        let reason = "it is one corpus; join it with others, each with its --corpus and --data";
        return Err(unsupported(reason.to_owned()));
    }
    if k != names.len() {
        let reason = format!("there is one fold a corpus, and {} corpora", names.len());
        return Err(CorpusError::FoldCount { split: SPLIT, k, reason });
    }
    at_least_two(SPLIT, k)?;
    speakers_known(corpus, SPLIT)?;
    let fold = |(number, name): (usize, &str)| {
        let utterances = || corpus.utterances.iter().enumerate();
        let tested = |u: &Utterance| u.corpus == name;
        let people: BTreeSet<&str> =
            utterances().filter(|(_, u)| tested(u)).map(|(_, u)| u.speaker.as_str()).collect();
        let train: Vec<usize> = utterances()
            .filter(|(_, u)| !tested(u) && !people.contains(u.speaker.as_str()))
            .map(|(i, _)| i)
            .collect();
        let classes: BTreeSet<usize> = train.iter().map(|&i| corpus.utterances[i].label).collect();
        let test: Vec<usize> = utterances()
            .filter(|(_, u)| tested(u) && classes.contains(&u.label))
            .map(|(i, _)| i)
            .collect();
        match (train.is_empty(), test.is_empty()) {
            (true, _) => Err(unsupported(format!("without {name} there is nothing to train on"))),
            (_, true) => {
                Err(unsupported(format!("{name} has no class in common with the other corpora")))
            }
            _ => Ok(Fold { number: number + 1, train, test }),
        }
    };
    names.iter().copied().enumerate().map(fold).collect()
}
