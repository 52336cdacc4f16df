//! A corpus in memory: decoded, trimmed and levelled.

use std::path::PathBuf;

use clstm::{Clip, FrontendConfig};
use clstm_audio::{DecodeLimits, load_file};
use clstm_corpus::{Corpus, Fingerprint, groups_of};
use rayon::prelude::*;

use crate::TrainError;

/// A recording that cannot be used.
#[derive(Clone, Debug)]
pub struct BadUtterance {
    /// Its file.
    pub path: PathBuf,
    /// Why.
    pub message: String,
}

/// The clips of a corpus in the order of its utterances.
#[derive(Debug)]
pub struct Dataset {
    /// The corpus.
    pub corpus: Corpus,
    /// One clip an utterance, ready to be segmented.
    pub clips: Vec<Clip>,
    /// Length of each recording before trimming, in seconds.
    pub durations_s: Vec<f64>,
    /// Utterances of the same samples share a number; folds keep them together.
    pub groups: Vec<usize>,
}

impl Dataset {
    /// Decodes every utterance on all cores.
    ///
    /// # Errors
    /// [`TrainError::BadUtterances`] if any recording cannot be decoded or holds no sound;
    /// [`TrainError::Empty`] if there is none at all.
    pub fn load(
        corpus: Corpus,
        frontend: &FrontendConfig,
        limits: &DecodeLimits,
    ) -> Result<Self, TrainError> {
        frontend.validate()?;
        if corpus.utterances.is_empty() {
            return Err(TrainError::Empty(format!("the corpus {} is empty", corpus.name)));
        }
        let loaded: Vec<Result<(Clip, f64, Fingerprint), BadUtterance>> = corpus
            .utterances
            .par_iter()
            .map(|utterance| {
                let bad = |message: String| BadUtterance { path: utterance.path.clone(), message };
                let waveform = load_file(&utterance.path, frontend.sample_rate, limits)
                    .map_err(|error| bad(error.to_string()))?;
                let fingerprint = Fingerprint::of(&waveform.samples);
                let duration = waveform.duration_s();
                let clip = frontend.clean(waveform.samples);
                if clip.silent {
                    return Err(bad("the recording holds no sound".to_owned()));
                }
                Ok((clip, duration, fingerprint))
            })
            .collect();
        let mut dataset =
            Self { corpus, clips: Vec::new(), durations_s: Vec::new(), groups: Vec::new() };
        let (mut fingerprints, mut bad) = (Vec::new(), Vec::new());
        for result in loaded {
            match result {
                Ok((clip, duration, fingerprint)) => {
                    dataset.clips.push(clip);
                    dataset.durations_s.push(duration);
                    fingerprints.push(fingerprint);
                }
                Err(error) => bad.push(error),
            }
        }
        if !bad.is_empty() {
            return Err(TrainError::BadUtterances { bad });
        }
        dataset.groups = groups_of(&fingerprints);
        Ok(dataset)
    }

    /// Class of an utterance.
    #[must_use]
    pub fn label(&self, utterance: usize) -> usize {
        self.corpus.utterances[utterance].label
    }
}
