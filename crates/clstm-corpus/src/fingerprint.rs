//! Finding copies of a recording by their samples.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

use clstm_audio::AudioError;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::{Corpus, CorpusError, Measurement, measure};

/// SHA-256 of the decoded samples, so that WAV and FLAC files of one recording agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// Fingerprint of samples, as little-endian `f32`. The sample rate has no part in it, and
    /// both zeros are the same.
    #[must_use]
    pub fn of(samples: &[f32]) -> Self {
        let mut hash = Sha256::new();
        // A page at a time: one call for each sample would cost more than the hash.
        let mut bytes = Vec::with_capacity(4 * PAGE);
        for page in samples.chunks(PAGE) {
            bytes.clear();
            // Adding positive zero turns negative zero positive and changes nothing else.
            bytes.extend(page.iter().flat_map(|sample| (sample + 0.0).to_le_bytes()));
            hash.update(&bytes);
        }
        Self(hash.finalize().into())
    }
}

/// Samples hashed at a time.
const PAGE: usize = 4096;

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The duplicate group of each utterance: recordings with the same samples share one. Groups are
/// numbered from 0 in the order of their first utterances.
///
/// Decodes the whole corpus, in parallel; use [`measure`] and [`groups_of`] to have the durations
/// of the same reading as well.
///
/// # Errors
///
/// [`CorpusError::Unreadable`] where a recording cannot be decoded, naming the first.
pub fn duplicate_groups(corpus: &Corpus) -> Result<Vec<usize>, CorpusError> {
    let measured = all_readable(corpus, measure(corpus))?;
    let fingerprints: Vec<Fingerprint> = measured.iter().map(|m| m.fingerprint).collect();
    Ok(groups_of(&fingerprints))
}

/// Numbers equal keys alike, from 0 in the order of their first appearance.
#[must_use]
pub fn groups_of<K: Eq + Hash>(keys: &[K]) -> Vec<usize> {
    let mut numbers: HashMap<&K, usize> = HashMap::with_capacity(keys.len());
    keys.iter()
        .map(|key| {
            let next = numbers.len();
            *numbers.entry(key).or_insert(next)
        })
        .collect()
}

/// All measurements, or the error of the first recording that has none.
pub(crate) fn all_readable(
    corpus: &Corpus,
    measured: Vec<Result<Measurement, AudioError>>,
) -> Result<Vec<Measurement>, CorpusError> {
    let failures = measured.iter().filter(|m| m.is_err()).count();
    let read = corpus.utterances.iter().zip(measured).map(|(utterance, measurement)| {
        measurement.map_err(|source| CorpusError::Unreadable {
            id: utterance.id.clone(),
            path: utterance.recording(),
            others: failures.saturating_sub(1),
            source,
        })
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_sha256_of_the_little_endian_samples() {
        // sha256 of no bytes, and of 00 00 80 3f (1.0).
        insta::assert_snapshot!(Fingerprint::of(&[]), @"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        insta::assert_snapshot!(Fingerprint::of(&[1.0]), @"e00e5eb9444182f352323374ef4e08ebcb784725fdd4fd612d7730540b3e0c8c");
        assert_eq!(Fingerprint::of(&[0.0]), Fingerprint::of(&[-0.0]));
        assert_ne!(Fingerprint::of(&[0.0]), Fingerprint::of(&[0.0, 0.0]));
    }

    #[test]
    fn pages_do_not_show() {
        let samples: Vec<f32> = (0..3 * PAGE + 7).map(|i| i as f32).collect();
        let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        assert_eq!(Fingerprint::of(&samples).0, <[u8; 32]>::from(Sha256::digest(&bytes)));
    }

    #[test]
    fn groups_are_numbered_by_first_appearance() {
        assert_eq!(groups_of(&["b", "a", "b", "c", "a"]), [0, 1, 0, 2, 1]);
        assert!(groups_of::<u8>(&[]).is_empty());
    }
}
