//! Parquet files of recordings, in the layout of Hugging Face `datasets`.
//!
//! Written by the library that reads them; the tests of the Python package read files that `datasets` and PyArrow have written.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// A row.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Content of the recording.
    pub bytes: Option<Vec<u8>>,
    /// Name of the recording.
    pub path: Option<String>,
    /// Number of the class.
    pub label: Option<i64>,
    /// Speaker.
    pub speaker: Option<String>,
}

/// How a file is written.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Names of the classes, in the metadata of the file.
    pub classes: Vec<&'static str>,
    /// Rows of a row group.
    pub group_rows: usize,
    /// Whether columns are compressed by Snappy.
    pub compressed: bool,
    /// Whether the file counts the nulls of its columns.
    pub statistics: bool,
    /// Name of the column of labels.
    pub label: &'static str,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            classes: vec!["angry", "happy", "sad"],
            group_rows: 100,
            compressed: true,
            statistics: true,
            label: "label",
        }
    }
}

/// Writes rows to a new file.
///
/// # Panics
/// If the file cannot be written.
pub fn write(path: &Path, rows: &[Row], layout: &Layout) {
    let label = layout.label;
    let schema = format!(
        "message schema {{ optional group audio {{ optional binary bytes; optional binary path (STRING); }} \
         optional int64 {label}; optional binary speaker (STRING); }}"
    );
    let schema = Arc::new(parse_message_type(&schema).expect("a valid schema"));
    let names: Vec<String> = layout.classes.iter().map(|name| format!("{name:?}")).collect();
    let metadata = format!(
        r#"{{"info":{{"features":{{"audio":{{"sampling_rate":16000,"_type":"Audio"}},"{label}":{{"names":[{}],"_type":"ClassLabel"}},"speaker":{{"dtype":"string","_type":"Value"}}}}}}}}"#,
        names.join(",")
    );
    let compression =
        if layout.compressed { Compression::SNAPPY } else { Compression::UNCOMPRESSED };
    let statistics =
        if layout.statistics { EnabledStatistics::Chunk } else { EnabledStatistics::None };
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_statistics_enabled(statistics)
        .set_key_value_metadata(Some(vec![KeyValue::new("huggingface".to_owned(), metadata)]))
        .build();
    let file = File::create(path).expect("a file that can be created");
    let mut writer =
        SerializedFileWriter::new(file, schema, Arc::new(properties)).expect("a writer");
    for rows in rows.chunks(layout.group_rows) {
        let mut group = writer.next_row_group().expect("a row group");
        let texts = |value: fn(&Row) -> Option<&[u8]>| -> Vec<Option<ByteArray>> {
            rows.iter().map(|row| value(row).map(|bytes| ByteArray::from(bytes.to_vec()))).collect()
        };
        let columns = [
            (texts(|row| row.bytes.as_deref()), 2),
            (texts(|row| row.path.as_ref().map(|path| path.as_bytes())), 2),
            (Vec::new(), 1),
            (texts(|row| row.speaker.as_ref().map(|speaker| speaker.as_bytes())), 1),
        ];
        for (values, level) in columns {
            let mut column = group.next_column().expect("a column").expect("a column");
            if values.is_empty() {
                let levels: Vec<i16> =
                    rows.iter().map(|row| i16::from(row.label.is_some())).collect();
                let labels: Vec<i64> = rows.iter().filter_map(|row| row.label).collect();
                let written = column.typed::<Int64Type>().write_batch(&labels, Some(&levels), None);
                written.expect("labels");
            } else {
                // One less than the highest level: the group is there, the value is not.
                let levels: Vec<i16> =
                    values.iter().map(|value| level - i16::from(value.is_none())).collect();
                let values: Vec<ByteArray> = values.into_iter().flatten().collect();
                let written =
                    column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None);
                written.expect("texts");
            }
            column.close().expect("a complete column");
        }
        group.close().expect("a complete row group");
    }
    writer.close().expect("a complete file");
}
