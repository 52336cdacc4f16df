//! Reading every recording of a corpus once, in parallel.

use clstm_audio::{AudioError, DecodeLimits, Waveform, decode_file};
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
            let samples = part(&waveform, utterance.span)?;
            Ok(Measurement {
                fingerprint: Fingerprint::of(samples),
                samples: samples.len(),
                sample_rate: waveform.sample_rate,
            })
        })
        .collect()
}

/// The samples of a span in seconds, rounded to the nearest; all of them where there is none.
fn part(waveform: &Waveform, span: Option<(f64, f64)>) -> Result<&[f32], AudioError> {
    let Some((start_s, end_s)) = span else { return Ok(&waveform.samples) };
    // A span that ends where the recording does may round to one sample more.
    let at = |seconds: f64| (seconds * f64::from(waveform.sample_rate)).round() as usize;
    let (start, end) = (at(start_s), at(end_s));
    let held = waveform.samples.len();
    if start >= held || end > held + 1 {
        return Err(AudioError::Decode {
            reason: format!("it ends before {end_s} s, where the utterance should end"),
            at_s: Some(waveform.duration_s()),
        });
    }
    Ok(&waveform.samples[start..end.min(held)])
}
