//! Probabilities of the labels, without the allocator for up to sixteen of them.

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::{Serialize, Serializer};

/// Labels whose numbers are kept in place. Corpora of emotional speech name 2 to 11 emotions.
const IN_PLACE: usize = 16;

/// A probability for each label, in the order of the model's labels: a `[f64]` in other words.
///
/// Up to sixteen of them lie within the value itself, so that events are made, cloned and dropped without
/// the allocator.
#[derive(Clone)]
pub struct Probabilities(Storage);

#[derive(Clone)]
enum Storage {
    Here { values: [f64; IN_PLACE], count: usize },
    Heap(Vec<f64>),
}

/// Values of a model's continuous targets, in the order of [`ModelInfo::dimensions`](crate::ModelInfo::dimensions), kept
/// like [`Probabilities`]; empty for a model without them.
pub type DimensionValues = Probabilities;

impl Probabilities {
    /// Whether there are none.
    pub(crate) fn is_none(&self) -> bool {
        self.is_empty()
    }

    /// `count` zeros.
    pub(crate) fn zeros(count: usize) -> Self {
        Self(match count <= IN_PLACE {
            true => Storage::Here { values: [0.0; IN_PLACE], count },
            false => Storage::Heap(vec![0.0; count]),
        })
    }
}

impl Deref for Probabilities {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        match &self.0 {
            Storage::Here { values, count } => &values[..*count],
            Storage::Heap(values) => values,
        }
    }
}

impl DerefMut for Probabilities {
    fn deref_mut(&mut self) -> &mut [f64] {
        match &mut self.0 {
            Storage::Here { values, count } => &mut values[..*count],
            Storage::Heap(values) => values,
        }
    }
}

impl From<&[f64]> for Probabilities {
    fn from(values: &[f64]) -> Self {
        let mut copy = Self::zeros(values.len());
        copy.copy_from_slice(values);
        copy
    }
}

impl FromIterator<f64> for Probabilities {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self::from(&values.into_iter().collect::<Vec<f64>>()[..])
    }
}

impl<'a> IntoIterator for &'a Probabilities {
    type Item = &'a f64;
    type IntoIter = std::slice::Iter<'a, f64>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for Probabilities {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Probabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl Serialize for Probabilities {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::{IN_PLACE, Probabilities, Storage};

    #[test]
    fn few_and_many_are_the_slice_that_they_were_made_of() {
        for count in [0, 1, IN_PLACE, IN_PLACE + 1, 100] {
            let values: Vec<f64> = (0..count).map(|i| i as f64).collect();
            let mut held = Probabilities::from(&values[..]);
            assert_eq!(matches!(held.0, Storage::Here { .. }), count <= IN_PLACE);
            assert_eq!(*held, values);
            assert_eq!(held, values.iter().copied().collect());
            assert!(held.into_iter().eq(&values));
            assert_eq!(format!("{held:?}"), format!("{values:?}"));
            assert_eq!(
                serde_json::to_string(&held).unwrap(),
                serde_json::to_string(&values).unwrap()
            );
            let before = held.clone();
            held.iter_mut().for_each(|value| *value += 1.0);
            assert_eq!(held == before, count == 0);
        }
    }
}
