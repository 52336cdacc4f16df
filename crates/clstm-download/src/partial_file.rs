//! A file that is not complete yet: `NAME.part`, and beside it `NAME.part.json`, which names its
//! source. The latter is written first, so that a process killed at any time leaves a pair
//! that a download can resume from.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::DownloadError;

/// The pair of files.
#[derive(Debug)]
pub(crate) struct PartialFile {
    path: PathBuf,
    origin: PathBuf,
}

/// The source of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// The address it was requested from.
    pub(crate) url: String,
    /// A strong `ETag`, or else the `Last-Modified`: the file has changed where it has.
    pub(crate) validator: Option<String>,
}

/// Where a download resumes.
#[derive(Debug)]
pub(crate) struct Resume {
    /// Bytes that are there.
    pub(crate) from: u64,
    /// What the server is to compare, where it gave such a thing.
    pub(crate) validator: Option<String>,
}

/// A path with something after its name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(suffix);
    path.with_file_name(name)
}

impl PartialFile {
    /// The part of the file at this path.
    pub(crate) fn of(path: &Path) -> Self {
        Self { path: beside(path, ".part"), origin: beside(path, ".part.json") }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that have come.
    pub(crate) fn len(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |meta| meta.len())
    }

    /// Whether and how to resume it from an address. With a `checksum` a wrong joint is found
    /// at the end, so that another server will do, or one that does not name what it sends.
    pub(crate) fn resume(&self, url: &str, size: Option<u64>, checksum: bool) -> Option<Resume> {
        let from = self.len();
        let origin: Origin = serde_json::from_slice(&fs::read(&self.origin).ok()?).ok()?;
        if from == 0 || size.is_some_and(|size| from > size) {
            return None;
        }
        let validator = origin.validator.filter(|_| origin.url == url);
        (validator.is_some() || checksum).then_some(Resume { from, validator })
    }

    /// Opens it to be written on from this byte.
    pub(crate) fn open(&self, from: u64, origin: &Origin) -> Result<File, DownloadError> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)
            .map_err(DownloadError::io("write", &self.path))?;
        if from == 0 {
            file.set_len(0).map_err(DownloadError::io("write", &self.path))?;
        }
        let text = serde_json::to_vec(origin).map_err(io::Error::other);
        text.and_then(|text| fs::write(&self.origin, text))
            .map_err(DownloadError::io("write", &self.origin))?;
        Ok(file)
    }

    /// Discards what has been received.
    pub(crate) fn discard(&self) -> Result<(), DownloadError> {
        for path in [&self.path, &self.origin] {
            remove(path)?;
        }
        Ok(())
    }

    /// Makes it the file it was a part of, or puts it elsewhere.
    pub(crate) fn move_to(&self, path: &Path) -> Result<(), DownloadError> {
        fs::rename(&self.path, path).map_err(DownloadError::io("write", path))?;
        remove(&self.origin)
    }
}

/// Deletes a file that need not be there.
pub(crate) fn remove(path: &Path) -> Result<(), DownloadError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(DownloadError::io("delete", path)(error))
        }
        _ => Ok(()),
    }
}

/// What identifies the bytes of a response, fit for `If-Range` (RFC 9110, section 13.1.5: weak tags
/// are not).
pub(crate) fn validator(etag: Option<&str>, last_modified: Option<&str>) -> Option<String> {
    etag.filter(|tag| tag.starts_with('"')).or(last_modified).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_resumed_only_where_its_end_will_fit() {
        let folder = tempfile::tempdir().unwrap();
        let part = PartialFile::of(&folder.path().join("a.zip"));
        let origin = |validator: Option<&str>| Origin {
            url: "https://a/a.zip".to_owned(),
            validator: validator.map(str::to_owned),
        };
        let from = |url: &str, size, sum| part.resume(url, size, sum).map(|r| r.from);
        assert_eq!(from("https://a/a.zip", None, true), None, "there is none");
        drop(part.open(0, &origin(Some("\"1\""))).unwrap());
        fs::write(part.path(), [1; 7]).unwrap();
        assert_eq!(from("https://a/a.zip", None, false), Some(7));
        assert_eq!(from("https://a/a.zip", Some(6), true), None, "longer than the file");
        assert_eq!(from("https://b/a.zip", None, false), None, "from elsewhere");
        assert_eq!(from("https://b/a.zip", None, true), Some(7));
        assert!(part.resume("https://b/a.zip", None, true).unwrap().validator.is_none());
        drop(part.open(7, &origin(None)).unwrap());
        assert_eq!(from("https://a/a.zip", None, false), None, "may have changed");
        assert_eq!(from("https://a/a.zip", None, true), Some(7));
        fs::write(&part.origin, "{").unwrap();
        assert_eq!(from("https://a/a.zip", None, true), None, "of what?");
    }

    #[test]
    fn weak_tags_are_no_validators() {
        assert_eq!(validator(Some("\"a\""), Some("yesterday")).as_deref(), Some("\"a\""));
        assert_eq!(validator(Some("W/\"a\""), Some("yesterday")).as_deref(), Some("yesterday"));
        assert_eq!(validator(Some("W/\"a\""), None), None);
    }
}
