//! Unpacking ZIP archives from untrusted sources.
//!
//! An archive is inspected before the first byte is written: names that leave the folder,
//! links and devices, encrypted entries, files that overlap in the archive, several files of one
//! name, and sizes that no corpus has, refuse it as a whole.

pub(crate) mod name;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder};

use crate::{DownloadError, Monitor};

/// Files in an archive: ten times those of the largest of the corpora.
const MAX_FILES: usize = 100_000;
/// Bytes unpacked: CREMA-D, the largest, has 0.6 GB of audio.
const MAX_BYTES: u64 = 8 << 30;
/// The largest ratio of unpacked to packed size. Recordings shrink to half; a bomb's
/// deflate gives a thousand times.
const MAX_RATIO: u64 = 100;
/// Below this size the ratio is not checked: a short table may shrink more.
const SMALL: u64 = 16 << 20;

type Reader = rawzip::FileReader;

/// An archive that has been inspected.
pub(crate) struct Archive {
    path: PathBuf,
    archive: ZipArchive<Reader>,
    pub(crate) entries: Vec<Entry>,
}

/// A file in it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Where it goes, below the folder.
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    wayfinder: ZipArchiveEntryWayfinder,
    deflated: bool,
}

impl Archive {
    /// Inspects an archive.
    pub(crate) fn open(path: &Path) -> Result<Self, DownloadError> {
        let wrong = |problem: String| DownloadError::Archive { archive: path.to_owned(), problem };
        let file = File::open(path).map_err(DownloadError::io("read", path))?;
        let size = file.metadata().map_err(DownloadError::io("read", path))?.len();
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let archive = ZipArchive::from_file(file, &mut buffer)
            .map_err(|error| wrong(format!("it is no ZIP archive, or cut off ({error})")))?;
        let entries = entries(&archive, size, &mut buffer).map_err(wrong)?;
        Ok(Self { path: path.to_owned(), archive, entries })
    }

    /// Bytes of all files.
    pub(crate) fn bytes(&self) -> u64 {
        self.entries.iter().map(|entry| entry.bytes).sum()
    }

    /// The error of this archive.
    pub(crate) fn wrong(&self, problem: String) -> DownloadError {
        DownloadError::Archive { archive: self.path.clone(), problem }
    }

    /// The bytes of one file; they are checked as they are read.
    fn reader(&self, entry: &Entry) -> Result<impl Read + use<'_>, DownloadError> {
        let found = self.archive.get_entry(entry.wayfinder).map_err(|error| {
            self.wrong(format!("{} is not where it should be ({error})", entry.path.display()))
        })?;
        let raw = found.reader();
        let plain: Box<dyn Read + '_> = match entry.deflated {
            true => Box::new(DeflateDecoder::new(raw)),
            false => Box::new(raw),
        };
        // A byte more than declared is enough to see that there are more.
        Ok(found.verifying_reader(plain).take(entry.bytes + 1))
    }

    /// Reads one small file.
    pub(crate) fn read(&self, entry: &Entry) -> Result<Vec<u8>, DownloadError> {
        let mut bytes = Vec::new();
        self.reader(entry)?.read_to_end(&mut bytes).map_err(|error| self.damaged(entry, &error))?;
        self.complete(entry, bytes.len() as u64)?;
        Ok(bytes)
    }

    /// Writes all files below a folder, which is made.
    pub(crate) fn unpack(&self, folder: &Path, monitor: &Monitor<'_>) -> Result<(), DownloadError> {
        fs::create_dir_all(folder).map_err(DownloadError::io("create", folder))?;
        let mut buffer = vec![0; 128 << 10];
        for entry in &self.entries {
            monitor.check_cancelled()?;
            let path = folder.join(&entry.path);
            let parent = path.parent().unwrap_or(folder);
            fs::create_dir_all(parent).map_err(DownloadError::io("create", parent))?;
            // Never through a link or over a file that is there already.
            let mut file = File::create_new(&path).map_err(DownloadError::io("write", &path))?;
            let mut reader = self.reader(entry)?;
            let mut written = 0;
            loop {
                let count =
                    reader.read(&mut buffer).map_err(|error| self.damaged(entry, &error))?;
                if count == 0 {
                    break;
                }
                written += count as u64;
                file.write_all(&buffer[..count]).map_err(DownloadError::io("write", &path))?;
            }
            self.complete(entry, written)?;
        }
        Ok(())
    }

    fn damaged(&self, entry: &Entry, error: &io::Error) -> DownloadError {
        self.wrong(format!("{} is damaged ({error})", entry.path.display()))
    }

    fn complete(&self, entry: &Entry, bytes: u64) -> Result<(), DownloadError> {
        match bytes == entry.bytes {
            true => Ok(()),
            false => Err(self.wrong(format!(
                "{} does not have the {} bytes that the archive declares",
                entry.path.display(),
                entry.bytes
            ))),
        }
    }
}

/// The files of an archive of this size, or why none of it is touched.
fn entries(
    archive: &ZipArchive<Reader>,
    size: u64,
    buffer: &mut [u8],
) -> Result<Vec<Entry>, String> {
    let damaged = |error: rawzip::Error| format!("its directory is damaged ({error})");
    let mut found = Vec::new();
    let mut names = HashSet::new();
    let mut ranges = Vec::new();
    let (mut total, mut count) = (0_u64, 0_u64);
    let mut records = archive.entries(buffer);
    while let Some(record) = records.next_entry().map_err(damaged)? {
        count += 1;
        let raw = record.file_path();
        let path = name::safe(raw.as_bytes())?;
        let shown = path.display();
        let mode = record.mode();
        if mode.is_symlink() {
            return Err(format!("{shown} is a symbolic link"));
        }
        // Directory, regular file, or unspecified.
        if !matches!(mode.value() & 0o170_000, 0 | 0o040_000 | 0o100_000) {
            return Err(format!("{shown} is neither a file nor a folder"));
        }
        let flags = record.flags();
        if flags.is_encrypted() || flags.has_strong_encryption() || flags.is_masked() {
            return Err(format!("{shown} is encrypted"));
        }
        if record.is_dir() || raw.as_bytes().ends_with(b"\\") || name::is_litter(raw.as_bytes()) {
            continue;
        }
        let deflated = match record.compression_method() {
            CompressionMethod::STORE => false,
            CompressionMethod::DEFLATE => true,
            other => return Err(format!("{shown} is packed by {other}, not by deflate")),
        };
        // Mac and Windows take names of other case for the same.
        if !names.insert(path.to_string_lossy().to_lowercase()) {
            return Err(format!("it has two files named {shown}"));
        }
        let bytes = record.uncompressed_size_hint();
        total = total.saturating_add(bytes);
        if found.len() >= MAX_FILES || total > MAX_BYTES {
            return Err(format!(
                "it holds more than {MAX_FILES} files or {} GiB: that is not a corpus",
                MAX_BYTES >> 30
            ));
        }
        let wayfinder = record.wayfinder();
        let place = archive.get_entry(wayfinder).map_err(damaged)?.compressed_data_range();
        ranges.push((record.local_header_offset(), place.1));
        found.push(Entry { path, bytes, wayfinder, deflated });
    }
    if count != archive.entries_hint() {
        return Err(format!("its directory has {count} of {} entries", archive.entries_hint()));
    }
    if total > SMALL && total / MAX_RATIO > size {
        return Err(format!(
            "its {size} bytes would unpack to {total}, more than {MAX_RATIO} times as many"
        ));
    }
    ranges.sort_unstable();
    if ranges.windows(2).any(|pair| pair[0].1 > pair[1].0) {
        return Err("files in it overlap".to_owned());
    }
    if ranges.last().is_some_and(|last| last.1 > archive.directory_offset()) {
        return Err("it is cut off, or its files overlap its directory".to_owned());
    }
    Ok(found)
}
