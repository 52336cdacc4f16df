//! Proxies, as the environment names them.

use crate::DownloadError;
use crate::http::url::{Url, split_port};

/// Which servers are reached by which proxy. The default is none.
///
/// The rules are those of curl and most other tools, but that this machine itself is always reached
/// directly: `HTTPS_PROXY` for `https`, `http_proxy` (in small letters only, for a web server sets
/// the other one from a request's header) for `http`, `ALL_PROXY` for what has none, and none for
/// the hosts and domains of `NO_PROXY`.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// Proxy for `https`: `http://[user:password@]host:port`.
    pub https: Option<String>,
    /// Proxy for `http`.
    pub http: Option<String>,
    /// Hosts and domains without proxy, with commas between them; `*` for all.
    pub none_for: String,
}

/// A proxy to go by.
#[derive(Debug, PartialEq)]
pub(crate) struct Proxy {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Value of `Proxy-Authorization`.
    pub(crate) authorization: Option<String>,
}

impl Proxies {
    /// What the environment of this process says.
    #[must_use]
    pub fn from_env() -> Self {
        let first = |names: &[&str]| {
            let values = names.iter().filter_map(|name| std::env::var(name).ok());
            values.into_iter().find(|value| !value.is_empty())
        };
        Self {
            https: first(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]),
            http: first(&["http_proxy", "ALL_PROXY", "all_proxy"]),
            none_for: first(&["NO_PROXY", "no_proxy"]).unwrap_or_default(),
        }
    }

    /// The proxy for an address.
    pub(crate) fn for_url(&self, url: &Url) -> Result<Option<Proxy>, DownloadError> {
        let Some(text) = (if url.tls { &self.https } else { &self.http }) else { return Ok(None) };
        if url.is_loopback() || self.none_for.split(',').any(|entry| matches(entry, url)) {
            return Ok(None);
        }
        parse(text).map(Some)
    }
}

/// Whether an entry of `NO_PROXY` means this server: the host itself or one of its subdomains.
fn matches(entry: &str, url: &Url) -> bool {
    let entry = entry.trim().to_ascii_lowercase();
    if entry == "*" {
        return true;
    }
    let Some((name, port)) = split_port(&entry) else { return false };
    let name = name.trim_start_matches("*.").trim_start_matches('.');
    if name.is_empty() || port.is_some_and(|port| port != url.port) {
        return false;
    }
    url.host == name || url.host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
}

fn parse(text: &str) -> Result<Proxy, DownloadError> {
    // The address may hold a password and is not repeated.
    let wrong = |problem: &str| DownloadError::Proxy { problem: problem.to_owned() };
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
        Some((scheme, _)) => {
            return Err(wrong(&format!("{scheme}:// is not supported, only http:// is")));
        }
        None => text,
    };
    let rest = rest.trim_end_matches('/');
    let (user, authority) = match rest.rsplit_once('@') {
        Some((user, authority)) => (Some(user), authority),
        None => (None, rest),
    };
    let (host, port) = split_port(authority).ok_or_else(|| wrong("its port is no number"))?;
    let safe = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
    if host.is_empty() || host.contains('/') || !safe(rest) {
        return Err(wrong("it should be http://host:port"));
    }
    let authorization = user.map(|user| format!("Basic {}", base64(&unescape(user))));
    // 1080 is curl's default for a proxy without port.
    Ok(Proxy { host: host.to_owned(), port: port.unwrap_or(1080), authorization })
}

/// `%40` as `@`, and so on.
fn unescape(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, &byte| group << 8 | u32::from(byte));
        let group = group << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(group >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(none_for: &str) -> Proxies {
        let https = Some("http://me:p%40ss@proxy.uni.edu:3128/".to_owned());
        Proxies { https, http: None, none_for: none_for.to_owned() }
    }

    fn by(none_for: &str, url: &str) -> Option<Proxy> {
        proxies(none_for).for_url(&Url::parse(url).unwrap()).unwrap()
    }

    #[test]
    fn each_scheme_has_its_own() {
        let proxy = by("", "https://zenodo.org/").unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), ("proxy.uni.edu", 3128));
        assert_eq!(proxy.authorization.unwrap(), "Basic bWU6cEBzcw==");
        assert_eq!(by("", "http://zenodo.org/"), None);
    }

    #[test]
    fn some_are_reached_directly() {
        assert_eq!(by("", "https://localhost/"), None);
        assert_eq!(by("", "https://127.0.0.1:9/"), None);
        assert_eq!(by("a.org, zenodo.org", "https://zenodo.org/"), None);
        assert_eq!(by(".zenodo.org", "https://cdn.zenodo.org/"), None);
        assert_eq!(by("*", "https://zenodo.org/"), None);
        assert!(by("enodo.org", "https://zenodo.org/").is_some());
        assert!(by("zenodo.org:8443", "https://zenodo.org/").is_some());
    }

    #[test]
    fn others_than_http_are_refused_without_their_password() {
        let proxies = Proxies { https: Some("socks5://me:secret@h:1".into()), ..proxies("") };
        let error = proxies.for_url(&Url::parse("https://zenodo.org/").unwrap()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("socks5") && !text.contains("secret"), "{text}");
    }

    #[test]
    fn base64_has_its_padding() {
        // RFC 4648, section 10.
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
