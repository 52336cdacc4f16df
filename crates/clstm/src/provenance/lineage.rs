//! The models that a model builds on.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::release_0_1;

/// A model that another one builds on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestor {
    /// Name of its preset, see [`clstm_nn::Preset`].
    pub preset: String,
    /// Epochs of its training; none where they were not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// The corpus it was trained on; none where it was not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corpus: Option<String>,
    /// The model whose weights its training started from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initialized_from: Option<Box<Ancestor>>,
    /// The teachers that it was distilled from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub distilled_from: Vec<Ancestor>,
}

/// The models and corpora that a model builds on; all empty for initialised weights and labels alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// The model whose weights the training started from.
    #[serde(
        default,
        alias = "started_from",
        deserialize_with = "release_0_1::initial_model",
        skip_serializing_if = "Option::is_none"
    )]
    pub initialized_from: Option<Ancestor>,
    /// The teachers that gave soft targets (knowledge distillation).
    #[serde(
        default,
        alias = "taught_by",
        deserialize_with = "release_0_1::teachers",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub distilled_from: Vec<Ancestor>,
    /// Corpora that these models were trained on, and those that they build on.
    #[serde(default, alias = "heard_before", skip_serializing_if = "Vec::is_empty")]
    pub pretraining_corpora: Vec<String>,
}

impl Ancestor {
    /// Its preset, and the teachers of a distilled model: `clstm-plus (distilled from clstm)`.
    #[must_use]
    pub fn name(&self) -> String {
        match self.distilled_from.as_slice() {
            [] => self.preset.clone(),
            teachers => format!("{} (distilled from {})", self.preset, names(teachers)),
        }
    }

    /// Whether both may be the same model: what one of the two does not record counts as equal.
    fn agrees_with(&self, other: &Self) -> bool {
        // A teacher of release 0.1 is recorded by its preset alone.
        let recorded = self.epochs.is_some() && other.epochs.is_some();
        self.preset == other.preset
            && agree(self.epochs.as_ref(), other.epochs.as_ref())
            && agree(self.corpus.as_ref(), other.corpus.as_ref())
            && all_agree(&self.distilled_from, &other.distilled_from)
            && (!recorded || self.initialized_from == other.initialized_from)
    }
}

/// `clstm-plus, 60 epochs on ravdess, itself initialised from ...`.
impl fmt::Display for Ancestor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        match (self.epochs, &self.corpus) {
            (Some(epochs), Some(corpus)) => write!(f, ", {epochs} epochs on {corpus}")?,
            (Some(epochs), None) => write!(f, ", {epochs} epochs")?,
            (None, Some(corpus)) => write!(f, ", trained on {corpus}")?,
            (None, None) => {}
        }
        match &self.initialized_from {
            Some(before) => write!(f, ", itself initialised from {before}"),
            None => Ok(()),
        }
    }
}

impl Lineage {
    /// Whether the weights were initialised and the labels alone gave the targets.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Names of the teachers, joined by `+`; none without teachers.
    #[must_use]
    pub fn teachers(&self) -> Option<String> {
        (!self.distilled_from.is_empty()).then(|| names(&self.distilled_from))
    }

    /// Whether both may be of the same training. Records of release 0.1 have less of a teacher, and nothing of
    /// corpora: what one of the two does not record counts as equal.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        let start = match (&self.initialized_from, &other.initialized_from) {
            (Some(one), Some(other)) => one.agrees_with(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        start && all_agree(&self.distilled_from, &other.distilled_from)
    }
}

/// `, initialised from ..., distilled from ...`: to follow a description; empty where there is neither.
impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(start) = &self.initialized_from {
            write!(f, ", initialised from {start}")?;
        }
        match self.teachers() {
            Some(teachers) => write!(f, ", distilled from {teachers}"),
            None => Ok(()),
        }
    }
}

fn names(models: &[Ancestor]) -> String {
    models.iter().map(Ancestor::name).collect::<Vec<_>>().join("+")
}

fn agree<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other)
}

fn all_agree(ours: &[Ancestor], theirs: &[Ancestor]) -> bool {
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(one, other)| one.agrees_with(other))
}

#[cfg(test)]
mod tests {
    use super::{Ancestor, Lineage};

    fn model(preset: &str) -> Ancestor {
        Ancestor { preset: preset.to_owned(), ..Ancestor::default() }
    }

    #[test]
    fn in_words() {
        let teacher = Ancestor { distilled_from: vec![model("clstm")], ..model("clstm-plus") };
        let before =
            Ancestor { epochs: Some(5), corpus: Some("tess".to_owned()), ..model("clstm") };
        let start = Ancestor {
            epochs: Some(60),
            corpus: Some("ravdess".to_owned()),
            initialized_from: Some(Box::new(before)),
            ..model("clstm")
        };
        let lineage = Lineage {
            initialized_from: Some(start),
            distilled_from: vec![teacher, model("clstm")],
            pretraining_corpora: Vec::new(),
        };
        assert_eq!(
            lineage.to_string(),
            ", initialised from clstm, 60 epochs on ravdess, itself initialised from clstm, 5 epochs on tess, \
             distilled from clstm-plus (distilled from clstm)+clstm"
        );
        assert_eq!(Lineage::default().to_string(), "");
        let text = serde_json::to_string(&lineage).expect("JSON");
        assert_eq!(serde_json::from_str::<Lineage>(&text).expect("the same"), lineage);
    }

    #[test]
    fn what_is_not_recorded_agrees() {
        let of = |teacher| Lineage { distilled_from: vec![teacher], ..Lineage::default() };
        let full = Ancestor { epochs: Some(60), ..model("clstm") };
        assert!(of(full.clone()).agrees_with(&of(model("clstm"))));
        assert!(!of(full).agrees_with(&of(Ancestor { epochs: Some(61), ..model("clstm") })));
        assert!(!of(model("clstm")).agrees_with(&of(model("clstm-plus"))));
        assert!(!of(model("clstm")).agrees_with(&Lineage::default()));
    }
}
