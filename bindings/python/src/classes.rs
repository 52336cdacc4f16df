//! Fewer classes than the model's labels.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clstm::ClassMap;
use clstm_corpus::{CorpusError, LabelMap};
use pyo3::FromPyObject;

/// A class map as Python passes it.
#[derive(FromPyObject)]
pub(crate) enum Classes {
    /// The class of each label, and the classes in their order.
    Rules(BTreeMap<String, String>, Vec<String>),
    /// A built-in map by name, or a TOML file: the argument of `--classes`.
    #[pyo3(transparent)]
    Named(PathBuf),
}

impl Classes {
    /// Opens the map.
    pub(crate) fn open(self) -> Result<ClassMap, CorpusError> {
        let named = match self {
            Self::Rules(labels, order) => {
                return Ok(ClassMap::new("classes", labels).with_order(order));
            }
            Self::Named(named) => LabelMap::named(&named)?,
        };
        let map = ClassMap::new(named.name(), named.labels().clone());
        Ok(match named.classes() {
            Some(order) => map.with_order(order),
            None => map,
        })
    }
}
