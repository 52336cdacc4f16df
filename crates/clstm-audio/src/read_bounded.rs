//! Files of other kinds than recordings.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// Most bytes of a file that people write by hand, such as settings and label maps.
pub const MAX_SETTINGS_BYTES: u64 = 1 << 20;

/// Most bytes of a list or record with a line for each recording.
pub const MAX_LIST_BYTES: u64 = 256 << 20;

/// Reads a whole file of at most `max_bytes`: a device such as `/dev/zero` has no end.
///
/// # Errors
/// [`ErrorKind::FileTooLarge`] for a file with more bytes, and those of the file system.
pub fn read_bounded(path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    let file = File::open(path)?;
    let mut bytes = Vec::new();
    file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        let message = format!("it has more than {max_bytes} bytes, too many for its purpose");
        return Err(Error::new(ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// Reads a whole text file of at most `max_bytes`, like [`read_bounded`].
///
/// # Errors
/// Those of [`read_bounded`], and [`ErrorKind::InvalidData`] for a file that is not UTF-8.
pub fn read_text_bounded(path: &Path, max_bytes: u64) -> Result<String> {
    String::from_utf8(read_bounded(path, max_bytes)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let message = format!("it is not UTF-8 text, from byte {at} on; save it as UTF-8");
        Error::new(ErrorKind::InvalidData, message)
    })
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::path::Path;

    use super::{read_bounded, read_text_bounded};

    #[test]
    fn a_file_is_read_up_to_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("four");
        std::fs::write(&path, b"\xff234").unwrap();
        assert_eq!(read_bounded(&path, 4).unwrap(), b"\xff234");
        assert_eq!(read_bounded(&path, 3).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(read_text_bounded(&path, 4).unwrap_err().kind(), ErrorKind::InvalidData);
        let zero = Path::new("/dev/zero");
        if zero.exists() {
            assert_eq!(read_bounded(zero, 1 << 20).unwrap_err().kind(), ErrorKind::FileTooLarge);
        }
    }
}
