//! A Parquet file and its columns.

use std::fs::File;
use std::path::Path;

use parquet::basic::{Compression, ConvertedType, Type as Physical};
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::features::Features;

/// The column that has the recordings.
#[derive(Debug, Clone, Copy)]
pub(super) struct AudioColumn {
    /// Index of the column of bytes.
    pub(super) bytes: usize,
    /// Index of the column of paths, where there is one.
    pub(super) path: Option<usize>,
}

/// A column of one value a row.
#[derive(Debug)]
pub(super) struct ScalarColumn {
    pub(super) index: usize,
    pub(super) name: String,
}

/// An open file.
pub(super) struct ParquetFile {
    pub(super) reader: SerializedFileReader<File>,
    pub(super) features: Features,
}

impl ParquetFile {
    /// Opens a file and reads its schema.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => format!("cannot be read: {error}"),
        })?;
        let bytes = file.metadata().map_err(|error| format!("cannot be read: {error}"))?.len();
        let reader = SerializedFileReader::new(file)
            .map_err(|error| format!("cannot be read as Parquet: {error}"))?;
        // Run-length coding can promise any number of rows; a recording needs more than a byte.
        let groups = reader.metadata().row_groups().iter();
        let mut rows = groups.map(|group| u64::try_from(group.num_rows()).ok());
        let rows = rows.try_fold(0_u64, |sum, rows| sum.checked_add(rows?));
        if rows.is_none_or(|rows| rows > bytes) {
            return Err(format!("has more rows than its {bytes} bytes can hold recordings"));
        }
        let features = Features::of(reader.metadata().file_metadata());
        Ok(Self { reader, features })
    }

    /// Names of the columns, those in groups as `GROUP.NAME`.
    pub(super) fn names(&self) -> Vec<String> {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        schema.columns().iter().map(|column| column.path().string()).collect()
    }

    /// The columns of one value a row, without that of recordings.
    pub(super) fn scalars(&self, audio: Option<AudioColumn>) -> Vec<ScalarColumn> {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        let columns = schema.columns().iter().enumerate();
        let scalars = columns.filter(|(index, column)| {
            column.path().parts().len() == 1
                && column.max_rep_level() == 0
                && audio.is_none_or(|audio| audio.bytes != *index)
                && !matches!(
                    column.physical_type(),
                    Physical::INT96 | Physical::FIXED_LEN_BYTE_ARRAY
                )
        });
        scalars
            .map(|(index, column)| ScalarColumn { index, name: column.name().to_owned() })
            .collect()
    }

    /// The column of recordings: that of the type `Audio`, else the one of that form; `None` where there is none.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn audio(&self) -> Result<Option<AudioColumn>, String> {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        let mut found: Vec<(String, AudioColumn)> = Vec::new();
        for (index, column) in schema.columns().iter().enumerate() {
            if column.physical_type() != Physical::BYTE_ARRAY || column.max_rep_level() != 0 {
                continue;
            }
            match column.path().parts() {
                [group, bytes] if bytes == "bytes" => {
                    let is_path =
                        |parts: &[String]| matches!(parts, [g, p] if g == group && p == "path");
                    let path =
                        schema.columns().iter().position(|other| is_path(other.path().parts()));
                    found.push((group.clone(), AudioColumn { bytes: index, path }));
                }
                [name]
                    if name == "audio"
                        && column.logical_type_ref().is_none()
                        && column.converted_type() == ConvertedType::NONE =>
                {
                    found.push((name.clone(), AudioColumn { bytes: index, path: None }));
                }
                _ => {}
            }
        }
        if let [declared] = self.features.audio.as_slice() {
            found.retain(|(name, _)| name == declared);
        } else if found.iter().any(|(name, _)| name == "audio") {
            found.retain(|(name, _)| name == "audio");
        }
        match found.as_slice() {
            [] => Ok(None),
            [(_, audio)] => Ok(Some(*audio)),
            several => {
                let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
                Err(format!(
                    "has the columns of recordings {}; name the one to use \"audio\"",
                    names.join(", ")
                ))
            }
        }
    }

    /// Refuses columns that are compressed by a method that is not read.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn check_compression(&self, columns: &[usize]) -> Result<(), String> {
        for group in self.reader.metadata().row_groups() {
            for &index in columns {
                let Some(column) = group.columns().get(index) else { continue };
                match column.compression() {
                    Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) => {}
                    other => {
                        let name = other.to_string();
                        return Err(format!(
                            "its column {} is compressed by {}, which is not supported; write the file with Snappy \
                             compression or none",
                            column.column_descr().path().string(),
                            name.split('(').next().unwrap_or_default()
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}
