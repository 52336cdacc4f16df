//! Table 5 of the paper: the classes of RAVDESS, in its words, order and figures.

use serde::Serialize;

use crate::{Corpus, CorpusError, CorpusStats};

/// A row of Table 5.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table5Row {
    /// "Emotions/Classes", in the paper's words.
    pub emotion: &'static str,
    /// "Whole Utterances".
    pub utterances: usize,
    /// "Participation", as the paper prints it: four significant digits and a percent sign.
    pub participation: String,
}

/// The paper's word for each class, in its order, and ours.
const ROWS: [(&str, &str); 8] = [
    ("Anger", "angry"),
    ("Fear", "fearful"),
    ("Happy", "happy"),
    ("Sad", "sad"),
    ("Neutral", "neutral"),
    ("Surprise", "surprised"),
    ("Calm", "calm"),
    ("Disgust", "disgust"),
];

/// Table 5 of Mustaqeem & Kwon (2020), counted from `corpus`.
///
/// # Errors
///
/// [`CorpusError::Invalid`] where the corpus is not labelled as RAVDESS is.
pub fn table5(corpus: &Corpus) -> Result<Vec<Table5Row>, CorpusError> {
    let stats = CorpusStats::count(corpus);
    ROWS.iter()
        .map(|&(emotion, label)| {
            let class = stats.classes.iter().find(|class| class.label == label);
            let class = class.ok_or_else(|| CorpusError::Invalid {
                corpus: corpus.name.clone(),
                problem: format!("Table 5 is of RAVDESS, and there is no class {label:?} here"),
            })?;
            Ok(Table5Row {
                emotion,
                utterances: class.utterances,
                participation: percent(class.participation),
            })
        })
        .collect()
}

/// Four significant digits: 13.33%, 6.667%.
fn percent(value: f64) -> String {
    let digits = if value >= 100.0 {
        1
    } else if value >= 10.0 {
        2
    } else {
        3
    };
    format!("{value:.digits$}%")
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn prints_percentages_as_the_paper_does() {
        assert_eq!(percent(100.0 * 192.0 / 1440.0), "13.33%");
        assert_eq!(percent(100.0 * 96.0 / 1440.0), "6.667%");
        assert_eq!(percent(100.0), "100.0%");
        assert_eq!(percent(0.0), "0.000%");
    }
}
