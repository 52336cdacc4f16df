//! Where results go: stdout or a file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use crate::failure::Failure;

/// Receives results and nothing else.
pub(crate) struct Output {
    name: String,
    writer: Box<dyn Write>,
}

impl Output {
    /// A file, or stdout where none is named.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::stdout()) };
        let name = path.display().to_string();
        let file = File::create(path).map_err(|error| Failure::writing(&name, &error))?;
        Ok(Self { name, writer: Box::new(BufWriter::new(file)) })
    }

    /// A file whose text stays, or a new one.
    pub(crate) fn append(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let file = File::options().create(true).append(true).open(path);
        let file = file.map_err(|error| Failure::writing(&name, &error))?;
        Ok(Self { name, writer: Box::new(BufWriter::new(file)) })
    }

    /// Standard output.
    pub(crate) fn stdout() -> Self {
        Self { name: "to stdout".to_owned(), writer: Box::new(BufWriter::new(io::stdout())) }
    }

    /// Writes text as it stands, through to the reader.
    pub(crate) fn write(&mut self, text: &str) -> Result<(), Failure> {
        let done = self.writer.write_all(text.as_bytes()).and_then(|()| self.writer.flush());
        done.map_err(|error| Failure::writing(&self.name, &error))
    }

    /// Writes a value as indented JSON.
    pub(crate) fn write_json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Failure::Failed(format!("cannot write {}: {error}", self.name)))?;
        self.write(&format!("{text}\n"))
    }
}
