//! Moves unpacked files to the folder of the corpus.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::DownloadError;

/// Moves files from one folder to another, of the same file system. The same file in the other
/// folder already is well; another of its name stops it before anything is moved.
pub(crate) fn move_all(from: &Path, to: &Path, files: &[PathBuf]) -> Result<(), DownloadError> {
    for file in files {
        let (new, old) = (from.join(file), to.join(file));
        let in_the_way = match fs::metadata(&old) {
            Ok(meta) if meta.is_file() => !same(&new, &old)?,
            Ok(_) => true,
            // A link that leads nowhere is something, too.
            Err(_) => fs::symlink_metadata(&old).is_ok(),
        };
        if in_the_way {
            return Err(DownloadError::FileConflict { path: old });
        }
    }
    for file in files {
        let path = to.join(file);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(DownloadError::io("create", folder))?;
        }
        fs::rename(from.join(file), &path).map_err(DownloadError::io("write", &path))?;
    }
    Ok(())
}

/// Whether two files have the same bytes.
fn same(a: &Path, b: &Path) -> Result<bool, DownloadError> {
    let length = |path: &Path| {
        fs::metadata(path).map(|meta| meta.len()).map_err(DownloadError::io("read", path))
    };
    if length(a)? != length(b)? {
        return Ok(false);
    }
    let open =
        |path: &Path| File::open(path).map(BufReader::new).map_err(DownloadError::io("read", path));
    let (left, right) = (open(a)?, open(b)?);
    let mut pairs = left.bytes().zip(right.bytes());
    let equal = pairs.try_fold(true, |equal, (x, y)| io::Result::Ok(equal && x? == y?));
    equal.map_err(DownloadError::io("read", b))
}
