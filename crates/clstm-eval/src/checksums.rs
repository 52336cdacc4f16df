//! Checksums of a folder's files: `SHA256SUMS`, which `sha256sum --check` reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use clstm::audio::{MAX_LIST_BYTES, read_text_bounded};
use clstm::write_atomic;
use sha2::{Digest, Sha256};

use crate::EvalError;

/// The SHA-256 of files in one folder, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checksums {
    sums: BTreeMap<String, String>,
}

impl Checksums {
    /// Name of the file.
    pub const FILE: &str = "SHA256SUMS";

    /// Reads those of a folder; empty where it has none, as folders of release 0.1.
    ///
    /// # Errors
    /// [`EvalError::Io`]; [`EvalError::Malformed`] for a line that is none of `sha256sum`.
    pub fn read(folder: &Path) -> Result<Self, EvalError> {
        let path = folder.join(Self::FILE);
        let text = match read_text_bounded(&path, MAX_LIST_BYTES) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(EvalError::io(&path, e)),
        };
        let mut sums = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            let is_sum = |sum: &str| sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit());
            match line.split_once("  ").filter(|(sum, name)| is_sum(sum) && !name.is_empty()) {
                Some((sum, name)) => sums.insert(name.to_owned(), sum.to_owned()),
                None => {
                    return Err(EvalError::malformed(
                        &path,
                        format!("line {number} is not a checksum"),
                    ));
                }
            };
        }
        Ok(Self { sums })
    }

    /// Sets the checksum of a file with this content.
    pub fn set(&mut self, name: &str, content: &[u8]) {
        self.sums.insert(name.to_owned(), sha256(content));
    }

    /// Sets the checksum of a file as it is on disk; nothing where there is no such file.
    ///
    /// # Errors
    /// [`EvalError::Io`].
    pub fn set_file(&mut self, folder: &Path, name: &str) -> Result<(), EvalError> {
        let path = folder.join(name);
        match std::fs::read(&path) {
            Ok(content) => self.set(name, &content),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(EvalError::io(&path, e)),
        }
        Ok(())
    }

    /// Writes them into a folder.
    ///
    /// # Errors
    /// [`EvalError::Io`].
    pub fn write(&self, folder: &Path) -> Result<(), EvalError> {
        let mut text = String::new();
        for (name, sum) in &self.sums {
            let _ = writeln!(text, "{sum}  {name}");
        }
        let path = folder.join(Self::FILE);
        write_atomic(&path, text.as_bytes()).map_err(|e| EvalError::io(&path, e))
    }

    /// Refuses content that is not the one whose checksum is known.
    ///
    /// # Errors
    /// [`EvalError::Malformed`].
    pub fn check(&self, path: &Path, content: &[u8]) -> Result<(), EvalError> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match self.sums.get(name) {
            Some(sum) if *sum != sha256(content) => {
                let reason = format!(
                    "its content is not the one that was written ({} has another checksum): it was damaged or \
                     changed",
                    Self::FILE
                );
                Err(EvalError::malformed(path, reason))
            }
            _ => Ok(()),
        }
    }
}

/// SHA-256 in hexadecimal.
#[must_use]
pub fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{Checksums, sha256};
    use crate::files::read_checked;

    #[test]
    fn a_flipped_bit_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("metrics.json");
        std::fs::write(&path, b"{}").expect("written");
        assert_eq!(read_checked(&path).expect("no checksum is known"), b"{}");
        let mut sums = Checksums::default();
        sums.set_file(folder.path(), "metrics.json").expect("read");
        sums.set_file(folder.path(), "missing").expect("nothing");
        sums.write(folder.path()).expect("written");
        assert_eq!(Checksums::read(folder.path()).expect("read"), sums);
        assert_eq!(read_checked(&path).expect("the same"), b"{}");
        for damaged in [&b"{|"[..], &[0, 0], b"", b"{} "] {
            std::fs::write(&path, damaged).expect("written");
            let error = read_checked(&path).expect_err("damaged").to_string();
            assert!(error.contains("damaged or changed"), "{error}");
        }
        std::fs::write(folder.path().join(Checksums::FILE), "no sum\n").expect("written");
        assert!(read_checked(&path).expect_err("no sum").to_string().contains("line 1"));
    }

    #[test]
    fn sums_are_those_of_sha256sum() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
    }
}
