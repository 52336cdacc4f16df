//! Downloads one file: resumes, retries, verifies.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::checksum::Sums;
use crate::http::{Client, HttpError, Response, Retryable};
use crate::partial_file::{self, Origin, PartialFile, Resume, beside};
use crate::progress::{Event, Monitor};
use crate::{Checksum, DownloadError};

/// An attempt that receives this many bytes resets the count of failures. A slow line needs a quarter of
/// a minute for them; a server that sends less each time is abandoned in the end.
const PROGRESS: u64 = 1 << 20;

/// What follows the name of a file that is not the published one.
pub(crate) const REJECTED: &str = ".rejected";

/// A file to download.
#[derive(Debug)]
pub(crate) struct FileSpec<'a> {
    /// Its name, for people.
    pub(crate) name: &'a str,
    /// Addresses to get it from, the best first.
    pub(crate) urls: &'a [String],
    /// Where it goes.
    pub(crate) path: &'a Path,
    /// Its bytes, where published.
    pub(crate) size: Option<u64>,
    /// Its checksum, where published.
    pub(crate) checksum: Option<Checksum>,
    /// The most bytes that are accepted where the size is not known.
    pub(crate) most: u64,
}

impl FileSpec<'_> {
    /// Whether a file with these sums is the one that is wanted; any file is where nothing is known.
    pub(crate) fn is_met_by(&self, sums: &Sums) -> bool {
        self.size.is_none_or(|size| size == sums.bytes)
            && self.checksum.is_none_or(|checksum| checksum == sums.like(&checksum))
    }
}

/// Gets a file to its place. Its checksums, and which of the addresses served it.
pub(crate) fn fetch(
    client: &Client,
    spec: &FileSpec<'_>,
    monitor: &Monitor<'_>,
) -> Result<(Sums, usize), DownloadError> {
    if let Some(folder) = spec.path.parent() {
        fs::create_dir_all(folder).map_err(DownloadError::io("create", folder))?;
    }
    let part = PartialFile::of(spec.path);
    let mut last = None;
    for (place, url) in spec.urls.iter().enumerate() {
        if let Some(problem) = &last {
            monitor.emit(&Event::TryingNextUrl { name: spec.name, problem });
        }
        let job = Job { client, url, spec, part: &part, monitor };
        match job.run() {
            Ok(sums) => return Ok((sums, place)),
            Err(error @ (DownloadError::Cancelled | DownloadError::Io { .. })) => {
                return Err(error);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| DownloadError::Url {
        url: String::new(),
        problem: format!("none is known for {}", spec.name),
    }))
}

/// Getting it from one place.
struct Job<'a> {
    client: &'a Client,
    url: &'a str,
    spec: &'a FileSpec<'a>,
    part: &'a PartialFile,
    monitor: &'a Monitor<'a>,
}

impl Job<'_> {
    /// Receives and checks it, and moves it to its place.
    fn run(&self) -> Result<Sums, DownloadError> {
        let FileSpec { name, path, .. } = *self.spec;
        let mut joined = self.receive()?;
        loop {
            let sums = Sums::of(self.part.path(), self.monitor)?;
            match self.check(&sums) {
                Ok(()) => {
                    self.part.move_to(path)?;
                    partial_file::remove(&beside(path, REJECTED))?;
                    return Ok(sums);
                }
                // The joint may be what is wrong.
                Err(_) if joined => {
                    let reason = "its pieces do not fit together";
                    self.monitor.emit(&Event::Restarted { name, lost: sums.bytes, reason });
                    self.part.discard()?;
                    self.receive()?;
                    joined = false;
                }
                Err(error) => {
                    self.part.move_to(&beside(path, REJECTED))?;
                    return Err(error);
                }
            }
        }
    }

    fn check(&self, sums: &Sums) -> Result<(), DownloadError> {
        if let Some(expected) = self.spec.size.filter(|&size| size != sums.bytes) {
            return Err(self.wrong_size(expected, sums.bytes));
        }
        match self.spec.checksum.map(|expected| (expected, sums.like(&expected))) {
            Some((expected, got)) if expected != got => Err(DownloadError::Checksum {
                name: self.spec.name.to_owned(),
                algorithm: expected.algorithm(),
                expected: expected.hex(),
                got: got.hex(),
                rejected: beside(self.spec.path, REJECTED),
            }),
            _ => Ok(()),
        }
    }

    /// Receives all bytes, in as many tries as are allowed. Whether they came in several pieces.
    fn receive(&self) -> Result<bool, DownloadError> {
        let mut joined = false;
        let mut before = self.part.len();
        let resumed = self.client.with_retries(self.spec.name, self.monitor, |failures| {
            let result = self.attempt();
            let now = self.part.len();
            if result.is_err() {
                joined |= now > 0;
                if now >= before.saturating_add(PROGRESS) {
                    *failures = 0;
                }
                before = now;
            }
            result
        })?;
        Ok(joined | resumed)
    }

    /// One request. Whether it continued the partial file.
    fn attempt(&self) -> Result<bool, HttpError> {
        let FileSpec { name, size, .. } = *self.spec;
        self.monitor.check_cancelled()?;
        let resume = self.part.resume(self.url, size, self.spec.checksum.is_some());
        let mut headers = Vec::new();
        if let Some(resume) = &resume {
            if size == Some(resume.from) {
                return Ok(true);
            }
            headers.push(("Range", format!("bytes={}-", resume.from)));
            headers.extend(resume.validator.clone().map(|validator| ("If-Range", validator)));
        }
        let mut response = self.client.get(self.url, &headers)?;
        let validator =
            partial_file::validator(response.header("etag"), response.header("last-modified"));
        let (first, whole) = response.content_range().unwrap_or((None, None));
        let from = match (response.status(), &resume) {
            (200, _) => 0,
            (206, Some(Resume { from, .. })) if first != Some(*from) => {
                return self.start_again("the server sent another part");
            }
            (206, Some(Resume { validator: Some(before), .. }))
                if validator.as_ref().is_some_and(|now| now != before) =>
            {
                return self.start_again("the file has changed");
            }
            (206, Some(resume)) => resume.from,
            // Nothing comes after what is there: it may be all.
            (416, Some(resume)) if whole == Some(resume.from) => return Ok(true),
            (416, Some(_)) => return self.start_again("it is not a part of the server's file"),
            _ => return Err(HttpError::status(self.url, &response)),
        };
        if let (0, Some(Resume { from: lost, .. })) = (from, &resume) {
            let reason = "the server does not resume it, or the file has changed";
            self.monitor.emit(&Event::Restarted { name, lost: *lost, reason });
        }
        let declared = match response.length {
            Some(length) => from.checked_add(length),
            None => whole,
        };
        let limit = size.unwrap_or(self.spec.most);
        match (size, declared) {
            (Some(expected), Some(got)) if expected != got => {
                return Err(self.wrong_size(expected, got).into());
            }
            (_, Some(declared)) if declared > limit => return Err(self.too_long(limit).into()),
            _ => {}
        }
        let total = declared.or(size);
        self.monitor.emit(&Event::Receiving { name, from, total });
        let file = self.part.open(from, &Origin { url: self.url.to_owned(), validator })?;
        let written = self.copy(&mut response, file, from, limit)?;
        match total {
            Some(total) if total > written && response.length.is_none() => Err(self
                .broken(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection broke off"))),
            Some(total) if total != written => {
                self.part.discard()?;
                Err(self.wrong_size(total, written).into())
            }
            _ => Ok(from > 0),
        }
    }

    /// Writes a body to the end of the file. How long that is then.
    fn copy(
        &self,
        response: &mut Response,
        mut file: File,
        from: u64,
        limit: u64,
    ) -> Result<u64, HttpError> {
        let mut buffer = vec![0; 128 << 10];
        let mut written = from;
        loop {
            self.monitor.check_cancelled()?;
            let count = response.read(&mut buffer).map_err(|error| self.broken(error))?;
            if count == 0 {
                return Ok(written);
            }
            written += count as u64;
            if written > limit {
                drop(file);
                self.part.discard()?;
                return Err(self.too_long(limit).into());
            }
            file.write_all(&buffer[..count])
                .map_err(DownloadError::io("write", self.part.path()))?;
            self.monitor.emit(&Event::BytesReceived { bytes: count as u64 });
        }
    }

    /// Discards what is there; the next attempt starts at the first byte.
    fn start_again(&self, reason: &str) -> Result<bool, HttpError> {
        let lost = self.part.len();
        self.monitor.emit(&Event::Restarted { name: self.spec.name, lost, reason });
        self.part.discard()?;
        let error = DownloadError::Network { url: self.url.to_owned(), problem: reason.to_owned() };
        Err(HttpError { error: Box::new(error), retry: Retryable::Yes })
    }

    fn broken(&self, error: io::Error) -> HttpError {
        HttpError::reading(self.url, error, self.client.settings().stall_timeout)
    }

    fn wrong_size(&self, expected: u64, got: u64) -> DownloadError {
        DownloadError::Size { url: self.url.to_owned(), expected, got }
    }

    fn too_long(&self, most: u64) -> DownloadError {
        DownloadError::TooLong { url: self.url.to_owned(), most }
    }
}
