//! The shipped models inside the binary.

use std::fmt;

/// A shipped model. Each is a crate of its own in `models/`, which also has its model card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmbeddedModel {
    /// `multi`: six classes, trained on five corpora in three languages; for non-commercial use.
    #[default]
    Multi,
    /// `open`: six classes, trained on CREMA-D; commercial use is allowed (ODbL 1.0).
    Open,
    /// `ravdess-clstm-plus`: eight classes, trained on RAVDESS; for non-commercial use.
    RavdessClstmPlus,
}

impl EmbeddedModel {
    /// All of them, the default first.
    pub const ALL: [Self; 3] = [Self::Multi, Self::Open, Self::RavdessClstmPlus];

    /// Its name, as in [`ModelInfo::name`](crate::ModelInfo::name).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Multi => "multi",
            Self::Open => "open",
            Self::RavdessClstmPlus => "ravdess-clstm-plus",
        }
    }

    /// The model of this name; none if there is no such model.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.name() == name)
    }

    /// Its file, for [`Model::from_bytes`](crate::Model::from_bytes).
    #[must_use]
    pub fn bytes(self) -> &'static [u8] {
        match self {
            Self::Multi => clstm_model_multi::MODEL,
            Self::Open => clstm_model_open::MODEL,
            Self::RavdessClstmPlus => clstm_model_ravdess_clstm_plus::MODEL,
        }
    }
}

impl fmt::Display for EmbeddedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
