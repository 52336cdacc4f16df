//! `--classes`: a map of the model's labels to fewer classes.

use std::path::Path;

use clstm::ClassMap;
use clstm_corpus::LabelMap;

use crate::error::CliError;

/// The map that an option names: a built-in one, or a file.
///
/// # Errors
/// If there is no such map, or it is not valid.
pub(crate) fn open(named: Option<&Path>) -> Result<Option<ClassMap>, CliError> {
    let Some(named) = named else { return Ok(None) };
    let map = LabelMap::named(named)?;
    let classes = ClassMap::new(map.name(), map.labels().clone());
    Ok(Some(match map.classes() {
        Some(order) => classes.with_order(order),
        None => classes,
    }))
}
