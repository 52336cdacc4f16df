//! Addresses: the few forms of a URL that a download needs, and no other.

use std::fmt;

use crate::DownloadError;

/// An absolute `http` or `https` address, without user, password and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// Whether it is `https`.
    pub(crate) tls: bool,
    /// Name or address of the server, in lower case; an IPv6 address without its brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Path and query, from the first slash.
    pub(crate) target: String,
}

impl Url {
    /// Reads an address.
    pub(crate) fn parse(text: &str) -> Result<Self, DownloadError> {
        let wrong = |problem: &str| DownloadError::Url {
            url: text.to_owned(),
            problem: problem.to_owned(),
        };
        // Spaces and line ends would split the request line, other letters have no place in one.
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(wrong("only visible ASCII letters may stand in it (%20 for a space)"));
        }
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| wrong("it should begin with https:// or http://"))?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(wrong("only https and http are understood")),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.contains('@') {
            return Err(wrong("a user or password in it is not supported"));
        }
        let (host, port) = split_port(authority).ok_or_else(|| wrong("its port is no number"))?;
        if host.is_empty() {
            return Err(wrong("it names no server"));
        }
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        let port = port.unwrap_or(if tls { 443 } else { 80 });
        Ok(Self { tls, host: host.to_ascii_lowercase(), port, target })
    }

    /// The address that a `Location` header means, seen from this one (RFC 3986, section 5.2).
    pub(crate) fn join(&self, location: &str) -> Result<Self, DownloadError> {
        if location.contains("://") && !location.starts_with(['/', '?']) {
            return Self::parse(location);
        }
        let scheme = if self.tls { "https" } else { "http" };
        if let Some(rest) = location.strip_prefix("//") {
            return Self::parse(&format!("{scheme}://{rest}"));
        }
        let path = self.target.split('?').next().unwrap_or("/");
        let target = if location.starts_with('/') {
            location.to_owned()
        } else if location.starts_with('?') {
            format!("{path}{location}")
        } else {
            let folder = path.rfind('/').map_or("/", |slash| &path[..=slash]);
            format!("{folder}{location}")
        };
        Self::parse(&format!("{scheme}://{}{target}", self.authority()))
    }

    /// Host and port as they stand in an address; the port only where it is not the scheme's own.
    pub(crate) fn authority(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        if self.port == if self.tls { 443 } else { 80 } {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }

    /// Whether the server is this very machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.target)
    }
}

/// Host and port of `host`, `host:port`, `[v6]` or `[v6]:port`.
pub(crate) fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let (host, rest) = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    match rest.strip_prefix(':') {
        Some(port) => Some((host, Some(port.parse().ok()?))),
        None if rest.is_empty() => Some((host, None)),
        None => None,
    }
}

/// A text as a part of a path: everything but letters, digits and `-._~/` is escaped.
pub(crate) fn escape_path(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(char::from(byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(base: &str, location: &str) -> String {
        Url::parse(base).unwrap().join(location).unwrap().to_string()
    }

    #[test]
    fn addresses_read_back_as_they_were() {
        for text in [
            "https://zenodo.org/records/1/files/a.zip?download=1",
            "http://127.0.0.1:8000/",
            "http://[::1]:80800/".trim_end_matches("0/"),
            "https://a.b:8443/x",
        ] {
            let url = Url::parse(text).unwrap().to_string();
            assert_eq!(url.trim_end_matches('/'), text.trim_end_matches('/'));
        }
        let url = Url::parse("HTTPS://Example.ORG?q=1#part").unwrap();
        assert_eq!((url.port, url.target.as_str()), (443, "/?q=1"));
        assert_eq!(url.host, "example.org");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "zenodo.org/x",
            "ftp://zenodo.org/x",
            "https:///x",
            "http://me:secret@host/",
            "http://host:port/",
            "http://host/a b",
            "http://host/a\r\nHost: other",
            "http://hößt/",
            "http://[::1/",
        ] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn locations_are_seen_from_where_they_were_given() {
        let base = "https://a.org/x/y.zip?q=1";
        assert_eq!(joined(base, "https://b.org/z"), "https://b.org/z");
        assert_eq!(joined(base, "//b.org/z"), "https://b.org/z");
        assert_eq!(joined(base, "/z?r=2"), "https://a.org/z?r=2");
        assert_eq!(joined(base, "z"), "https://a.org/x/z");
        assert_eq!(joined(base, "?r=2"), "https://a.org/x/y.zip?r=2");
        assert_eq!(joined(base, "/go?to=http://c"), "https://a.org/go?to=http://c");
        assert!(Url::parse(base).unwrap().join("file:///etc/passwd").is_err());
    }

    #[test]
    fn a_path_is_escaped_but_for_its_slashes() {
        assert_eq!(escape_path("a b/ü%.wav"), "a%20b/%C3%BC%25.wav");
    }
}
