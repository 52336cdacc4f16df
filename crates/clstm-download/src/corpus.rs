//! The download of a corpus from its first byte to the folder that can be worked with.

use std::fs;
use std::path::{Path, PathBuf};

use crate::checksum::Sums;
use crate::fetch::{REJECTED, Want, fetch};
use crate::http::{Client, Url};
use crate::listing::{dataverse, git_lfs, zenodo};
use crate::part::{beside, remove};
use crate::record::{Record, RecordedFile};
use crate::room::Room;
use crate::set;
use crate::source::{ArchiveOrigin, Origin, Source};
use crate::unpack::Archive;
use crate::watch::{Event, Watch};
use crate::{DownloadError, pin, place};

/// The most bytes of an archive whose length is not known. RAVDESS with its videos has 25 GB, but no
/// part of it more than this.
const MAX_ARCHIVE: u64 = 8 << 30;
/// A repository's archive of pointers: CREMA-D's has 20,000 small files and some tables.
const MAX_POINTERS: u64 = 512 << 20;

const ZENODO: &str = "https://zenodo.org/";

/// What is to be downloaded, and where to.
#[derive(Debug)]
pub struct Order<'a> {
    /// The corpus.
    pub source: &'static Source,
    /// The folder that it will be in; made where it is not there.
    pub to: &'a Path,
    /// Another place than the official one. With a slash at its end it stands for the server (for
    /// archives: for the folder that holds the archive); otherwise it is an archive of the whole
    /// corpus.
    pub from: Option<&'a str>,
    /// Keeps the archive when it has been unpacked.
    pub keep_archive: bool,
}

/// A corpus that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Done {
    /// Whether it was there already, so that nothing was to be done.
    pub already: bool,
    /// Its files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Downloads a corpus, checks and unpacks it. Called again, it goes on where it was interrupted, and
/// does nothing where the corpus is complete.
///
/// # Errors
/// Every one of [`DownloadError`]. What was received stays for the next call, unless it was wrong.
pub fn download(
    order: &Order<'_>,
    client: &Client,
    watch: &Watch<'_>,
) -> Result<Done, DownloadError> {
    let source = order.source;
    if let Origin::OnRequest(how) = source.origin {
        return Err(DownloadError::OnRequest { title: source.title, how });
    }
    if let Some(from) = order.from {
        Url::parse(from)?;
    }
    let room = Room::enter(order.to)?;
    if let Some(record) = Record::of_complete(room.path(), order.to, source.name) {
        return Ok(done(&record, true));
    }
    let mirror = order.from.filter(|from| from.ends_with('/'));
    let record = match (&source.origin, order.from) {
        (Origin::Archive(origin), from) => archive(order, origin, from, &room, client, watch)?,
        (_, Some(url)) if mirror.is_none() => whole(order, url, &room, client, watch)?,
        (Origin::Dataverse(origin), _) => {
            let server = mirror.unwrap_or(origin.server);
            let files = dataverse::files(client, server, origin, watch)?;
            set::check_count(server, files.len(), origin.files, mirror.is_some(), watch)?;
            let files = set::fetch_all(client, order.to, files, watch)?;
            let checked = "each file by the checksum that the server publishes";
            Record::new(source.name, server.to_owned(), checked.to_owned(), files)
        }
        (Origin::GitLfs(origin), _) => {
            let (pointers, media) = match mirror {
                Some(mirror) => (format!("{mirror}pointers.zip"), vec![mirror.to_owned()]),
                None => {
                    let media = origin.media.iter().map(|&media| media.to_owned());
                    (origin.pointers.to_owned(), media.collect())
                }
            };
            watch.tell(&Event::Asking { url: &pointers });
            let path = room.path().join("pointers.zip");
            let want = Want {
                name: "the list of files",
                urls: std::slice::from_ref(&pointers),
                path: &path,
                size: None,
                checksum: None,
                most: MAX_POINTERS,
                alone: true,
            };
            fetch(client, &want, watch)?;
            let found = git_lfs::files(&path, &media, origin)?;
            set::check_count(&pointers, found.files.len(), origin.files, mirror.is_some(), watch)?;
            for (name, bytes) in &found.beside {
                let path = order.to.join(name);
                fs::write(&path, bytes).map_err(DownloadError::io("write", &path))?;
            }
            let files = set::fetch_all(client, order.to, found.files, watch)?;
            remove(&path)?;
            let checked = "each file by the SHA-256 in the repository";
            Record::new(source.name, pointers, checked.to_owned(), files)
        }
        (Origin::OnRequest(how), _) => {
            return Err(DownloadError::OnRequest { title: source.title, how });
        }
    };
    record.write(room.path())?;
    Ok(done(&record, false))
}

fn done(record: &Record, already: bool) -> Done {
    Done { already, files: record.files.len(), bytes: record.bytes() }
}

/// A corpus that comes as one archive.
fn archive(
    order: &Order<'_>,
    origin: &ArchiveOrigin,
    from: Option<&str>,
    room: &Room,
    client: &Client,
    watch: &Watch<'_>,
) -> Result<Record, DownloadError> {
    let ArchiveOrigin { file, zenodo, known, within } = *origin;
    let url = match from {
        None => format!("{ZENODO}records/{zenodo}/files/{file}?download=1"),
        Some(folder) if folder.ends_with('/') => format!("{folder}{file}"),
        Some(url) => url.to_owned(),
    };
    let known = match (known, from) {
        (Some(known), _) => Some(known),
        (None, None) => Some(zenodo::published(client, ZENODO, zenodo, file, watch)?),
        // A mirror's own word for its file would prove nothing.
        (None, Some(_)) => None,
    };
    let path = order.to.join(file);
    let want = Want {
        name: file,
        urls: std::slice::from_ref(&url),
        path: &path,
        size: known.map(|(size, _)| size),
        checksum: known.map(|(_, checksum)| checksum),
        most: MAX_ARCHIVE,
        alone: true,
    };
    let (files, checked) = get_and_unpack(order, &want, within, room, client, watch)?;
    Ok(Record::new(order.source.name, url, checked, files))
}

/// A corpus of single files, from an archive that somebody made of them.
fn whole(
    order: &Order<'_>,
    url: &str,
    room: &Room,
    client: &Client,
    watch: &Watch<'_>,
) -> Result<Record, DownloadError> {
    let name = format!("{}.zip", order.source.name);
    let path = order.to.join(&name);
    let urls = [url.to_owned()];
    let want = Want {
        name: &name,
        urls: &urls,
        path: &path,
        size: None,
        checksum: None,
        most: MAX_ARCHIVE,
        alone: true,
    };
    let (files, checked) = get_and_unpack(order, &want, None, room, client, watch)?;
    Ok(Record::new(order.source.name, url.to_owned(), checked, files))
}

/// Gets an archive unless it lies there already, checks and unpacks it. Its files, and in words how
/// it was checked.
fn get_and_unpack(
    order: &Order<'_>,
    want: &Want<'_>,
    within: Option<&str>,
    room: &Room,
    client: &Client,
    watch: &Watch<'_>,
) -> Result<(Vec<RecordedFile>, String), DownloadError> {
    let Want { name, path, .. } = *want;
    let there = match path.is_file() {
        true => Some(Sums::of(path, watch)?).filter(|sums| want.is_met_by(sums)),
        false => None,
    };
    let sums = match there {
        Some(sums) => sums,
        None => fetch(client, want, watch)?.0,
    };
    if let Some(checksum) = want.checksum {
        watch.tell(&Event::Verified { name, checksum });
        let files = unpack(order, want, within, room, watch)?;
        return Ok((files, format!("{} {}", checksum.algorithm(), checksum.hex())));
    }
    let sha256 = sums.sha256();
    let pinned = pin::check(path, name, &sums, watch)?;
    let files = match unpack(order, want, within, room, watch) {
        // Cut off, perhaps, or a page that asks to log in: to be got again, and not to be trusted.
        Err(DownloadError::Archive { problem, .. }) if !pinned => {
            let archive = beside(path, REJECTED);
            fs::rename(path, &archive).map_err(DownloadError::io("write", &archive))?;
            return Err(DownloadError::Archive { archive, problem });
        }
        result => result?,
    };
    if !pinned {
        pin::set(path, name, &sha256, watch)?;
    }
    Ok((files, format!("SHA-256 {sha256} of the first download")))
}

/// Unpacks an archive into the folder of the corpus.
fn unpack(
    order: &Order<'_>,
    want: &Want<'_>,
    within: Option<&str>,
    room: &Room,
    watch: &Watch<'_>,
) -> Result<Vec<RecordedFile>, DownloadError> {
    let Want { name, path, .. } = *want;
    let archive = Archive::open(path)?;
    let bytes = archive.bytes();
    watch.tell(&Event::Unpacking { name, files: archive.entries.len(), bytes });
    let folder = room.unpacking();
    let unpacked = archive.unpack(&folder, watch);
    let moved = unpacked.and_then(|()| {
        let all = || archive.entries.iter();
        // Only where it is round everything, so that no two files meet.
        let within = within.filter(|within| all().all(|entry| entry.path.starts_with(within)));
        let below = |path: &PathBuf| match within {
            Some(within) => path.strip_prefix(within).unwrap_or(path).to_owned(),
            None => path.clone(),
        };
        let files: Vec<RecordedFile> = all()
            .map(|entry| RecordedFile { path: below(&entry.path), bytes: entry.bytes })
            .collect();
        let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
        let from = within.map_or(folder.clone(), |within| folder.join(within));
        place::move_all(&from, order.to, &paths)?;
        Ok(files)
    });
    room.clear()?;
    let files = moved?;
    drop(archive);
    if !order.keep_archive {
        remove(path)?;
    }
    Ok(files)
}
