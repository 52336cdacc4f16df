//! Reading every recording of a corpus once, in parallel.

use clstm_audio::{AudioError, DecodeLimits, decode_file};
use rayon::prelude::*;
use serde::Serialize;

use crate::{Corpus, Fingerprint};

/// What decoding a recording told of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measurement {
    /// Fingerprint of the samples.
    pub fingerprint: Fingerprint,
    /// Samples, after mixing down to one channel.
    pub samples: usize,
    /// Sample rate in Hz.
    pub sample_rate: u32,
}

impl Measurement {
    /// Duration in seconds.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        self.samples as f64 / f64::from(self.sample_rate.max(1))
    }
}

/// Decodes every recording; the results stand in the order of [`Corpus::utterances`].
///
/// Runs on rayon's current thread pool and holds one decoded recording per thread.
#[must_use]
pub fn measure(corpus: &Corpus) -> Vec<Result<Measurement, AudioError>> {
    let limits = DecodeLimits::default();
    corpus
        .utterances
        .par_iter()
        .map(|utterance| {
            let waveform = decode_file(&utterance.path, &limits)?;
            Ok(Measurement {
                fingerprint: Fingerprint::of(&waveform.samples),
                samples: waveform.samples.len(),
                sample_rate: waveform.sample_rate,
            })
        })
        .collect()
}
