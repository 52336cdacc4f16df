//! By way of a proxy.

use clstm_download::{DownloadError, Proxies};

use crate::fixture::Fixture;
use crate::server::{Reply, Server, response};
use crate::zips::{songs, zip};

#[test]
fn http_goes_through_a_tunnel_with_the_password() {
    let mut fixture = Fixture::new();
    let proxy =
        Server::start(|_, _| Reply::Break(response("407 Required", "Content-Length: 0\r\n", b"")));
    let http = Some(format!("http://me:secret@127.0.0.1:{}", proxy.port()));
    fixture.settings.proxies = Proxies { http, ..Proxies::default() };
    let (error, text) = fixture.fails("http://mirror.invalid/a.zip");
    assert!(matches!(error, DownloadError::Network { .. }), "{text}");
    assert!(text.contains("407") && !text.contains("secret"), "{text}");
    let request = &proxy.requests()[0];
    assert_eq!(request.line, "CONNECT mirror.invalid:80 HTTP/1.1");
    assert_eq!(request.header("proxy-authorization"), Some("Basic bWU6c2VjcmV0"));
}

#[test]
fn https_asks_for_a_way_through() {
    let mut fixture = Fixture::new();
    let proxy =
        Server::start(|_, _| Reply::Break(response("403 Forbidden", "Content-Length: 0\r\n", b"")));
    let https = Some(format!("127.0.0.1:{}", proxy.port()));
    fixture.settings.proxies = Proxies { https, ..Proxies::default() };
    let (error, text) = fixture.fails("https://mirror.invalid/a.zip");
    assert!(matches!(error, DownloadError::Network { .. }), "{text}");
    assert!(text.contains("proxy server responded 403"), "{text}");
    assert_eq!(proxy.count(), 1, "a refusal stays");
    assert_eq!(proxy.requests()[0].line, "CONNECT mirror.invalid:443 HTTP/1.1");
    assert_eq!(proxy.requests()[0].header("proxy-authorization"), None);
}

#[test]
fn this_machine_is_reached_directly() {
    let (mut fixture, files) = (Fixture::new(), songs());
    let server = Server::of_file(zip(&files));
    let nowhere = Some("http://127.0.0.1:9".to_owned());
    fixture.settings.proxies =
        Proxies { http: nowhere.clone(), https: nowhere, none_for: String::new() };
    fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
    fixture.has(&files);
}
