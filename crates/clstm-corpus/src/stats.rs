//! Counts and durations.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::fingerprint::all_readable;
use crate::{Corpus, CorpusError, Measurement, Sex, measure};

/// Counts and durations of a corpus, by class and by speaker.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CorpusStats {
    /// Name of the corpus.
    pub name: String,
    /// Utterances in all.
    pub utterances: usize,
    /// Durations of all utterances, where they were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<DurationStats>,
    /// Classes, in the order of the labels.
    pub classes: Vec<ClassStats>,
    /// Speakers, sorted by name; without those of utterances whose speaker is not known.
    pub speakers: Vec<SpeakerStats>,
}

/// One class of a corpus.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassStats {
    /// Name of the class.
    pub label: String,
    /// Utterances of the class.
    pub utterances: usize,
    /// Its share of the corpus in percent.
    pub participation: f64,
    /// Durations, where they were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<DurationStats>,
}

/// One speaker of a corpus.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpeakerStats {
    /// The speaker.
    pub speaker: String,
    /// Sex of the speaker, where known.
    pub sex: Option<Sex>,
    /// Utterances of the speaker.
    pub utterances: usize,
    /// Durations, where they were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<DurationStats>,
}

/// Durations in seconds of a set of recordings that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DurationStats {
    /// Sum.
    pub total_s: f64,
    /// Mean.
    pub mean_s: f64,
    /// Shortest.
    pub min_s: f64,
    /// Longest.
    pub max_s: f64,
}

impl DurationStats {
    /// Of the given durations in seconds; none where there are none.
    fn of(durations: &[f64]) -> Option<Self> {
        let total_s: f64 = durations.iter().sum();
        Some(Self {
            total_s,
            mean_s: total_s / durations.len() as f64,
            min_s: durations.iter().copied().reduce(f64::min)?,
            max_s: durations.iter().copied().reduce(f64::max)?,
        })
    }
}

impl CorpusStats {
    /// Counts only; no audio is read.
    #[must_use]
    pub fn count(corpus: &Corpus) -> Self {
        Self::collect(corpus, None)
    }

    /// Counts and durations; decodes the whole corpus, in parallel.
    ///
    /// # Errors
    ///
    /// [`CorpusError::Unreadable`] where a recording cannot be decoded.
    pub fn measure(corpus: &Corpus) -> Result<Self, CorpusError> {
        let measured = all_readable(corpus, measure(corpus))?;
        let durations: Vec<f64> = measured.iter().map(Measurement::duration_s).collect();
        Ok(Self::collect(corpus, Some(&durations)))
    }

    fn collect(corpus: &Corpus, durations: Option<&[f64]>) -> Self {
        let total = corpus.utterances.len();
        let duration = |of: &[usize]| {
            let durations = durations?;
            DurationStats::of(&of.iter().map(|&i| durations[i]).collect::<Vec<_>>())
        };
        let mut of_class: Vec<Vec<usize>> = vec![Vec::new(); corpus.labels.len()];
        let mut of_speaker: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (i, utterance) in corpus.utterances.iter().enumerate() {
            if let Some(class) = of_class.get_mut(utterance.label) {
                class.push(i);
            }
            if let Some(speaker) = utterance.speaker() {
                of_speaker.entry(speaker).or_default().push(i);
            }
        }
        let class = |(label, members): (&String, &Vec<usize>)| ClassStats {
            label: label.clone(),
            utterances: members.len(),
            participation: 100.0 * members.len() as f64 / total.max(1) as f64,
            duration: duration(members),
        };
        let speaker = |(speaker, members): (&&str, &Vec<usize>)| SpeakerStats {
            speaker: (*speaker).to_owned(),
            sex: members.iter().find_map(|&i| corpus.utterances[i].sex),
            utterances: members.len(),
            duration: duration(members),
        };
        Self {
            name: corpus.name.clone(),
            utterances: total,
            duration: duration(&(0..total).collect::<Vec<_>>()),
            classes: corpus.labels.iter().zip(&of_class).map(class).collect(),
            speakers: of_speaker.iter().map(speaker).collect(),
        }
    }
}
