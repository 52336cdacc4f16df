//! A corpus of many small files: got by several workers, each file checked by itself.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::DownloadError;
use crate::checksum::Sums;
use crate::fetch::{Want, fetch};
use crate::http::Client;
use crate::listing::Listed;
use crate::record::RecordedFile;
use crate::watch::{Event, Watch};

/// Enough to hide the round trip of a request behind three others, and few enough for a public
/// server: browsers open six.
const WORKERS: usize = 4;

/// Refuses a list that is not complete. A mirror may hold what it likes, but it is said.
pub(crate) fn check_count(
    server: &str,
    listed: usize,
    published: usize,
    mirror: bool,
    watch: &Watch<'_>,
) -> Result<(), DownloadError> {
    if listed == published {
        return Ok(());
    }
    if mirror && listed > 0 {
        watch.tell(&Event::OtherCount { listed, published });
        return Ok(());
    }
    Err(DownloadError::Listing {
        url: server.to_owned(),
        problem: format!("it names {listed} files, but {published} were published"),
    })
}

/// Gets all files that do not lie there already.
pub(crate) fn fetch_all(
    client: &Client,
    to: &Path,
    files: Vec<Listed>,
    watch: &Watch<'_>,
) -> Result<Vec<RecordedFile>, DownloadError> {
    let mut missing = Vec::new();
    let mut present = (0, 0);
    for file in &files {
        if is_there(&to.join(&file.path), file, watch)? {
            present = (present.0 + 1, present.1 + file.bytes);
        } else {
            missing.push(file);
        }
    }
    watch.tell(&Event::Files {
        files: files.len(),
        bytes: files.iter().map(|file| file.bytes).sum(),
        present: present.0,
        present_bytes: present.1,
    });
    let (next, failed, best) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicUsize::new(0));
    let watch = watch.with_failed(&failed);
    let work = || -> Result<(), DownloadError> {
        while let Some(file) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
            fetch_one(client, to, file, &best, &watch).inspect_err(|_| {
                failed.store(true, Ordering::Relaxed);
            })?;
            watch.tell(&Event::FileDone);
        }
        Ok(())
    };
    let results: Vec<Result<(), DownloadError>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        let end = |worker: std::thread::ScopedJoinHandle<'_, _>| match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        workers.into_iter().map(end).collect()
    });
    // The others stopped because of the one that failed.
    let mut errors = results.into_iter().filter_map(Result::err).collect::<Vec<_>>();
    errors.sort_by_key(|error| matches!(error, DownloadError::Stopped));
    match errors.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(files
            .into_iter()
            .map(|Listed { path, bytes, .. }| RecordedFile { path, bytes })
            .collect()),
    }
}

fn is_there(path: &Path, file: &Listed, watch: &Watch<'_>) -> Result<bool, DownloadError> {
    let length = std::fs::metadata(path).map(|meta| meta.len());
    if !length.is_ok_and(|length| length == file.bytes) {
        watch.go_on()?;
        return Ok(false);
    }
    Ok(Sums::of(path, watch)?.like(&file.checksum) == file.checksum)
}

/// Gets a file, from the server first that served the last one.
fn fetch_one(
    client: &Client,
    to: &Path,
    file: &Listed,
    best: &AtomicUsize,
    watch: &Watch<'_>,
) -> Result<(), DownloadError> {
    let first = best.load(Ordering::Relaxed) % file.urls.len().max(1);
    let mut urls = file.urls.clone();
    urls.rotate_left(first);
    let name = file.path.to_string_lossy();
    let path = to.join(&file.path);
    let want = Want {
        name: &name,
        urls: &urls,
        path: &path,
        size: Some(file.bytes),
        checksum: Some(file.checksum),
        most: file.bytes,
        alone: false,
    };
    let (_, from) = fetch(client, &want, watch)?;
    best.store((first + from) % file.urls.len().max(1), Ordering::Relaxed);
    Ok(())
}
