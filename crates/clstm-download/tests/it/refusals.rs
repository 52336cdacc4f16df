//! Lengths that lie, checksums that do not fit, servers that refuse.

use std::fs;

use clstm_download::DownloadError;
use md5::Digest;

use crate::fixture::{Fixture, SONGS, noise};
use crate::server::{Reply, Server, ok, response};
use crate::zips::{file, songs, zip};

#[test]
fn a_body_shorter_than_declared_is_no_file() {
    let fixture = Fixture::new();
    let archive = zip(&songs());
    let server = Server::start(move |_, _| {
        let headers = format!("Content-Length: {}\r\n", archive.len() + 1000);
        Reply::Break(response("200 OK", &headers, &archive))
    });
    let (error, text) = fixture.fails(&server.url("/a.zip"));
    assert!(matches!(error, DownloadError::RetriesExhausted { .. }), "{text}");
    assert!(text.contains("disconnected"), "{text}");
    assert_eq!(server.count(), 4, "without a tag every attempt starts again");
    assert!(!fixture.path(SONGS).exists());
}

#[test]
fn a_body_longer_than_declared_is_refused() {
    let fixture = Fixture::new();
    let archive = zip(&songs());
    let server = Server::start(move |_, _| {
        let headers = format!("Content-Length: {}\r\n", archive.len() - 100);
        Reply::Send(response("200 OK", &headers, &archive))
    });
    // The declared length is what is read: an archive without its end.
    let (error, text) = fixture.fails(&server.url("/a.zip"));
    assert!(matches!(error, DownloadError::Archive { .. }), "{text}");
    assert_eq!(server.count(), 1);
    assert_eq!(fixture.names(), [format!("{SONGS}.rejected")]);
}

#[test]
fn another_length_than_the_published_one_is_refused_before_it_comes() {
    // The speech of RAVDESS has 208,468,073 bytes.
    let fixture = Fixture::new();
    for length in [1000, 300_000_000] {
        let server = Server::start(move |_, _| {
            Reply::Break(response("200 OK", &format!("Content-Length: {length}\r\n"), &[0; 1000]))
        });
        let error = fixture.get("ravdess", &server.url("/a.zip")).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, DownloadError::Size { expected: 208_468_073, .. }), "{text}");
        assert!(text.contains(&length.to_string()), "{text}");
        assert_eq!(server.count(), 1);
        assert_eq!(fixture.names(), [""; 0], "nothing was written");
    }
}

#[test]
fn a_wrong_checksum_sets_the_file_aside() {
    // EMO-DB's archive has 39,981,818 bytes; these are as many others.
    let fixture = Fixture::new();
    let zeros = vec![0; 39_981_818];
    let server = Server::of_file(zeros);
    let error = fixture.get("emo-db", &server.url("/emodb.zip")).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, DownloadError::Checksum { algorithm: "MD5", .. }), "{text}");
    let digits = md5::Md5::digest(vec![0; 39_981_818]);
    let got: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    for words in ["should be 9d21362dbc5676ef3ab4745d83ced0db", &got, "emodb.zip.rejected"] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    assert_eq!(fixture.names(), ["emodb.zip.rejected"]);
    assert_eq!(server.count(), 1, "the same bytes would come again");
}

#[test]
fn chunks_are_put_together_and_their_end_is_waited_for() {
    let (fixture, files) = (Fixture::new(), songs());
    let archive = zip(&files);
    let chunked = |ended: bool| {
        let mut body = Vec::new();
        for chunk in archive.chunks(7001) {
            body.extend_from_slice(format!("{:x};note=1\r\n", chunk.len()).as_bytes());
            body.extend_from_slice(chunk);
            body.extend_from_slice(b"\r\n");
        }
        if ended {
            body.extend_from_slice(b"0\r\nTrailer: 1\r\n\r\n");
        }
        response("200 OK", "Transfer-Encoding: chunked\r\n", &body)
    };
    let (cut, whole) = (chunked(false), chunked(true));
    let server = Server::start(move |number, _| match number {
        0 => Reply::Break(cut.clone()),
        _ => Reply::Send(whole.clone()),
    });
    fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
    fixture.has(&files);
    assert_eq!(server.count(), 2);
}

#[test]
fn two_lengths_are_none() {
    let fixture = Fixture::new();
    for headers in ["Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: -5\r\n"] {
        let server = Server::start(move |_, _| Reply::Break(response("200 OK", headers, b"12345")));
        let (error, text) = fixture.fails(&server.url("/a.zip"));
        assert!(matches!(error, DownloadError::Network { .. }), "{text}");
        assert_eq!(server.count(), 1);
    }
}

#[test]
fn what_is_not_there_is_not_asked_for_again() {
    let fixture = Fixture::new();
    let server = Server::start(|_, _| {
        Reply::Send(response("404 Not Found", "Content-Length: 4\r\n", b"gone"))
    });
    let (error, text) = fixture.fails(&server.url("/a.zip"));
    assert!(matches!(error, DownloadError::Status { status: 404, .. }), "{text}");
    assert!(text.contains("/a.zip: the server responded 404 Not Found"), "{text}");
    assert_eq!(server.count(), 1);
}

#[test]
fn a_server_in_trouble_is_asked_again() {
    let (fixture, files) = (Fixture::new(), songs());
    let archive = zip(&files);
    let server = Server::start(move |number, _| match number {
        0 => Reply::Send(response("500 Internal Server Error", "Content-Length: 0\r\n", b"")),
        1 => Reply::Break(response("503 Service Unavailable", "", b"busy")),
        _ => Reply::Send(ok(&archive)),
    });
    fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
    fixture.has(&files);
    assert_eq!(server.count(), 3);
}

#[test]
fn a_pause_that_is_asked_for_is_made() {
    let (fixture, files) = (Fixture::new(), songs());
    let archive = zip(&files);
    let server = Server::start(move |number, _| match number {
        0 => {
            let headers = "Retry-After: 0\r\nContent-Length: 0\r\n";
            Reply::Send(response("429 Too Many Requests", headers, b""))
        }
        _ => Reply::Send(ok(&archive)),
    });
    fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
    assert_eq!(server.count(), 2);
    fixture.has(&files);
}

#[test]
fn a_pause_too_long_is_left_to_people() {
    let fixture = Fixture::new();
    let server = Server::start(|_, _| {
        let headers = "Retry-After: 86400\r\nContent-Length: 0\r\n";
        Reply::Send(response("429 Too Many Requests", headers, b""))
    });
    let (error, text) = fixture.fails(&server.url("/a.zip"));
    assert!(matches!(error, DownloadError::RetryAfter { seconds: 86_400, .. }), "{text}");
    assert_eq!(server.count(), 1);
}

#[test]
fn a_change_after_the_first_time_is_refused() {
    let fixture = Fixture::new();
    let files = songs();
    let server = Server::of_file(zip(&files));
    fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
    let pin = fixture.path(&format!("{SONGS}.sha256"));
    let pinned = fs::read_to_string(&pin).unwrap();
    assert!(pinned.ends_with(&format!("  {SONGS}\n")) && pinned.len() == 64 + 3 + SONGS.len());
    for file in &files {
        fs::remove_file(fixture.path(std::str::from_utf8(&file.name).unwrap())).unwrap();
    }
    let other = Server::of_file(zip(&[file("Actor_01/03-02-05-01-01-01-01.wav", &noise(500))]));
    let (error, text) = fixture.fails(&other.url("/a.zip"));
    assert!(matches!(error, DownloadError::Changed { .. }), "{text}");
    assert!(text.contains(&pinned[..64]), "{text}");
    assert!(!fixture.path("Actor_01/03-02-05-01-01-01-01.wav").exists());
    // As the message proposes.
    fs::remove_file(pin).unwrap();
    fixture.get("ravdess-song", &other.url("/a.zip")).unwrap();
}

#[test]
fn unwritable_folders_are_reported() {
    let fixture = Fixture::new();
    fs::write(fixture.to(), b"a file").unwrap();
    let (error, text) = fixture.fails("http://127.0.0.1:9/a.zip");
    assert!(matches!(error, DownloadError::Io { .. }), "{text}");
    assert!(text.starts_with("cannot create ") && text.contains("corpus"), "{text}");
}

#[test]
fn what_is_no_address_is_refused_before_anything() {
    let fixture = Fixture::new();
    for from in ["a.zip", "ftp://a/b.zip", "file:///a.zip", "http://u:p@a/b.zip"] {
        let (error, text) = fixture.fails(from);
        assert!(matches!(error, DownloadError::Url { .. }), "{text}");
    }
    assert!(!fixture.to().exists());
}
