//! The protocol of a cross-validation.

use clstm::{EvalProtocol, LeakageCounts};
use clstm_corpus::{Corpus, Fold, Split, Target, leakage_counts};

/// The protocol of a corpus and its folds: what is split how, and what leaks. `groups` are the utterances' groups of
/// equal recordings. Preset, epochs, precision and lineage are left to the caller.
#[must_use]
pub fn protocol_of_folds(
    corpus: &Corpus,
    groups: &[usize],
    split: Split,
    folds: &[Fold],
    seed: u64,
) -> EvalProtocol {
    let leakage = leakage_counts(corpus, groups, folds, split);
    let named = corpus.utterances.iter().all(|u| u.speaker().is_some());
    let promised = split == Split::Given || split.keeps_speakers_apart(corpus);
    let apart = promised && leakage.speakers == 0 && corpus.target != Target::Speaker;
    EvalProtocol {
        split: split.to_string(),
        // Of the other splits the name is enough.
        speakers_apart: (named && split != Split::Random && (split == Split::Given || !apart))
            .then_some(apart),
        leakage: LeakageCounts { speakers: leakage.speakers, copies: leakage.copies },
        folds: folds.len(),
        ..protocol_of_everything(corpus, seed)
    }
}

/// The protocol of a training on all of a corpus.
#[must_use]
pub fn protocol_of_everything(corpus: &Corpus, seed: u64) -> EvalProtocol {
    EvalProtocol {
        corpus: corpus.name.clone(),
        target: corpus.target_name(),
        label_map: corpus.label_map.clone(),
        split: EvalProtocol::NO_SPLIT.to_owned(),
        seed,
        models: 1,
        tta_passes: 1,
        ..EvalProtocol::default()
    }
}
