//! Servers whose responses do not end, or do not begin.

use std::net::TcpListener;
use std::time::Duration;

use clstm_download::DownloadError;

use crate::fixture::Fixture;
use crate::server::{Reply, Server, good, response};
use crate::zips::{songs, zip};

/// Abandons a silent server soon.
fn impatient_client() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.settings.stall_timeout = Duration::from_millis(400);
    fixture
}

#[test]
fn a_server_that_never_responds_times_out() {
    let fixture = impatient_client();
    let server = Server::start(|_, _| Reply::Stall(Vec::new()));
    let (error, text) = fixture.fails(&server.url("/a.zip"));
    assert!(matches!(error, DownloadError::RetriesExhausted { attempts: 4, .. }), "{text}");
    assert!(text.contains("no data for 0.4 s"), "{text}");
}

#[test]
fn a_server_that_falls_silent_is_asked_again() {
    let (fixture, files) = (impatient_client(), songs());
    let archive = zip(&files);
    let server = Server::start(move |number, request| {
        let whole = good(request, &archive, "\"1\"");
        match number {
            0 => Reply::Stall(whole[..30_000].to_vec()),
            _ => Reply::Send(whole),
        }
    });
    fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
    fixture.has(&files);
    assert!(server.requests()[1].from().is_some_and(|from| from > 20_000));
}

#[test]
fn a_closed_port_is_an_error() {
    let fixture = Fixture::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (error, text) = fixture.fails(&format!("http://127.0.0.1:{port}/a.zip"));
    assert!(matches!(error, DownloadError::RetriesExhausted { .. }), "{text}");
    assert!(text.contains("refused"), "{text}");
}

#[test]
fn an_endless_head_is_left() {
    let fixture = Fixture::new();
    let server = Server::start(|_, _| {
        Reply::Stall(response("200 OK", &format!("A: {}\r\n", "b".repeat(200_000)), b""))
    });
    let (error, text) = fixture.fails(&server.url("/a.zip"));
    assert!(matches!(error, DownloadError::Network { .. }), "{text}");
    assert_eq!(server.count(), 1);
}

#[test]
fn an_endless_list_is_left() {
    let fixture = Fixture::new();
    let server = Server::start(|_, _| {
        Reply::Stall(response("200 OK", &format!("Content-Length: {}\r\n", 65 << 20), b"{"))
    });
    // The server stalls after one byte: to wait for the end would be another error.
    let error = fixture.get("tess", &server.url("/")).unwrap_err();
    assert!(matches!(error, DownloadError::TooLong { .. }), "{error}");
}

#[test]
fn what_is_no_http_is_refused() {
    let fixture = Fixture::new();
    let server = Server::start(|_, _| Reply::Break(b"220 ftp ready\r\n\r\n".to_vec()));
    let (error, text) = fixture.fails(&server.url("/a.zip"));
    assert!(matches!(error, DownloadError::Network { .. }), "{text}");
    assert_eq!(server.count(), 1);
}

#[test]
fn tls_is_not_taken_for_granted() {
    // A server of plain HTTP behind https://.
    let fixture = Fixture::new();
    let server = Server::start(|_, _| Reply::Break(Vec::new()));
    let url = server.url("/a.zip").replace("http://", "https://");
    let (error, text) = fixture.fails(&url);
    assert!(
        matches!(error, DownloadError::Network { .. } | DownloadError::RetriesExhausted { .. }),
        "{text}"
    );
}
