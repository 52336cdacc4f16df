//! Overlap of the training of a model with its test utterances, as far as the model file records it.

use std::collections::{BTreeSet, HashSet};

use clstm::TrainingInfo;
use clstm_corpus::{Corpus, global_speaker, shares_corpus, supported};
use serde::Serialize;

use super::Part;
use crate::error::CliError;

/// Whether a corpus, or each corpus of a join such as `ravdess+emo-db`, is a published one that is read by its own
/// layout. The speakers of these are known: `global_speaker` identifies them.
fn is_supported(name: &str) -> bool {
    name.split('+').all(|part| supported().iter().any(|info| info.name == part))
}

/// How far test and training are the same thing.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Overlap {
    /// Whether the test utterances are the fold that was held out in the training.
    held_out_fold: bool,
    /// Test speakers that the model was trained on.
    speakers: Vec<String>,
    /// Test speakers of whose names the model was trained on some, in a corpus of another name: the
    /// same people, or not.
    namesakes: Vec<String>,
    /// Corpora of the test utterances that the models were trained on which this one builds on, unless its file
    /// records that the test utterances were held out of theirs, too.
    pretraining_corpora: Vec<String>,
    /// Whether all test speakers and those of the training are named.
    speakers_named: bool,
    /// Test utterances that it was trained on for certain.
    utterances_trained_on: usize,
    /// Test utterances of which the file does not record whether they were in the training.
    utterances_unknown: usize,
    /// Test utterances.
    utterances: usize,
}

impl Overlap {
    /// By the model's account of its training.
    pub(crate) fn of(training: &TrainingInfo, corpus: &Corpus, part: &Part) -> Self {
        let same_corpus = training.corpus == corpus.name;
        let shared = shares_corpus(&training.corpus, &corpus.name);
        let held_out_fold = part.fold.as_ref().is_some_and(|(fold, protocol)| {
            training.fold.is_some_and(|own| own.number == fold.number)
                && training.protocol.has_folds_of(protocol)
        });
        let before = training
            .lineage
            .pretraining_corpora
            .iter()
            .filter(|name| shares_corpus(name, &corpus.name));
        let pretraining_corpora = before.filter(|_| !held_out_fold).cloned().collect();
        // A join leads speakers by their corpus, and corpora may be of the same people.
        let everywhere = |name: &str, speaker: &str| global_speaker(name, speaker);
        let theirs = |speakers: &[String]| -> HashSet<String> {
            speakers.iter().map(|speaker| everywhere(&training.corpus, speaker)).collect()
        };
        let (trained, held_out) = (theirs(&training.speakers), theirs(&training.test_speakers));
        let names: HashSet<&str> = training.speakers.iter().map(String::as_str).collect();
        let both_supported = is_supported(&training.corpus) && is_supported(&corpus.name);
        let (mut certain, mut unknown) = (0, 0);
        let (mut speakers, mut namesakes) = (BTreeSet::new(), BTreeSet::new());
        let mut speakers_named = !trained.is_empty();
        for utterance in part.utterances.iter().filter_map(|&i| corpus.utterances.get(i)) {
            let Some(speaker) = utterance.speaker() else {
                speakers_named = false;
                // The counts show a training on the whole corpus, but not which utterances a part has.
                if same_corpus && training.utterances == corpus.utterances.len() {
                    certain += 1;
                } else if shared {
                    unknown += usize::from(!held_out_fold);
                }
                continue;
            };
            let person = everywhere(&corpus.name, speaker);
            if !trained.contains(&person) {
                // Supported corpora do not share names with each other: 01 of one is not 01 of another.
                if names.contains(speaker) && !both_supported {
                    namesakes.insert(speaker.to_owned());
                }
                continue;
            }
            speakers.insert(speaker.to_owned());
            if !shared {
                continue;
            }
            if held_out.contains(&person) {
                unknown += usize::from(!held_out_fold);
            } else {
                certain += 1;
            }
        }
        let (speakers, namesakes) =
            (speakers.into_iter().collect(), namesakes.into_iter().collect());
        Self {
            held_out_fold,
            speakers,
            namesakes,
            speakers_named,
            utterances_trained_on: certain,
            pretraining_corpora,
            utterances_unknown: unknown,
            utterances: part.utterances.len(),
        }
    }

    /// Rejects test utterances or speakers that were in the training, or may have been.
    pub(crate) fn check_unseen(&self) -> Result<(), CliError> {
        let warnings = self.warnings();
        if warnings.is_empty() {
            return Ok(());
        }
        let reasons = warnings.join("; ");
        Err(CliError::Failed(format!(
            "a model is calibrated on utterances of speakers that were not in its training: {reasons}"
        )))
    }

    /// Warnings about figures that are too good.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.utterances_trained_on > 0 {
            warnings.push(format!(
                "the model was TRAINED on {} of these {} utterances: the figures do not describe \
                 new recordings",
                self.utterances_trained_on, self.utterances
            ));
        }
        if self.utterances_unknown > 0 {
            warnings.push(format!(
                "the model may have been TRAINED on some of {} of these utterances: this is not \
                 the fold that its file records as held out",
                self.utterances_unknown
            ));
        }
        if !self.pretraining_corpora.is_empty() {
            warnings.push(format!(
                "the model builds on others that were TRAINED on {}, perhaps on these utterances",
                self.pretraining_corpora.join(", ")
            ));
        }
        if !self.speakers.is_empty() {
            warnings.push(format!(
                "these speakers were in the training: {}; the figures do not describe new speakers",
                self.speakers.join(" ")
            ));
        }
        if !self.namesakes.is_empty() {
            warnings.push(format!(
                "speakers of these names were in the training: {}; if they are the same people, the \
                 figures do not describe new speakers",
                self.namesakes.join(" ")
            ));
        }
        warnings
    }

    /// In one line, for the report.
    pub(crate) fn describe(&self) -> String {
        let warnings = self.warnings();
        if !self.held_out_fold && !warnings.is_empty() {
            return format!("WARNING: {}", warnings.join("; "));
        }
        let held_out = match (self.held_out_fold, self.speakers.is_empty()) {
            (true, _) if !self.speakers_named => {
                "the fold held out in the model's training: these utterances were not in it; \
                             whether their speakers were is not known, for they are not named"
            }
            (false, _) if !self.speakers_named => {
                "whether these speakers were in the model's training is not known, for they are \
                             not named"
            }
            (true, true) => {
                "the fold held out in the model's training: neither these utterances nor \
                             these speakers were in it"
            }
            (true, false) => {
                "the fold held out in the model's training: these utterances were not in \
                              it, other utterances of their speakers were"
            }
            (false, _) => "none of these speakers was in the model's training",
        };
        held_out.to_owned()
    }
}
