//! A corpus of many small files: got by several workers, each file checked by itself.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::DownloadError;
use crate::checksum::Sums;
use crate::fetch::{FileSpec, fetch};
use crate::http::Client;
use crate::listing::Listed;
use crate::progress::{Event, Monitor};
use crate::receipt::ReceiptFile;

/// Enough to hide the round trip of a request behind three others, and few enough for a public
/// server: browsers open six.
const WORKERS: usize = 4;

/// Refuses a list that is not complete. A mirror may have other files, which is reported.
pub(crate) fn check_count(
    server: &str,
    listed: usize,
    published: usize,
    mirror: bool,
    monitor: &Monitor<'_>,
) -> Result<(), DownloadError> {
    if listed == published {
        return Ok(());
    }
    if mirror && listed > 0 {
        monitor.emit(&Event::OtherCount { listed, published });
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
    monitor: &Monitor<'_>,
) -> Result<Vec<ReceiptFile>, DownloadError> {
    let mut missing = Vec::new();
    let mut present = (0, 0);
    for file in &files {
        if is_there(&to.join(&file.path), file, monitor)? {
            present = (present.0 + 1, present.1 + file.bytes);
        } else {
            missing.push(file);
        }
    }
    monitor.emit(&Event::Files {
        files: files.len(),
        bytes: files.iter().map(|file| file.bytes).sum(),
        present: present.0,
        present_bytes: present.1,
    });
    let (next, failed, best) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicUsize::new(0));
    let monitor = monitor.with_failed(&failed);
    let work = || -> Result<(), DownloadError> {
        while let Some(file) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
            fetch_one(client, to, file, &best, &monitor).inspect_err(|_| {
                failed.store(true, Ordering::Relaxed);
            })?;
            monitor.emit(&Event::FileDone);
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
    errors.sort_by_key(|error| matches!(error, DownloadError::Cancelled));
    match errors.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(files
            .into_iter()
            .map(|Listed { path, bytes, .. }| ReceiptFile { path, bytes })
            .collect()),
    }
}

fn is_there(path: &Path, file: &Listed, monitor: &Monitor<'_>) -> Result<bool, DownloadError> {
    let length = std::fs::metadata(path).map(|meta| meta.len());
    if !length.is_ok_and(|length| length == file.bytes) {
        monitor.check_cancelled()?;
        return Ok(false);
    }
    Ok(Sums::of(path, monitor)?.like(&file.checksum) == file.checksum)
}

/// Gets a file, from the server first that served the last one.
fn fetch_one(
    client: &Client,
    to: &Path,
    file: &Listed,
    best: &AtomicUsize,
    monitor: &Monitor<'_>,
) -> Result<(), DownloadError> {
    let first = best.load(Ordering::Relaxed) % file.urls.len().max(1);
    let mut urls = file.urls.clone();
    urls.rotate_left(first);
    let name = file.path.to_string_lossy();
    let path = to.join(&file.path);
    let spec = FileSpec {
        name: &name,
        urls: &urls,
        path: &path,
        size: Some(file.bytes),
        checksum: Some(file.checksum),
        most: file.bytes,
    };
    let (_, from) = fetch(client, &spec, monitor)?;
    best.store((first + from) % file.urls.len().max(1), Ordering::Relaxed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::test_support::{self, response};
    use crate::{Checksum, NoProgress, Settings};

    #[test]
    fn where_one_server_fails_the_next_is_asked() {
        // MD5 of "abc" (RFC 1321, A.5).
        let checksum = Checksum::md5("900150983cd24fb0d6963f7d28e17f72");
        for first in
            [response("404 Not Found", "no"), response("200 OK", "abd"), response("200 OK", "x")]
        {
            let broken = test_support::serve(vec![("/a.wav", first.clone()), ("/b.wav", first)]);
            let good = response("200 OK", "abc");
            let mirror = test_support::serve(vec![("/a.wav", good.clone()), ("/b.wav", good)]);
            let folder = tempfile::tempdir().unwrap();
            let list = ["a.wav", "b.wav"].map(|name| Listed {
                path: name.into(),
                urls: vec![format!("{broken}{name}"), format!("{mirror}{name}")],
                bytes: 3,
                checksum,
            });
            let stop = AtomicBool::new(false);
            let client = Client::new(Settings::default()).unwrap();
            let monitor = Monitor::new(&NoProgress, &stop);
            let files = fetch_all(&client, folder.path(), list.to_vec(), &monitor).unwrap();
            assert_eq!(files.len(), 2);
            assert_eq!(fs::read(folder.path().join("b.wav")).unwrap(), b"abc");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left over");
        }
    }

    #[test]
    fn a_list_has_to_be_complete() {
        let stop = AtomicBool::new(false);
        let monitor = Monitor::new(&NoProgress, &stop);
        let check = |listed, mirror| check_count("https://a/", listed, 2800, mirror, &monitor);
        assert!(check(2800, false).is_ok() && check(3, true).is_ok());
        assert!(check(2799, false).is_err() && check(0, true).is_err());
    }
}
