//! Continuous targets, such as arousal and valence: values that are numbers instead of classes.
//!
//! An adapter gives the ratings of each rater as [`Utterance::ratings`]. The columns of a list are read when
//! [`Corpus::with_dimensions`] names them. The value of an utterance is the mean of its ratings.

use std::collections::BTreeSet;

use crate::{Corpus, CorpusError, Remark, Utterance};

/// Dimensions of emotion that are continuous wherever one of their values is a number (Russell & Mehrabian 1977).
const KNOWN: [&str; 3] = ["arousal", "valence", "dominance"];

/// A column of whole numbers can hold classes. With more different values than these it is continuous.
const MOST_NUMBERED_CLASSES: usize = 10;

/// Largest magnitude of a value.
const LARGEST: f64 = 1e6;

/// Texts that stand for a missing value, as R and Python write it. An empty field is missing as well.
const MISSING: [&str; 5] = ["na", "n/a", "nan", "null", "none"];

/// Utterances that an error lists; the others are counted.
const SHOWN: usize = 5;

impl Utterance {
    /// The value of a continuous dimension: the mean of the ratings that are known.
    #[must_use]
    pub fn dimension(&self, name: &str) -> Option<f64> {
        let known: Vec<f64> = self.ratings.get(name)?.iter().copied().flatten().collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    }

    /// The text of a column of a list; names are compared without regard to case.
    fn column(&self, name: &str) -> Option<&str> {
        let mut columns = self.extra.iter();
        let found = columns.find(|(column, _)| column.eq_ignore_ascii_case(name))?.1.trim();
        let missing = MISSING.iter().any(|missing| missing.eq_ignore_ascii_case(found));
        (!missing && !found.is_empty()).then_some(found)
    }

    /// The ratings of an adapter; names are compared without regard to case.
    fn rated(&self, name: &str) -> Option<&Vec<Option<f64>>> {
        self.ratings.iter().find(|(rated, _)| rated.eq_ignore_ascii_case(name)).map(|(_, all)| all)
    }
}

/// A finite number of a magnitude that a value may have.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.abs() <= LARGEST)
}

/// Whether a target of this name is continuous in the utterances: an adapter has ratings of it, or it is a column of
/// which at least half of the values are numbers, and a number is not whole or there are more than ten different ones.
/// For arousal, valence and dominance one number is enough, or no value at all.
pub(crate) fn is_continuous(utterances: &[Utterance], name: &str) -> bool {
    if utterances.iter().any(|utterance| utterance.rated(name).is_some()) {
        return true;
    }
    let texts: Vec<&str> = utterances.iter().filter_map(|u| u.column(name)).collect();
    let numbers: Vec<f64> = texts.iter().filter_map(|text| number(text)).collect();
    if KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return texts.is_empty() || !numbers.is_empty();
    }
    let different: BTreeSet<u64> = numbers.iter().map(|value| value.to_bits()).collect();
    let many = different.len() > MOST_NUMBERED_CLASSES;
    let real = numbers.iter().any(|value| value.fract() != 0.0);
    !numbers.is_empty() && 2 * numbers.len() >= texts.len() && (many || real)
}

impl Corpus {
    /// Whether a dimension is known of any utterance.
    #[must_use]
    pub fn has_dimension(&self, name: &str) -> bool {
        let known = |u: &Utterance| u.rated(name).is_some() || u.column(name).is_some();
        self.utterances.iter().any(known) && is_continuous(&self.utterances, name)
    }

    /// The same corpus with these continuous targets, in this order, beside its classes: [`dimensions`](Self::dimensions)
    /// has their names and [`Utterance::dimension`] their values. A value may be missing, which a remark in
    /// [`notes`](Self::notes) counts.
    ///
    /// # Errors
    ///
    /// [`CorpusError::Dimension`] for a value that is not a number from -1e6 to 1e6, a dimension that has the same value in
    /// all utterances or is not known of any, and a name that is given twice.
    pub fn with_dimensions(mut self, names: &[String]) -> Result<Self, CorpusError> {
        for (index, name) in names.iter().enumerate() {
            let refused = |problem: String| CorpusError::Dimension {
                corpus: self.name.clone(),
                dimension: name.clone(),
                problem,
            };
            if names[..index].iter().any(|earlier| earlier.eq_ignore_ascii_case(name)) {
                return Err(refused("it is given twice".to_owned()));
            }
            let mut bad = Vec::new();
            let mut ratings = Vec::with_capacity(self.utterances.len());
            for utterance in &self.utterances {
                let rated = utterance.rated(name).cloned();
                let of_column = || match utterance.column(name) {
                    None => Vec::new(),
                    Some(text) => {
                        let value = number(text);
                        if value.is_none() {
                            bad.push(format!("{} has {text:?}", utterance.id));
                        }
                        vec![value]
                    }
                };
                ratings.push(rated.unwrap_or_else(of_column));
            }
            if !bad.is_empty() {
                let more = match bad.len().saturating_sub(SHOWN) {
                    0 => String::new(),
                    more => format!(", and {more} more"),
                };
                bad.truncate(SHOWN);
                return Err(refused(format!(
                    "{}{more}; write a number from -1e6 to 1e6, or leave the field empty where it is not known",
                    bad.join(", ")
                )));
            }
            let values: BTreeSet<u64> =
                ratings.iter().flatten().flatten().map(|value| value.to_bits()).collect();
            match values.first() {
                None => return Err(refused("nothing is known of it".to_owned())),
                Some(only) if values.len() == 1 => {
                    let only = f64::from_bits(*only);
                    return Err(refused(format!("it is {only} wherever it is known")));
                }
                _ => {}
            }
            for (utterance, ratings) in self.utterances.iter_mut().zip(ratings) {
                if !ratings.is_empty() {
                    utterance.ratings.insert(name.clone(), ratings);
                }
            }
            let of = self.utterances.len();
            let unknown = self.utterances.iter().filter(|u| u.dimension(name).is_none()).count();
            if unknown > 0 {
                let dimension = name.clone();
                self.notes.remarks.push(Remark::UnknownDimension { dimension, unknown, of });
            }
        }
        self.dimensions = names.to_vec();
        Ok(self)
    }
}
