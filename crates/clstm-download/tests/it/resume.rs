//! Interrupted downloads that resume.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clstm_download::{
    Client, DownloadError, DownloadRequest, Event, Monitor, Progress, download, source,
};

use proptest::prelude::*;

use crate::fixture::{Fixture, SONGS, impatient};
use crate::server::{Reply, Server, good, response};
use crate::zips::{File, songs, zip};

/// Every request is cut off after this number of bytes.
fn breaking(bytes: Vec<u8>, after: usize) -> Server {
    Server::start(move |_, request| {
        let whole = good(request, &bytes, "\"1\"");
        let head = whole.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let end = (head + after).min(whole.len());
        Reply::Break(whole[..end].to_vec())
    })
}

#[test]
fn a_broken_download_is_resumed() {
    let (fixture, files) = (Fixture::new(), songs());
    let archive = zip(&files);
    let server = breaking(archive.clone(), archive.len() / 3 + 1);
    let done = fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
    assert_eq!((done.files, done.bytes, done.already), (2, 60_001, false));
    fixture.has(&files);
    let from: Vec<_> = server.requests().iter().map(|request| request.from()).collect();
    let third = archive.len() / 3 + 1;
    assert_eq!(from, [None, Some(third), Some(2 * third)]);
    assert_eq!(server.requests()[1].header("if-range"), Some("\"1\""));
    assert_eq!(fixture.events.count("Retrying"), 2);
    assert_eq!(
        fixture.names(),
        [
            "Actor_01/03-02-01-01-01-01-01.wav",
            "Actor_02/03-02-01-01-01-01-02.wav",
            "Audio_Song_Actors_01-24.zip.sha256",
        ]
    );
}

#[test]
fn another_process_resumes_it() {
    let (fixture, files) = (Fixture::new(), songs());
    let archive = zip(&files);
    // One that gives nothing after its first bytes.
    let half = archive.len() / 2;
    let bytes = archive.clone();
    let server = Server::start(move |number, request| {
        let whole = good(request, &bytes, "\"1\"");
        match number {
            0 => Reply::Break(whole[..whole.len() - bytes.len() + half].to_vec()),
            1..4 => Reply::Break(Vec::new()),
            _ => Reply::Send(whole),
        }
    });
    let url = server.url("/a.zip");
    let (error, text) = fixture.fails(&url);
    assert!(matches!(error, DownloadError::RetriesExhausted { attempts: 4, .. }), "{text}");
    assert!(text.contains("run the same command to resume"), "{text}");
    let part = fixture.path(&format!("{SONGS}.part"));
    assert!(fs::read(&part).unwrap() == archive[..half], "what came is there");
    fixture.get("ravdess-song", &url).unwrap();
    fixture.has(&files);
    assert_eq!(server.requests()[4].from(), Some(half));
    assert!(!part.exists());
}

#[test]
fn without_range_support_the_download_restarts() {
    let (fixture, files) = (Fixture::new(), songs());
    let archive = zip(&files);
    let half = archive.len() / 2;
    let server = Server::start(move |number, _| {
        let whole = response(
            "200 OK",
            &format!("Content-Length: {}\r\nETag: \"1\"\r\n", archive.len()),
            &archive,
        );
        match number {
            0 => Reply::Break(whole[..half].to_vec()),
            _ => Reply::Send(whole),
        }
    });
    fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
    fixture.has(&files);
    assert_eq!(fixture.events.count("Restarted"), 1);
    assert_eq!(server.count(), 2);
}

#[test]
fn a_changed_file_is_downloaded_again() {
    let (fixture, files) = (Fixture::new(), songs());
    let (old, new) = (zip(&[File { data: vec![7; 90_000], ..files[0].clone() }]), zip(&files));
    assert!(old.len() > 20);
    let server = Server::start(move |number, request| match number {
        0 => {
            let whole = good(request, &old, "\"old\"");
            Reply::Break(whole[..whole.len() - 20].to_vec())
        }
        _ => Reply::Send(good(request, &new, "\"new\"")),
    });
    fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
    fixture.has(&files);
    assert_eq!(server.requests()[1].header("if-range"), Some("\"old\""));
    assert_eq!(fixture.events.count("Restarted"), 1);
}

#[test]
fn a_range_of_another_file_is_noticed() {
    // If-Range is not understood, and the tag shows it.
    let (fixture, files) = (Fixture::new(), songs());
    let archive = zip(&files);
    let (bytes, half) = (archive.clone(), archive.len() / 2);
    let server = Server::start(move |number, request| {
        let tag = if number == 0 { "\"old\"" } else { "\"new\"" };
        let mut request = request.clone();
        request.forget("if-range");
        let whole = good(&request, &bytes, tag);
        match number {
            0 => Reply::Break(whole[..half].to_vec()),
            _ => Reply::Send(whole),
        }
    });
    fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
    fixture.has(&files);
    assert_eq!(server.requests().iter().filter(|request| request.from().is_none()).count(), 2);
}

#[test]
fn a_whole_part_is_only_checked() {
    let (fixture, files) = (Fixture::new(), songs());
    let archive = zip(&files);
    let url = {
        let bytes = archive.clone();
        Server::start(move |_, request| Reply::Send(good(request, &bytes, "\"1\"")))
    };
    let address = url.url("/a.zip");
    fs::create_dir_all(fixture.to()).unwrap();
    fs::write(fixture.path(&format!("{SONGS}.part")), &archive).unwrap();
    let origin = format!("{{\"url\":\"{address}\",\"validator\":\"\\\"1\\\"\"}}");
    fs::write(fixture.path(&format!("{SONGS}.part.json")), origin).unwrap();
    fixture.get("ravdess-song", &address).unwrap();
    fixture.has(&files);
    assert_eq!(url.requests()[0].from(), Some(archive.len()), "the response is 416");
    assert_eq!(url.count(), 1);
}

#[test]
fn complete_is_complete() {
    let (fixture, files) = (Fixture::new(), songs());
    let server = Server::of_file(zip(&files));
    let url = server.url("/a.zip");
    fixture.get("ravdess-song", &url).unwrap();
    let before = server.count();
    let again = fixture.get("ravdess-song", &url).unwrap();
    assert_eq!((again.already, again.files, again.bytes), (true, 2, 60_001));
    assert_eq!(server.count(), before, "no request was sent");
    // A file is lost: it is got again, and the pin holds.
    fs::remove_file(fixture.path("Actor_01/03-02-01-01-01-01-01.wav")).unwrap();
    assert!(!fixture.get("ravdess-song", &url).unwrap().already);
    fixture.has(&files);
    assert_eq!(fixture.events.count("ChecksumRecorded"), 1);
    assert_eq!(fixture.events.count("ChecksumUnchanged"), 1);
}

#[test]
fn an_archive_that_is_kept_is_not_got_twice() {
    let (mut fixture, files) = (Fixture::new(), songs());
    fixture.keep_archive = true;
    let archive = zip(&files);
    let server = Server::of_file(archive.clone());
    fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
    assert!(fs::read(fixture.path(SONGS)).unwrap() == archive);
    fs::remove_file(fixture.path("Actor_02/03-02-01-01-01-01-02.wav")).unwrap();
    fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
    fixture.has(&files);
    assert_eq!(server.count(), 1);
}

/// Stops when the first bytes have come.
struct Stopper<'a>(&'a AtomicBool);

impl Progress for Stopper<'_> {
    fn on_event(&self, event: &Event<'_>) {
        if matches!(event, Event::BytesReceived { .. }) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn a_stop_leaves_what_came() {
    let (fixture, files) = (Fixture::new(), songs());
    let archive = zip(&files);
    let bytes = archive.clone();
    let server = Server::start(move |_, request| match request.from() {
        None => Reply::Stall(good(request, &bytes, "\"1\"")[..20_000].to_vec()),
        Some(_) => Reply::Send(good(request, &bytes, "\"1\"")),
    });
    let (url, to) = (server.url("/a.zip"), fixture.to());
    let stop = AtomicBool::new(false);
    let request = DownloadRequest {
        source: source("ravdess-song").unwrap(),
        to: &to,
        from: Some(&url),
        keep_archive: false,
    };
    let mut settings = impatient();
    settings.stall_timeout = Duration::from_secs(10);
    let client = Client::new(settings).unwrap();
    let error = download(&request, &client, &Monitor::new(&Stopper(&stop), &stop)).unwrap_err();
    assert!(matches!(error, DownloadError::Cancelled), "{error}");
    let part = fs::read(fixture.path(&format!("{SONGS}.part"))).unwrap();
    assert!(!part.is_empty() && archive.starts_with(&part));
    fixture.get("ravdess-song", &url).unwrap();
    fixture.has(&files);
}

#[test]
fn two_at_once_are_refused() {
    let (fixture, files) = (Fixture::new(), songs());
    let server = Server::of_file(zip(&files));
    let work_dir = fixture.path(".clstm-download");
    fs::create_dir_all(&work_dir).unwrap();
    let lock = fs::File::create(work_dir.join("lock")).unwrap();
    lock.lock().unwrap();
    let (error, text) = fixture.fails(&server.url("/a.zip"));
    assert!(matches!(error, DownloadError::Locked { .. }), "{text}");
    drop(lock);
    fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
}

proptest! {
    // Each case is a download of its own.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn wherever_it_breaks_the_bytes_are_the_same(
        lengths in proptest::collection::vec(0_usize..40_000, 0..=3),
        ranges in any::<bool>(),
    ) {
        let (fixture, files) = (Fixture::new(), songs());
        let archive = zip(&files);
        let server = Server::start(move |number, request| {
            let mut request = request.clone();
            if !ranges {
                request.forget("range");
            }
            let whole = good(&request, &archive, "\"1\"");
            match lengths.get(number) {
                Some(&length) => Reply::Break(whole[..length.min(whole.len() - 1)].to_vec()),
                None => Reply::Send(whole),
            }
        });
        fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
        fixture.has(&files);
    }
}
