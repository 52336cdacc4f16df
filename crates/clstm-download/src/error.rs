//! What can go wrong with a download.

use std::io;
use std::path::{Path, PathBuf};

/// Failure to get, check or unpack a corpus.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// No corpus of that name can be downloaded.
    #[error("no download for {name:?}; known: {}", known.join(", "))]
    UnknownCorpus {
        /// The requested name.
        name: String,
        /// The names that are known, those that have to be requested included.
        known: Vec<&'static str>,
    },
    /// The corpus cannot be downloaded by a program: it has to be requested from its owners, or needs
    /// manual work.
    #[error("{title} is not downloaded by this command.\n{how}")]
    OnRequest {
        /// The corpus in full.
        title: &'static str,
        /// How to get it, in lines of text.
        how: &'static str,
    },
    /// An address is not one, or of a kind that is not understood.
    #[error("the address {url:?} cannot be used: {problem}")]
    Url {
        /// The address.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The proxy named by the environment cannot be used.
    #[error("the proxy of the environment (HTTPS_PROXY, ALL_PROXY) cannot be used: {problem}")]
    Proxy {
        /// What is wrong with it.
        problem: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {problem}")]
    Tls {
        /// Why not.
        problem: String,
    },
    /// A connection failed, or what came by it was no HTTP.
    #[error("cannot get {url}: {problem}")]
    Network {
        /// The address.
        url: String,
        /// What happened.
        problem: String,
    },
    /// A server refused.
    #[error("cannot get {url}: the server responded {status} {reason}")]
    Status {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The server's words for it.
        reason: String,
    },
    /// A server requests a longer pause than the retry policy allows.
    #[error("{url} requests a pause of {seconds} s ({status}); run the same command after it")]
    RetryAfter {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The requested pause.
        seconds: u64,
    },
    /// A redirect that is not followed.
    #[error("the redirects of {url} are not followed: {problem}")]
    Redirect {
        /// Where they began.
        url: String,
        /// Why not.
        problem: String,
    },
    /// Every try failed; what was received is kept.
    #[error("{error}; {attempts} attempts failed, run the same command to resume")]
    RetriesExhausted {
        /// How often it was tried without progress.
        attempts: u32,
        /// What happened the last time.
        error: Box<DownloadError>,
    },
    /// A file is longer or shorter than it must be.
    #[error("{url} has {got} bytes, but {expected} are expected: it is another file or incomplete")]
    Size {
        /// The address.
        url: String,
        /// Bytes of the published file.
        expected: u64,
        /// Bytes offered or received.
        got: u64,
    },
    /// A file without a known length does not end.
    #[error("{url} has more than {most} bytes, the most that is accepted for it")]
    TooLong {
        /// The address.
        url: String,
        /// The limit.
        most: u64,
    },
    /// A file is not the one that was published.
    #[error(
        "{name} is not the published file: its {algorithm} should be {expected}, but is {got}; \
         what came is set aside in {}", rejected.display()
    )]
    Checksum {
        /// The file.
        name: String,
        /// How it is summed up.
        algorithm: &'static str,
        /// The published checksum.
        expected: String,
        /// That of the file received.
        got: String,
        /// Where the file was put.
        rejected: PathBuf,
    },
    /// A file without a published checksum is not the one received the first time.
    #[error(
        "{name} has changed since it was first downloaded: its SHA-256 was {expected} ({}), and is \
         {got} now; delete that file to accept the change", pin.display()
    )]
    Changed {
        /// The file.
        name: String,
        /// The SHA-256 of the first time.
        expected: String,
        /// That of now.
        got: String,
        /// Where the first one is written down.
        pin: PathBuf,
    },
    /// A server's list of files cannot be used.
    #[error("the list of files from {url} cannot be used: {problem}")]
    Listing {
        /// Where it comes from.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An archive is not sound or not safe. Nothing of it was unpacked.
    #[error("{} cannot be unpacked: {problem}", archive.display())]
    Archive {
        /// The archive.
        archive: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file that is none of the corpus has the place of one.
    #[error("{} is in the way: it differs from the corpus's file; move it or choose another folder",
        path.display())]
    FileConflict {
        /// The file.
        path: PathBuf,
    },
    /// Another download works in the folder.
    #[error("another download is already running in {}", folder.display())]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {action} {}: {}", path.display(), plainly(source))]
    Io {
        /// What was to be done.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It was cancelled; what was received is kept.
    #[error("stopped; run the same command to resume")]
    Cancelled,
}

impl DownloadError {
    /// For `map_err` of an operation on a file.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}

/// The errors that people meet most, with what to do.
fn plainly(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("the disk is full ({error}); make work_dir and run the same command again")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            format!("no permission to write there ({error}); choose another folder")
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_has_a_plain_message() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let text = DownloadError::io("write", Path::new("a.part"))(full).to_string();
        assert!(text.starts_with("cannot write a.part: the disk is full"), "{text}");
    }
}
