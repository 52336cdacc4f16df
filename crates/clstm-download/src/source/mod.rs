//! Where each corpus comes from, one file a corpus.

mod crema_d;
mod emo_db;
mod on_request;
mod ravdess;
mod tess;

use crate::{Checksum, DownloadError};

/// A corpus that can be downloaded, or has to be requested.
#[derive(Debug)]
#[non_exhaustive]
pub struct Source {
    /// Its name, as `clstm corpus list` has it.
    pub name: &'static str,
    /// Other ways in which people write the name.
    pub aliases: &'static [&'static str],
    /// In full.
    pub title: &'static str,
    /// Its page.
    pub page: &'static str,
    /// Where it comes from.
    pub(crate) origin: Origin,
    /// Whether a file name without its extension is that of a recording of this corpus: an archive
    /// without any is another one.
    pub(crate) is_recording: fn(&str) -> bool,
}

/// Where a corpus comes from.
#[derive(Debug)]
pub(crate) enum Origin {
    /// One archive.
    Archive(ArchiveOrigin),
    /// The files of a dataset in a Dataverse (<https://dataverse.org>).
    Dataverse(DataverseOrigin),
    /// The files that a Git repository keeps in its large file storage (LFS).
    GitLfs(GitLfsOrigin),
    /// By asking its owners: how.
    OnRequest(&'static str),
}

/// A corpus in one archive in a record of Zenodo.
#[derive(Debug)]
pub(crate) struct ArchiveOrigin {
    /// Name of the archive in the record.
    pub(crate) file: &'static str,
    /// Number of the record.
    pub(crate) zenodo: u64,
    /// Bytes and checksum where they are known; otherwise they are requested from the record.
    pub(crate) known: Option<(u64, Checksum)>,
    /// Folder round everything in the archive, which is left out.
    pub(crate) within: Option<&'static str>,
}

/// A dataset with its files one by one; the server publishes their lengths and checksums.
#[derive(Debug)]
pub(crate) struct DataverseOrigin {
    /// The server, up to the last slash.
    pub(crate) server: &'static str,
    /// The dataset.
    pub(crate) doi: &'static str,
    /// What the wanted files' names end in.
    pub(crate) ending: &'static str,
    /// How many there are.
    pub(crate) files: usize,
}

/// A repository whose archive holds pointers to the files, with lengths and SHA-256.
#[derive(Debug)]
pub(crate) struct GitLfsOrigin {
    /// The repository's archive at a fixed commit.
    pub(crate) pointers: &'static str,
    /// The folder whose files are wanted.
    pub(crate) folder: &'static str,
    /// Files wanted beside it, which the archive holds themselves.
    pub(crate) beside: &'static [&'static str],
    /// Addresses in front of a file's path, the best first.
    pub(crate) media: &'static [&'static str],
    /// How many files are in the folder.
    pub(crate) files: usize,
}

/// All of them.
const ALL: &[&Source] = &[
    &ravdess::SPEECH,
    &ravdess::SONG,
    &emo_db::EMO_DB,
    &crema_d::CREMA_D,
    &tess::TESS,
    &on_request::IEMOCAP,
    &on_request::MELD,
    &on_request::SAVEE,
    &on_request::NEMO,
    &on_request::ASED,
    &on_request::EMOTALE,
];

/// Every corpus that is known here, those on request included.
#[must_use]
pub fn sources() -> &'static [&'static Source] {
    ALL
}

/// The corpus of a name; large letters and hyphens do not matter.
///
/// # Errors
/// [`DownloadError::UnknownCorpus`].
pub fn source(name: &str) -> Result<&'static Source, DownloadError> {
    let simple = |name: &str| name.to_ascii_lowercase().replace(['-', '_'], "");
    let means = |source: &&&Source| {
        let mut names = std::iter::once(&source.name).chain(source.aliases);
        names.any(|known| simple(known) == simple(name))
    };
    ALL.iter().find(means).copied().ok_or_else(|| DownloadError::UnknownCorpus {
        name: name.to_owned(),
        known: ALL.iter().map(|source| source.name).collect(),
    })
}
