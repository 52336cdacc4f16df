//! Names of what a recogniser returns.

/// Names of labels and of continuous targets, in the order of their values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Names<'a> {
    /// Labels, in the order of the probabilities.
    pub labels: &'a [String],
    /// Continuous targets such as arousal, in the order of [`Emotion::dimensions`](crate::Emotion::dimensions).
    pub dimensions: &'a [String],
}

impl<'a> Names<'a> {
    /// The name of a label; empty for one that there is not.
    pub(crate) fn label(&self, index: usize) -> &'a str {
        self.labels.get(index).map_or("", String::as_str)
    }

    /// Names and values of continuous targets.
    pub(crate) fn values(&self, values: &'a [f64]) -> impl Iterator<Item = (&'a str, f64)> {
        self.dimensions.iter().map(String::as_str).zip(values.iter().copied())
    }
}

/// Labels without continuous targets.
impl<'a> From<&'a [String]> for Names<'a> {
    fn from(labels: &'a [String]) -> Self {
        Self { labels, dimensions: &[] }
    }
}

/// Labels without continuous targets.
impl<'a> From<&'a Vec<String>> for Names<'a> {
    fn from(labels: &'a Vec<String>) -> Self {
        Self { labels, dimensions: &[] }
    }
}

/// Labels without continuous targets.
impl<'a, const N: usize> From<&'a [String; N]> for Names<'a> {
    fn from(labels: &'a [String; N]) -> Self {
        Self { labels, dimensions: &[] }
    }
}
