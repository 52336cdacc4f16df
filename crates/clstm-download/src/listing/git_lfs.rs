//! Files in Git's large file storage, by their pointers in the repository's archive
//! (<https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>).

use std::path::{Path, PathBuf};

use crate::http::escape_path;
use crate::listing::Listed;
use crate::source::GitLfsOrigin;
use crate::unpack::{Archive, Entry};
use crate::{Checksum, DownloadError};

/// A pointer has fewer bytes than this, by the specification.
const MAX_POINTER: u64 = 1024;
/// A file that the archive holds itself: CREMA-D's list of speakers has 3 KB.
const MAX_BESIDE: u64 = 1 << 20;

/// Content of the archive of a repository.
pub(crate) struct Found {
    pub(crate) files: Vec<Listed>,
    /// Small files of the archive itself, with their paths.
    pub(crate) beside: Vec<(PathBuf, Vec<u8>)>,
}

/// Reads the pointers of an archive; the files are looked for behind the addresses `media`.
pub(crate) fn files(
    archive: &Path,
    media: &[String],
    origin: &GitLfsOrigin,
) -> Result<Found, DownloadError> {
    let archive = Archive::open(archive)?;
    let mut found = Found { files: Vec::new(), beside: Vec::new() };
    for entry in &archive.entries {
        // Round everything is a folder named for the repository and the commit.
        let mut parts = entry.path.components();
        parts.next();
        let path = parts.as_path();
        if path.parent() == Some(Path::new(origin.folder)) {
            if !path.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("wav")) {
                continue;
            }
            let text = match entry.bytes {
                0..MAX_POINTER => archive.read(entry)?,
                _ => Vec::new(),
            };
            let (checksum, bytes) = pointer(&text).ok_or_else(|| no_pointer(entry))?;
            let name = escape_path(&slashes(path));
            let urls = media.iter().map(|media| format!("{media}{name}")).collect();
            found.files.push(Listed { path: path.to_owned(), urls, bytes, checksum });
        } else if origin.beside.iter().any(|wanted| path == Path::new(wanted))
            && entry.bytes <= MAX_BESIDE
        {
            found.beside.push((path.to_owned(), archive.read(entry)?));
        }
    }
    Ok(found)
}

fn no_pointer(entry: &Entry) -> DownloadError {
    DownloadError::Listing {
        url: entry.path.display().to_string(),
        problem: "it is not a pointer of Git LFS".to_owned(),
    }
}

/// A path with `/` on every system.
fn slashes(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// Checksum and length that a pointer holds.
fn pointer(text: &[u8]) -> Option<(Checksum, u64)> {
    let text = std::str::from_utf8(text).ok()?;
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    value("version").filter(|version| version.contains("git-lfs"))?;
    let checksum = Checksum::parse("sha256", value("oid")?.strip_prefix("sha256:")?)?;
    Some((checksum, value("size")?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_read() {
        let digits = "9269ed5eb1710836e616d9b036553482d4f22592fdcd495c9228df9bcc009a3e";
        let text = format!(
            "version https://git-lfs.github.com/spec/v1\noid sha256:{digits}\nsize 414429\n"
        );
        let (checksum, size) = pointer(text.as_bytes()).unwrap();
        assert_eq!((checksum.hex().as_str(), size), (digits, 414_429));
        for wrong in [
            "RIFF",
            &text.replace("sha256:", "md5:"),
            &text.replace("size 4", "size -4"),
            &text.replace("version", "Version"),
        ] {
            assert!(pointer(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}
