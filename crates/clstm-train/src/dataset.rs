//! A corpus in memory: decoded, trimmed and levelled.

use std::ops::Range;
use std::path::PathBuf;

use clstm::{Clip, FrontendConfig};
use clstm_audio::{AudioError, DecodeLimits, Waveform, resample};
use clstm_corpus::{Corpus, Fingerprint, groups_of, read_each, read_whole};

use crate::TrainError;

/// A recording that cannot be used.
#[derive(Clone, Debug)]
pub struct BadUtterance {
    /// Its file; in a Parquet file with the row.
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
    /// Length of each utterance before trimming, in seconds.
    pub durations_s: Vec<f64>,
    /// Utterances of the same samples share a number; folds keep them together.
    pub groups: Vec<usize>,
}

impl Dataset {
    /// Decodes every utterance on all cores. Of a recording that holds several, each is cut out before
    /// anything else is done to it, as if it were a file of its own, and the file is decoded once.
    ///
    /// # Errors
    /// [`TrainError::BadUtterances`] if any recording cannot be decoded, ends before the utterance in
    /// it, or holds no sound;
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
        let rate = frontend.sample_rate;
        let (parts, whole): (Vec<usize>, Vec<usize>) =
            (0..corpus.utterances.len()).partition(|&i| corpus.utterances[i].span.is_some());
        let prepare = |waveform: Waveform| PreparedUtterance::of(waveform, frontend);
        let read_part = |waveform: &Waveform, within: Range<usize>| {
            let samples = waveform.samples[within].to_vec();
            resample(&Waveform { samples, sample_rate: waveform.sample_rate }, rate).map(prepare)
        };
        let of_whole =
            read_whole(&corpus, &whole, |source| source.load(rate, limits)?.strict().map(prepare));
        let mut loaded: Vec<(usize, Result<PreparedUtterance, AudioError>)> =
            whole.into_iter().zip(of_whole).collect();
        let of_parts =
            read_each(&corpus, &parts, limits, |_, file, within| read_part(file, within));
        loaded.extend(parts.into_iter().zip(of_parts));
        loaded.sort_by_key(|(utterance, _)| *utterance);
        let mut dataset =
            Self { corpus, clips: Vec::new(), durations_s: Vec::new(), groups: Vec::new() };
        let (mut fingerprints, mut bad) = (Vec::new(), Vec::new());
        for (utterance, result) in loaded {
            let utterance = &dataset.corpus.utterances[utterance];
            let mut refuse = |message: String| {
                let message = match utterance.span {
                    Some(_) => format!("{}: {message}", utterance.id),
                    None => message,
                };
                bad.push(BadUtterance { path: utterance.recording(), message });
            };
            match result {
                Ok(prepared) if prepared.clip.silent => {
                    refuse("the recording holds no sound".to_owned())
                }
                Ok(prepared) => {
                    dataset.clips.push(prepared.clip);
                    dataset.durations_s.push(prepared.duration_s);
                    fingerprints.push(prepared.fingerprint);
                }
                Err(error) => refuse(error.to_string()),
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

    /// Number of these utterances in each class, in the order of the corpus's labels.
    pub(crate) fn class_counts(&self, utterances: &[usize]) -> Vec<usize> {
        let mut counts = vec![0; self.corpus.labels.len()];
        utterances.iter().for_each(|&utterance| counts[self.label(utterance)] += 1);
        counts
    }
}

/// What of an utterance is kept.
struct PreparedUtterance {
    clip: Clip,
    duration_s: f64,
    fingerprint: Fingerprint,
}

impl PreparedUtterance {
    /// Of the utterance alone, at the front end's rate.
    fn of(waveform: Waveform, frontend: &FrontendConfig) -> Self {
        let (duration_s, fingerprint) = (waveform.duration_s(), Fingerprint::of(&waveform.samples));
        Self { clip: frontend.preprocess(waveform.samples), duration_s, fingerprint }
    }
}
