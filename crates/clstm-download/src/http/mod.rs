//! Getting files by HTTP, with `ureq` below.
//!
//! The rules of a download are stricter than those of a browser: a malformed response ends it, a stalled
//! server is abandoned after a while, and a redirect never leads from `https` to `http`.

mod error;
mod proxy;
mod retry;
mod settings;

use std::io::Read;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::http::Uri;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, BodyReader};

use crate::DownloadError;
pub(crate) use error::{HttpError, Retryable};
pub use proxy::Proxies;
pub use settings::{RetryPolicy, Settings};

/// Idle connections kept: as many as there are workers for a corpus of single files, on two hosts.
const IDLE: usize = 8;

/// Gets files. Connections are kept and used again, by all threads.
pub struct Client {
    settings: Settings,
    agent: Agent,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A response whose body has not been read.
pub(crate) struct Response {
    head: ureq::http::response::Parts,
    /// Bytes of the body, where the server declares them.
    pub(crate) length: Option<u64>,
    body: BodyReader<'static>,
}

impl Client {
    /// A client with these settings.
    ///
    /// # Errors
    /// [`DownloadError::Tls`] where a file of certificates cannot be read.
    pub fn new(settings: Settings) -> Result<Self, DownloadError> {
        let tls = TlsConfig::builder().root_certs(root_certificates(&settings)?).build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(settings.redirects)
            .max_redirects_will_error(true)
            .timeout_connect(Some(settings.connect_timeout))
            .timeout_per_read(Some(settings.stall_timeout))
            .timeout_per_write(Some(settings.stall_timeout))
            .max_idle_connections(IDLE)
            .user_agent(concat!(
                "clstm/",
                env!("CARGO_PKG_VERSION"),
                " (+",
                env!("CARGO_PKG_REPOSITORY"),
                ")"
            ))
            // Checksums and ranges are of the file and not of a compressed form of it.
            .accept_encoding("identity")
            .build()
            .new_agent();
        Ok(Self { settings, agent })
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Requests an address and follows its redirects. Responses of every other status are returned.
    pub(crate) fn get(&self, url: &str, headers: &[(&str, String)]) -> Result<Response, HttpError> {
        let uri = parse_url(url)?;
        let proxy = self.settings.proxies.for_url(&uri)?;
        let mut request = self
            .agent
            .get(uri.clone())
            .config()
            // A redirect to http is then an error.
            .https_only(is_https(&uri))
            .proxy(proxy)
            .build();
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let stall = self.settings.stall_timeout;
        let response = request.call().map_err(|error| HttpError::network(url, error, stall))?;
        let (head, body) = response.into_parts();
        let length = body.content_length();
        // `ureq` limits a body to 10 MiB where no limit is set.
        let body = body.into_with_config().limit(u64::MAX).reader();
        Ok(Response { head, length, body })
    }
}

impl Response {
    pub(crate) fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    /// The standard words for the status.
    pub(crate) fn reason(&self) -> &'static str {
        self.head.status.canonical_reason().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok().map(str::trim)
    }

    /// First byte and length of the whole file in `Content-Range`; each may be unknown, as in
    /// `bytes */10` and `bytes 5-9/*`.
    pub(crate) fn content_range(&self) -> Option<(Option<u64>, Option<u64>)> {
        content_range(self.header("content-range")?)
    }
}

impl Read for Response {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.body.read(buffer)
    }
}

fn content_range(value: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let first = match range {
        "*" => None,
        range => Some(range.split_once('-')?.0.parse().ok()?),
    };
    Some((first, total.parse().ok()))
}

/// Mozilla's certificates, or those of the file.
fn root_certificates(settings: &Settings) -> Result<RootCerts, DownloadError> {
    let Some(file) = &settings.certificates else { return Ok(RootCerts::WebPki) };
    let wrong = |why: String| DownloadError::Tls {
        problem: format!("certificates cannot be read from {}: {why}", file.display()),
    };
    let text = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    let mut found: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(&text) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| wrong(error.to_string()))? {
            found.push(certificate);
        }
    }
    match found.is_empty() {
        true => Err(wrong("it holds none".to_owned())),
        false => Ok(RootCerts::new_with_certs(&found)),
    }
}

/// Parses an address; only `https` and `http` without a user are accepted.
///
/// # Errors
/// [`DownloadError::Url`].
pub(crate) fn parse_url(text: &str) -> Result<Uri, DownloadError> {
    let wrong =
        |problem: &str| DownloadError::Url { url: text.to_owned(), problem: problem.to_owned() };
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(wrong("it may have visible ASCII characters alone (%20 for a space)"));
    }
    // A fragment is never sent.
    let whole = text.split('#').next().unwrap_or_default();
    let uri: Uri = whole.parse().map_err(|error| wrong(&format!("{error}")))?;
    match uri.scheme_str() {
        Some("https" | "http") => {}
        Some(_) => return Err(wrong("only https and http are supported")),
        None => return Err(wrong("it should begin with https:// or http://")),
    }
    match uri.authority() {
        Some(authority) if authority.as_str().contains('@') => {
            Err(wrong("a user or password in it is not supported"))
        }
        Some(authority)
            if authority.port_u16().is_none() && authority.as_str() != authority.host() =>
        {
            Err(wrong("its port is not a number"))
        }
        Some(authority) if !authority.host().is_empty() => Ok(uri),
        _ => Err(wrong("it names no server")),
    }
}

pub(crate) fn is_https(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
}

/// Escapes a text as a part of a path: everything but letters, digits and `-._~/`.
pub(crate) fn escape_path(path: &str) -> String {
    const KEPT: AsciiSet =
        NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
    utf8_percent_encode(path, &KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_before_anything_is_sent() {
        for good in ["https://zenodo.org/records/1/files/a.zip?download=1", "HTTP://[::1]:80/#x"] {
            assert!(parse_url(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a.zip",
            "//a/b",
            "ftp://a/b",
            "https://",
            "https:///a",
            "https://u:p@a/b",
            "http://a b/",
            "http://a:x/",
            "http://ä/",
            "http://a/\r\nX: y",
            "file:///etc/passwd",
        ] {
            assert!(matches!(parse_url(bad), Err(DownloadError::Url { .. })), "{bad:?}");
        }
    }

    #[test]
    fn paths_are_escaped() {
        assert_eq!(escape_path("AudioWAV/a b_1-2.~é?.wav"), "AudioWAV/a%20b_1-2.~%C3%A9%3F.wav");
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(content_range("bytes 5-9/10"), Some((Some(5), Some(10))));
        assert_eq!(content_range("bytes */10"), Some((None, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((Some(5), None)));
        assert_eq!(content_range("lines 5-9/10"), None);
        assert_eq!(content_range("bytes x-9/10"), None);
    }
}
