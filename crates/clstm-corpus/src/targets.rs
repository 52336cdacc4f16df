//! Several targets of one model: its classes, and continuous dimensions beside them.

use std::fmt;
use std::str::FromStr;

use crate::dimension::is_continuous;
use crate::{Corpus, CorpusError, Target};

/// The names of `--target`: at most one target whose values are classes, and any number of continuous dimensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets(Vec<Target>);

impl Default for Targets {
    /// The corpus's own labels.
    fn default() -> Self {
        Self(vec![Target::Label])
    }
}

impl From<Target> for Targets {
    fn from(target: Target) -> Self {
        Self(vec![target])
    }
}

impl Targets {
    /// Whether these are the labels alone.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The target that gives the classes in corpora, which is the label where none is named, and the names of the
    /// continuous dimensions.
    ///
    /// # Errors
    ///
    /// [`CorpusError::SeveralTargets`] where several targets have classes.
    pub(crate) fn resolve<'a>(
        &self,
        corpora: impl IntoIterator<Item = &'a Corpus> + Clone,
    ) -> Result<(Target, Vec<String>), CorpusError> {
        let (mut classes, mut dimensions) = (Vec::new(), Vec::new());
        for target in &self.0 {
            match target {
                Target::Column(name)
                    if corpora.clone().into_iter().any(|c| is_continuous(&c.utterances, name)) =>
                {
                    dimensions.push(name.clone());
                }
                other => classes.push(other.clone()),
            }
        }
        if classes.len() > 1 {
            let names = classes.iter().map(ToString::to_string).collect();
            return Err(CorpusError::SeveralTargets { names });
        }
        Ok((classes.pop().unwrap_or_default(), dimensions))
    }
}

impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.pad(&names.join(","))
    }
}

/// Names joined by commas.
impl FromStr for Targets {
    type Err = CorpusError;

    fn from_str(names: &str) -> Result<Self, CorpusError> {
        let named = |name: &str| match name.trim() {
            "" => Err(CorpusError::EmptyTarget { names: names.to_owned() }),
            name => Ok(Target::from(name.to_owned())),
        };
        names.split(',').map(named).collect::<Result<_, _>>().map(Self)
    }
}
