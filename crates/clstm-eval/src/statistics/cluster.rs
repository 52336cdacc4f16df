//! Utterances that are drawn together because they are alike.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Prediction;

/// What is drawn when utterances are resampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClusterBy {
    /// Speakers, each with all its utterances.
    Speaker,
    /// Single utterances, where the speaker of one is not known: intervals are too narrow and tests
    /// too sure as far as utterances of a speaker are alike.
    Utterance,
}

impl fmt::Display for ClusterBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Speaker => "speakers",
            Self::Utterance => "utterances",
        })
    }
}

/// The cluster of each prediction, counted from 0 in order of the speakers' names, and how many there
/// are.
pub(super) fn clusters<'a>(
    speakers: impl Iterator<Item = Option<&'a str>> + Clone,
) -> (ClusterBy, Vec<usize>, usize) {
    let known: Option<Vec<&str>> = speakers.clone().collect();
    let Some(known) = known else {
        let count = speakers.count();
        return (ClusterBy::Utterance, (0..count).collect(), count);
    };
    let mut numbers: BTreeMap<&str, usize> = known.iter().map(|name| (*name, 0)).collect();
    numbers.values_mut().enumerate().for_each(|(number, place)| *place = number);
    (ClusterBy::Speaker, known.iter().map(|name| numbers[name]).collect(), numbers.len())
}

/// The speakers of predictions.
pub(super) fn speakers(predictions: &[Prediction]) -> impl Iterator<Item = Option<&str>> + Clone {
    predictions.iter().map(|prediction| prediction.speaker.as_deref())
}

#[cfg(test)]
mod tests {
    use super::{ClusterBy, clusters};

    #[test]
    fn speakers_where_all_are_known() {
        let names = [Some("b"), Some("a"), Some("b")];
        assert_eq!(clusters(names.into_iter()), (ClusterBy::Speaker, vec![1, 0, 1], 2));
        let names = [Some("b"), None, Some("b")];
        assert_eq!(clusters(names.into_iter()), (ClusterBy::Utterance, vec![0, 1, 2], 3));
        assert_eq!(clusters([].into_iter()).2, 0);
    }
}
