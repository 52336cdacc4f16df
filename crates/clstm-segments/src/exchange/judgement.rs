//! What people marked in an annotation tool.

use std::collections::BTreeMap;

/// One label that one person gave to a recording or a part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The recording as the file names it.
    pub path: String,
    /// Start and end of a part in seconds; `None` for the whole recording.
    pub span: Option<[f64; 2]>,
    /// Who judged; empty where the file does not have it.
    pub rater: String,
    /// Who speaks, where the file has it.
    pub speaker: Option<String>,
    /// The label.
    pub label: String,
}

/// A recording, or a part of it, with the labels that people gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct Utterance {
    /// The recording.
    pub path: String,
    /// Start and end of a part in seconds.
    pub span: Option<[f64; 2]>,
    /// Who speaks.
    pub speaker: Option<String>,
    /// Rater and label, in the order of the file. A rater's last label counts.
    pub ratings: Vec<(String, String)>,
}

impl Utterance {
    /// The label that more raters gave than any other; `None` for a tie.
    #[must_use]
    pub fn majority(&self) -> Option<&str> {
        let votes = self.votes();
        let most = votes.values().copied().max()?;
        let mut first = votes.iter().filter(|(_, count)| **count == most);
        let (label, _) = first.next()?;
        first.next().is_none().then_some(*label)
    }

    /// The majority; of tied labels the first by the alphabet.
    #[must_use]
    pub fn most_frequent(&self) -> Option<&str> {
        let votes = self.votes();
        let most = votes.values().copied().max()?;
        votes.into_iter().find(|(_, count)| *count == most).map(|(label, _)| label)
    }

    /// Number of raters by label.
    #[must_use]
    pub fn votes(&self) -> BTreeMap<&str, usize> {
        let mut votes = BTreeMap::new();
        for (_, label) in &self.ratings {
            *votes.entry(label.as_str()).or_default() += 1;
        }
        votes
    }
}

/// Judgements of the same recording or part, gathered in the order of their first ones.
#[must_use]
pub fn gather(judgements: Vec<Judgement>) -> Vec<Utterance> {
    let mut all: Vec<Utterance> = Vec::new();
    let mut places: BTreeMap<(String, Option<[u64; 2]>), usize> = BTreeMap::new();
    for Judgement { path, span, rater, speaker, label } in judgements {
        let key = (path.clone(), span.map(|times| times.map(f64::to_bits)));
        let index = *places.entry(key).or_insert_with(|| {
            all.push(Utterance { path, span, speaker: None, ratings: Vec::new() });
            all.len() - 1
        });
        let utterance = &mut all[index];
        utterance.speaker = utterance.speaker.take().or(speaker);
        match utterance.ratings.iter_mut().find(|(known, _)| *known == rater && !rater.is_empty()) {
            Some((_, last)) => *last = label,
            None => utterance.ratings.push((rater, label)),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{Judgement, gather};

    #[test]
    fn raters_are_kept_and_the_majority_decides() {
        let judged = |path: &str, rater: &str, label: &str| Judgement {
            path: path.to_owned(),
            span: None,
            rater: rater.to_owned(),
            speaker: None,
            label: label.to_owned(),
        };
        let all = gather(vec![
            judged("a", "1", "sad"),
            judged("b", "1", "happy"),
            judged("a", "2", "happy"),
            judged("a", "3", "sad"),
            judged("b", "1", "calm"),
            judged("b", "2", "happy"),
        ]);
        assert_eq!((all[0].majority(), all[0].ratings.len()), (Some("sad"), 3));
        assert_eq!((all[1].majority(), all[1].votes()["calm"]), (None, 1));
        assert_eq!((all[0].most_frequent(), all[1].most_frequent()), (Some("sad"), Some("calm")));
    }
}
