//! Redirects: followed, counted, refused.

use clstm_download::DownloadError;

use crate::fixture::Fixture;
use crate::server::{Reply, Server, ok, response};
use crate::zips::{songs, zip};

fn to(location: &str) -> Vec<u8> {
    response("302 Found", &format!("Location: {location}\r\nContent-Length: 3\r\n"), b"go!")
}

#[test]
fn they_are_followed_in_every_form() {
    let (fixture, files) = (Fixture::new(), songs());
    let archive = zip(&files);
    let other = Server::start(move |_, _| Reply::Send(ok(&archive)));
    let away = other.url("/store/a.zip?key=1");
    let server = Server::start(move |_, request| {
        Reply::Send(to(match request.target() {
            "/start/a.zip" => "next.zip",
            "/start/next.zip" => "/third",
            "/third" => &away,
            other => panic!("{other}"),
        }))
    });
    fixture.get("ravdess-song", &server.url("/start/a.zip")).unwrap();
    fixture.has(&files);
    assert_eq!(other.requests()[0].target(), "/store/a.zip?key=1");
    assert_eq!(server.count(), 3);
}

#[test]
fn a_circle_is_left() {
    let fixture = Fixture::new();
    let server = Server::start(|number, _| Reply::Send(to(&format!("/{}", number % 2))));
    let (error, text) = fixture.fails(&server.url("/a.zip"));
    assert!(matches!(error, DownloadError::Redirect { .. }), "{text}");
    assert!(text.contains("too many in a row"), "{text}");
    assert_eq!(server.count(), 11);
}

#[test]
fn other_schemes_are_not_followed() {
    let fixture = Fixture::new();
    // At worst such a location is taken for a path of the same server, until there are too many.
    for location in ["ftp://a/b", "file:///etc/passwd", "http://a b/"] {
        let server = Server::start(move |_, _| Reply::Send(to(location)));
        let (error, text) = fixture.fails(&server.url("/a.zip"));
        let refused =
            matches!(error, DownloadError::Redirect { .. } | DownloadError::Network { .. });
        assert!(refused, "{location}: {text}");
        assert_eq!(fixture.names(), [""; 0], "{location}");
    }
}
