//! With TLS: whom a client believes.
//!
//! `tls/` holds a certificate for `localhost` and `mirror.invalid` (2020 to 2120), its key, and the
//! authority that signed it, whose key was thrown away. Only these tests trust it.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use clstm_download::{Client, DownloadError, Proxies, Settings};

use crate::fixture::Fixture;
use crate::server::{Reply, Server, good, response};
use crate::zips::{songs, zip};

fn authority() -> Option<PathBuf> {
    Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tls/ca.pem"))
}

fn secure(server: &Server, path: &str) -> String {
    server.url(path).replace("http://127.0.0.1", "https://localhost")
}

#[test]
fn a_trusted_server_resumes() {
    let (mut fixture, files) = (Fixture::new(), songs());
    fixture.settings.certificates = authority();
    let archive = zip(&files);
    let server = Server::with_tls(move |number, request| {
        let whole = good(request, &archive, "\"1\"");
        match number {
            0 => Reply::Break(whole[..40_000].to_vec()),
            _ => Reply::Send(whole),
        }
    });
    fixture.get("ravdess-song", &secure(&server, "/a.zip")).unwrap();
    fixture.has(&files);
    assert!(server.requests()[1].from().is_some_and(|from| from > 30_000));
}

#[test]
fn an_unknown_authority_is_refused() {
    let fixture = Fixture::new();
    let server = Server::with_tls(|_, _| panic!("nothing is asked of it"));
    let (error, text) = fixture.fails(&secure(&server, "/a.zip"));
    assert!(matches!(error, DownloadError::Network { .. }), "{text}");
    assert!(text.contains("UnknownIssuer"), "{text}");
    assert_eq!(fixture.events.count("Retrying"), 0);
}

#[test]
fn another_name_is_refused() {
    let mut fixture = Fixture::new();
    fixture.settings.certificates = authority();
    let server = Server::with_tls(|_, _| panic!("nothing is asked of it"));
    let (error, text) = fixture.fails(&server.url("/a.zip").replace("http://", "https://"));
    assert!(matches!(error, DownloadError::Network { .. }), "{text}");
    assert!(text.contains("not valid for name"), "{text}");
}

#[test]
fn nothing_leads_from_https_to_http() {
    let mut fixture = Fixture::new();
    fixture.settings.certificates = authority();
    let plain = Server::start(|_, _| panic!("nothing is asked of it"));
    let away = plain.url("/a.zip");
    let server = Server::with_tls(move |_, _| {
        let headers = format!("Location: {away}\r\nContent-Length: 0\r\n");
        Reply::Send(response("301 Moved", &headers, b""))
    });
    let (error, text) = fixture.fails(&secure(&server, "/a.zip"));
    assert!(matches!(error, DownloadError::Redirect { .. }), "{text}");
    assert!(text.contains("from https to http://127.0.0.1"), "{text}");
    assert_eq!(plain.count(), 0);
}

/// A proxy that lets one connection through to a port of this machine.
fn tunnel(to: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            io::Read::read_exact(&mut client, &mut byte).unwrap();
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"CONNECT mirror.invalid:443 HTTP/1.1\r\n"));
        io::Write::write_all(&mut client, b"HTTP/1.1 200 OK\r\nVia: test\r\n\r\n").unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", to)).unwrap();
        let (mut from_client, mut to_server) =
            (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || {
            let _ = io::copy(&mut from_client, &mut to_server);
            let _ = to_server.shutdown(Shutdown::Both);
        });
        let _ = io::copy(&mut server, &mut client);
        let _ = client.shutdown(Shutdown::Both);
    });
    port
}

#[test]
fn a_proxy_does_not_come_between() {
    let (mut fixture, files) = (Fixture::new(), songs());
    let archive = zip(&files);
    let server = Server::with_tls(move |_, request| Reply::Send(good(request, &archive, "\"1\"")));
    fixture.settings.certificates = authority();
    let https = Some(format!("http://127.0.0.1:{}", tunnel(server.port())));
    fixture.settings.proxies = Proxies { https, ..Proxies::default() };
    fixture.get("ravdess-song", "https://mirror.invalid/a.zip").unwrap();
    fixture.has(&files);
    assert_eq!(server.requests()[0].header("host"), Some("mirror.invalid"));
}

#[test]
fn unreadable_certificates_are_reported() {
    let missing = Settings { certificates: Some("no/such.pem".into()), ..Settings::default() };
    let text = Client::new(missing).unwrap_err().to_string();
    assert!(text.contains("no/such.pem"), "{text}");
}
