//! Where results go: stdout or a file.

mod file_id;
mod guard;
mod lock;

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use crate::error::CliError;
use crate::text::{PathText, printable_text};

pub(crate) use guard::OutputGuard;
pub(crate) use lock::FolderLock;

/// Receives results and nothing else.
pub(crate) struct Output {
    name: String,
    writer: Box<dyn Write>,
}

impl Output {
    /// A file that another call has opened.
    fn file(path: &Path, file: File) -> Self {
        Self { name: path.text(), writer: Box::new(BufWriter::new(file)) }
    }

    /// Standard output.
    pub(crate) fn stdout() -> Self {
        Self { name: "to stdout".to_owned(), writer: Box::new(BufWriter::new(io::stdout())) }
    }

    /// Writes text as it is, through to the reader.
    pub(crate) fn write(&mut self, text: &str) -> Result<(), CliError> {
        self.write_bytes(text.as_bytes())
    }

    /// Writes bytes, through to the reader.
    pub(crate) fn write_bytes(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        let done = self.writer.write_all(bytes).and_then(|()| self.writer.flush());
        done.map_err(|error| CliError::writing(&self.name, &error))
    }

    /// Writes text for people, which may hold names from outside.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), CliError> {
        self.write(&printable_text(text))
    }

    /// Writes a value as a line of JSON.
    pub(crate) fn write_line(&mut self, value: &impl Serialize) -> Result<(), CliError> {
        let line = crate::json::to_line(value).map_err(|error| self.failed(&error))?;
        self.write(&line)
    }

    fn failed(&self, error: &serde_json::Error) -> CliError {
        CliError::Failed(format!("cannot write {}: {error}", self.name))
    }

    /// Writes a value as indented JSON.
    pub(crate) fn write_json(&mut self, value: &impl Serialize) -> Result<(), CliError> {
        let text = crate::json::to_document(value).map_err(|error| self.failed(&error))?;
        self.write(&text)
    }
}

/// Opens a file to write its whole content. Devices and pipes are opened as they are.
///
/// # Errors
/// If the file has content and `force` is not set, if another process writes to it, and those of the file system.
fn create(path: &Path, force: bool) -> Result<File, CliError> {
    let failed = |error: io::Error| CliError::writing(&path.text(), &error);
    let mut options = OpenOptions::new();
    let file = match path.metadata() {
        Ok(about) if about.is_dir() => return Err(folder(path)),
        // Opening a device or pipe with O_CREAT may be refused in folders such as /tmp.
        Ok(about) if !about.is_file() => return options.write(true).open(path).map_err(failed),
        // Not truncated before the lock is held.
        _ => options.write(true).create(true).truncate(false).open(path).map_err(failed)?,
    };
    lock::exclusive(&file, path)?;
    // A file without content, such as one of mktemp, holds nothing that could be lost.
    if !force && file.metadata().map_err(failed)?.len() > 0 {
        return Err(exists(path));
    }
    file.set_len(0).map_err(failed)?;
    Ok(file)
}

/// Opens a file whose content stays, or a new one.
fn append(path: &Path) -> Result<File, CliError> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    let file = file.map_err(|error| CliError::writing(&path.text(), &error))?;
    lock::exclusive(&file, path)?;
    Ok(file)
}

fn exists(path: &Path) -> CliError {
    let path = path.text();
    CliError::Failed(format!("{path} exists; name another file, or replace it with --force"))
}

fn folder(path: &Path) -> CliError {
    CliError::Failed(format!("cannot write {}: it is a folder", path.text()))
}
