//! What a model was trained on of what it is tested on, as far as its file tells.

use std::collections::{BTreeSet, HashSet};

use clstm::TrainingInfo;
use clstm_corpus::Corpus;
use serde::Serialize;

use super::Part;

/// How far test and training are the same thing.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Overlap {
    /// Whether the test utterances are the very fold that was held out in the training.
    held_out_fold: bool,
    /// Test speakers that the model was trained on.
    speakers: Vec<String>,
    /// Test utterances that it was trained on for certain.
    utterances_trained_on: usize,
    /// Test utterances of which the file does not tell.
    utterances_unknown: usize,
    /// Test utterances.
    utterances: usize,
}

impl Overlap {
    /// By the model's account of its training.
    pub(crate) fn of(training: &TrainingInfo, corpus: &Corpus, part: &Part) -> Self {
        let same_corpus = training.corpus == corpus.name;
        // The sentence of a fold's model names its fold, split, seed and epochs.
        let held_out_fold = same_corpus
            && part.fold.as_ref().is_some_and(|(fold, protocol)| {
                let fold = format!("fold {} of {}:", fold.number, protocol.describe());
                training.protocol.starts_with(&fold)
            });
        let trained: HashSet<&str> = match same_corpus {
            true => training.speakers.iter().map(String::as_str).collect(),
            false => HashSet::new(),
        };
        let held_out: HashSet<&str> = training.test_speakers.iter().map(String::as_str).collect();
        let (mut certain, mut unknown) = (0, 0);
        let mut speakers = BTreeSet::new();
        for utterance in part.utterances.iter().filter_map(|&i| corpus.utterances.get(i)) {
            let speaker = utterance.speaker.as_str();
            if !trained.contains(speaker) {
                continue;
            }
            speakers.insert(speaker.to_owned());
            if held_out.contains(speaker) {
                unknown += usize::from(!held_out_fold);
            } else {
                certain += 1;
            }
        }
        Self {
            held_out_fold,
            speakers: speakers.into_iter().collect(),
            utterances_trained_on: certain,
            utterances_unknown: unknown,
            utterances: part.utterances.len(),
        }
    }

    /// Loud words for figures that flatter.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.utterances_trained_on > 0 {
            warnings.push(format!(
                "the model was TRAINED on {} of these {} utterances: the figures say nothing of \
                 new recordings",
                self.utterances_trained_on, self.utterances
            ));
        }
        if self.utterances_unknown > 0 {
            warnings.push(format!(
                "the model may have been TRAINED on some of {} of these utterances: this is not \
                 the fold that its file says was held out",
                self.utterances_unknown
            ));
        }
        if !self.speakers.is_empty() {
            warnings.push(format!(
                "these speakers were in the training: {}; the figures say nothing of new speakers",
                self.speakers.join(" ")
            ));
        }
        warnings
    }

    /// In one line, for the report.
    pub(crate) fn describe(&self) -> String {
        let warnings = self.warnings();
        let held_out = match (self.held_out_fold, self.speakers.is_empty()) {
            (true, true) => {
                "the fold held out in the model's training: neither these utterances nor \
                             these speakers were in it"
            }
            (true, false) => {
                "the fold held out in the model's training: these utterances were not in \
                              it, other utterances of their speakers were"
            }
            (false, true) => "none of these speakers was in the model's training",
            (false, false) => return format!("WARNING: {}", warnings.join("; ")),
        };
        held_out.to_owned()
    }
}
