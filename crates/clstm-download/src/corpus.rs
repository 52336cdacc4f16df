//! The download of a corpus from its first byte to the folder that can be worked with.

use std::fs;
use std::path::{Path, PathBuf};

use crate::checksum::Sums;
use crate::fetch::{FileSpec, REJECTED, fetch};
use crate::file_set;
use crate::http::{Client, parse_url};
use crate::listing::{dataverse, git_lfs, zenodo};
use crate::partial_file::{beside, remove};
use crate::progress::{Event, Monitor};
use crate::receipt::{Receipt, ReceiptFile};
use crate::source::{ArchiveOrigin, Origin, Source};
use crate::unpack::Archive;
use crate::work_dir::WorkDir;
use crate::{DownloadError, first_use_checksum, install};

/// The most bytes of an archive whose length is not known. RAVDESS with its videos has 25 GB, but no
/// part of it more than this.
const MAX_ARCHIVE: u64 = 8 << 30;
/// A repository's archive of pointers: CREMA-D's has 20,000 small files and some tables.
const MAX_POINTERS: u64 = 512 << 20;

const ZENODO: &str = "https://zenodo.org/";

/// What to download, and where to.
#[derive(Debug)]
pub struct DownloadRequest<'a> {
    /// The corpus.
    pub source: &'static Source,
    /// The folder that it will be in; made where it is not there.
    pub to: &'a Path,
    /// Another place than the official one. With a slash at its end it replaces the server (for
    /// archives: for the folder that holds the archive); otherwise it is an archive of the whole
    /// corpus.
    pub from: Option<&'a str>,
    /// Keeps the archive when it has been unpacked.
    pub keep_archive: bool,
}

/// A corpus that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DownloadSummary {
    /// Whether it was there already, so that nothing was to be done.
    pub already: bool,
    /// Its files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Downloads a corpus, checks and unpacks it. Called again, it resumes after an interruption, and
/// does nothing where the corpus is complete.
///
/// # Errors
/// Every one of [`DownloadError`]. What was received stays for the next call, unless it was wrong.
pub fn download(
    request: &DownloadRequest<'_>,
    client: &Client,
    monitor: &Monitor<'_>,
) -> Result<DownloadSummary, DownloadError> {
    let source = request.source;
    if let Origin::OnRequest(how) = source.origin {
        return Err(DownloadError::OnRequest { title: source.title, how });
    }
    if let Some(from) = request.from {
        parse_url(from)?;
    }
    let work_dir = WorkDir::enter(request.to)?;
    if let Some(receipt) = Receipt::of_complete(work_dir.path(), request.to, source.name) {
        return Ok(done(&receipt, true));
    }
    let mirror = request.from.filter(|from| from.ends_with('/'));
    let receipt = match (&source.origin, request.from) {
        (Origin::Archive(origin), from) => {
            archive(request, origin, from, &work_dir, client, monitor)?
        }
        (_, Some(url)) if mirror.is_none() => whole(request, url, &work_dir, client, monitor)?,
        (Origin::Dataverse(origin), _) => {
            let server = mirror.unwrap_or(origin.server);
            let files = dataverse::files(client, server, origin, monitor)?;
            file_set::check_count(server, files.len(), origin.files, mirror.is_some(), monitor)?;
            let files = file_set::fetch_all(client, request.to, files, monitor)?;
            let checked = "each file by the checksum that the server publishes";
            Receipt::new(source.name, server.to_owned(), checked.to_owned(), files)
        }
        (Origin::GitLfs(origin), _) => {
            let (pointers, media) = match mirror {
                Some(mirror) => (format!("{mirror}pointers.zip"), vec![mirror.to_owned()]),
                None => {
                    let media = origin.media.iter().map(|&media| media.to_owned());
                    (origin.pointers.to_owned(), media.collect())
                }
            };
            monitor.emit(&Event::RequestingList { url: &pointers });
            let path = work_dir.path().join("pointers.zip");
            let spec = FileSpec {
                name: "the list of files",
                urls: std::slice::from_ref(&pointers),
                path: &path,
                size: None,
                checksum: None,
                most: MAX_POINTERS,
            };
            fetch(client, &spec, monitor)?;
            let found = git_lfs::files(&path, &media, origin)?;
            file_set::check_count(
                &pointers,
                found.files.len(),
                origin.files,
                mirror.is_some(),
                monitor,
            )?;
            for (name, bytes) in &found.beside {
                let path = request.to.join(name);
                fs::write(&path, bytes).map_err(DownloadError::io("write", &path))?;
            }
            let files = file_set::fetch_all(client, request.to, found.files, monitor)?;
            remove(&path)?;
            let checked = "each file by the SHA-256 in the repository";
            Receipt::new(source.name, pointers, checked.to_owned(), files)
        }
        (Origin::OnRequest(how), _) => {
            return Err(DownloadError::OnRequest { title: source.title, how });
        }
    };
    receipt.write(work_dir.path())?;
    Ok(done(&receipt, false))
}

fn done(receipt: &Receipt, already: bool) -> DownloadSummary {
    DownloadSummary { already, files: receipt.files.len(), bytes: receipt.bytes() }
}

/// A corpus that comes as one archive.
fn archive(
    request: &DownloadRequest<'_>,
    origin: &ArchiveOrigin,
    from: Option<&str>,
    work_dir: &WorkDir,
    client: &Client,
    monitor: &Monitor<'_>,
) -> Result<Receipt, DownloadError> {
    let ArchiveOrigin { file, zenodo, known, within } = *origin;
    let url = match from {
        None => format!("{ZENODO}records/{zenodo}/files/{file}?download=1"),
        Some(folder) if folder.ends_with('/') => format!("{folder}{file}"),
        Some(url) => url.to_owned(),
    };
    let known = match (known, from) {
        (Some(known), _) => Some(known),
        (None, None) => Some(zenodo::published(client, ZENODO, zenodo, file, monitor)?),
        // A mirror's own checksum of its file would prove nothing.
        (None, Some(_)) => None,
    };
    let path = request.to.join(file);
    let spec = FileSpec {
        name: file,
        urls: std::slice::from_ref(&url),
        path: &path,
        size: known.map(|(size, _)| size),
        checksum: known.map(|(_, checksum)| checksum),
        most: MAX_ARCHIVE,
    };
    let (files, checked) = get_and_unpack(request, &spec, within, work_dir, client, monitor)?;
    Ok(Receipt::new(request.source.name, url, checked, files))
}

/// A corpus of single files, from an archive that a user made of them.
fn whole(
    request: &DownloadRequest<'_>,
    url: &str,
    work_dir: &WorkDir,
    client: &Client,
    monitor: &Monitor<'_>,
) -> Result<Receipt, DownloadError> {
    let name = format!("{}.zip", request.source.name);
    let path = request.to.join(&name);
    let urls = [url.to_owned()];
    let spec = FileSpec {
        name: &name,
        urls: &urls,
        path: &path,
        size: None,
        checksum: None,
        most: MAX_ARCHIVE,
    };
    let (files, checked) = get_and_unpack(request, &spec, None, work_dir, client, monitor)?;
    Ok(Receipt::new(request.source.name, url.to_owned(), checked, files))
}

/// Gets an archive unless it lies there already, checks and unpacks it. Its files, and in words how
/// it was checked.
fn get_and_unpack(
    request: &DownloadRequest<'_>,
    spec: &FileSpec<'_>,
    within: Option<&str>,
    work_dir: &WorkDir,
    client: &Client,
    monitor: &Monitor<'_>,
) -> Result<(Vec<ReceiptFile>, String), DownloadError> {
    let FileSpec { name, path, .. } = *spec;
    let there = match path.is_file() {
        true => Some(Sums::of(path, monitor)?).filter(|sums| spec.is_met_by(sums)),
        false => None,
    };
    let sums = match there {
        Some(sums) => sums,
        None => fetch(client, spec, monitor)?.0,
    };
    if let Some(checksum) = spec.checksum {
        monitor.emit(&Event::Verified { name, checksum });
        let files = unpack(request, spec, within, work_dir, monitor)?;
        return Ok((files, format!("{} {}", checksum.algorithm(), checksum.hex())));
    }
    let sha256 = sums.sha256();
    let pinned = first_use_checksum::check(path, name, &sums, monitor)?;
    let files = match unpack(request, spec, within, work_dir, monitor) {
        // Cut off, a login page, or another corpus: not to be trusted, and to be downloaded again.
        Err(DownloadError::Archive { problem, .. }) if !pinned => {
            let archive = beside(path, REJECTED);
            fs::rename(path, &archive).map_err(DownloadError::io("write", &archive))?;
            return Err(DownloadError::Archive { archive, problem });
        }
        result => result?,
    };
    if !pinned {
        first_use_checksum::set(path, name, &sha256, monitor)?;
    }
    Ok((files, format!("SHA-256 {sha256} of the first download")))
}

/// Refuses an archive without a single recording of the corpus: an empty one, or that of another corpus.
fn check_content(source: &Source, archive: &Archive) -> Result<(), DownloadError> {
    let stems = archive.entries.iter().filter_map(|entry| entry.path.file_stem()?.to_str());
    if stems.clone().any(|stem| (source.is_recording)(stem)) {
        return Ok(());
    }
    Err(archive.wrong(match archive.entries.len() {
        0 => "it is empty".to_owned(),
        files => format!("none of its {files} files is a recording of {}", source.name),
    }))
}

/// Unpacks an archive into the folder of the corpus.
fn unpack(
    request: &DownloadRequest<'_>,
    spec: &FileSpec<'_>,
    within: Option<&str>,
    work_dir: &WorkDir,
    monitor: &Monitor<'_>,
) -> Result<Vec<ReceiptFile>, DownloadError> {
    let FileSpec { name, path, .. } = *spec;
    let archive = Archive::open(path)?;
    check_content(request.source, &archive)?;
    let bytes = archive.bytes();
    monitor.emit(&Event::Unpacking { name, files: archive.entries.len(), bytes });
    let folder = work_dir.unpacking();
    let unpacked = archive.unpack(&folder, monitor);
    let moved = unpacked.and_then(|()| {
        let all = || archive.entries.iter();
        // Only where it is round everything, so that no two files meet.
        let within = within.filter(|within| all().all(|entry| entry.path.starts_with(within)));
        let below = |path: &PathBuf| match within {
            Some(within) => path.strip_prefix(within).unwrap_or(path).to_owned(),
            None => path.clone(),
        };
        let files: Vec<ReceiptFile> = all()
            .map(|entry| ReceiptFile { path: below(&entry.path), bytes: entry.bytes })
            .collect();
        let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
        let from = within.map_or(folder.clone(), |within| folder.join(within));
        install::move_all(&from, request.to, &paths)?;
        Ok(files)
    });
    work_dir.clear()?;
    let files = moved?;
    drop(archive);
    if !request.keep_archive {
        remove(path)?;
    }
    Ok(files)
}
