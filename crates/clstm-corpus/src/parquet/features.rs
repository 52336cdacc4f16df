//! What Hugging Face `datasets` stores about columns in the metadata of a file.

use std::collections::BTreeMap;

use parquet::file::metadata::FileMetaData;
use serde::Deserialize;
use serde_json::Value;

/// Key of the metadata.
const KEY: &str = "huggingface";

/// Columns with a type that Parquet does not know.
#[derive(Debug, Default)]
pub(super) struct Features {
    /// Columns of recordings.
    pub(super) audio: Vec<String>,
    /// Names of the classes that integers of a column stand for.
    pub(super) classes: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Metadata {
    info: Info,
}

#[derive(Deserialize)]
struct Info {
    features: BTreeMap<String, Value>,
}

impl Features {
    /// Empty where the file has none, or none that can be read.
    pub(super) fn of(file: &FileMetaData) -> Self {
        let entries = file.key_value_metadata().into_iter().flatten();
        let text =
            entries.filter(|entry| entry.key == KEY).find_map(|entry| entry.value.as_deref());
        let metadata = text.and_then(|text| serde_json::from_str::<Metadata>(text).ok());
        let mut features = Self::default();
        for (column, feature) in metadata.into_iter().flat_map(|it| it.info.features) {
            match feature.get("_type").and_then(Value::as_str) {
                Some("Audio") => features.audio.push(column),
                Some("ClassLabel") => {
                    let names = feature.get("names").and_then(Value::as_array);
                    let names = names.into_iter().flatten().filter_map(Value::as_str);
                    features.classes.insert(column, names.map(str::to_owned).collect());
                }
                _ => {}
            }
        }
        features
    }
}
