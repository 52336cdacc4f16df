//! Proxies from the environment.

use ureq::Proxy;
use ureq::http::Uri;

use crate::DownloadError;
use crate::http::is_https;

/// Which servers are reached through which proxy. The default is none.
///
/// The rules are those of curl and most other tools, except that this machine itself is always reached
/// directly: `HTTPS_PROXY` for `https`, `http_proxy` (in small letters only, because a web server sets
/// the other one from a request's header) for `http`, `ALL_PROXY` for what has none, and none for
/// the hosts and domains of `NO_PROXY`. Proxies are HTTP, HTTPS or SOCKS; every connection through one
/// is a tunnel (`CONNECT`).
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// Proxy for `https`: `[http|https|socks4|socks5://][user:password@]host:port`.
    pub https: Option<String>,
    /// Proxy for `http`.
    pub http: Option<String>,
    /// Hosts and domains without proxy, separated by commas; `*` for all.
    pub none_for: String,
}

impl Proxies {
    /// The proxies that the environment of this process names.
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
    pub(crate) fn for_url(&self, url: &Uri) -> Result<Option<Proxy>, DownloadError> {
        let Some(text) = (if is_https(url) { &self.https } else { &self.http }) else {
            return Ok(None);
        };
        // The address may hold a password and is not repeated in messages.
        let wrong = |_| DownloadError::Proxy {
            problem: "it should be http://host:port, with https, socks4 or socks5 for http"
                .to_owned(),
        };
        let named = Proxy::new(text).map_err(wrong)?;
        let mut proxy = Proxy::builder(named.protocol()).host(named.host()).port(named.port());
        if let Some(user) = named.username() {
            proxy = proxy.username(user);
        }
        if let Some(password) = named.password() {
            proxy = proxy.password(password);
        }
        for loopback in ["localhost", "127.0.0.1", "::1", "[::1]"] {
            proxy = proxy.no_proxy(loopback);
        }
        for entry in self.none_for.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let name = entry.trim_start_matches('*').trim_start_matches('.');
            // An entry means a host and its subdomains.
            proxy = match name {
                "" => proxy.no_proxy("*"),
                name => proxy.no_proxy(name).no_proxy(&format!(".{name}")),
            };
        }
        proxy.build().map(Some).map_err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(none_for: &str) -> Proxies {
        let https = Some("http://me:p%40ss@proxy.uni.edu:3128/".to_owned());
        Proxies { https, http: None, none_for: none_for.to_owned() }
    }

    /// The proxy that an address is reached through.
    fn through(none_for: &str, url: &str) -> Option<Proxy> {
        let uri: Uri = url.parse().unwrap();
        proxies(none_for).for_url(&uri).unwrap().filter(|proxy| !proxy.is_no_proxy(&uri))
    }

    #[test]
    fn each_scheme_has_its_own() {
        let proxy = through("", "https://zenodo.org/").unwrap();
        assert_eq!((proxy.host(), proxy.port()), ("proxy.uni.edu", 3128));
        assert_eq!((proxy.username(), proxy.password()), (Some("me"), Some("p@ss")));
        assert!(through("", "http://zenodo.org/").is_none());
    }

    #[test]
    fn some_are_reached_directly() {
        for (none_for, url) in [
            ("", "https://localhost/"),
            ("", "https://127.0.0.1:9/"),
            ("a.org, zenodo.org", "https://zenodo.org/"),
            (".zenodo.org", "https://cdn.zenodo.org/"),
            ("zenodo.org", "https://cdn.zenodo.org/"),
            ("*.zenodo.org", "https://cdn.zenodo.org/"),
            ("*", "https://zenodo.org/"),
        ] {
            assert!(through(none_for, url).is_none(), "{none_for} {url}");
        }
        assert!(through("enodo.org", "https://zenodo.org/").is_some());
        assert!(through("zenodo.org", "https://zenodo.org.evil.com/").is_some());
    }

    #[test]
    fn errors_do_not_repeat_the_password() {
        let proxies = Proxies { https: Some("gopher://me:secret@h:1".into()), ..proxies("") };
        let error = proxies.for_url(&"https://zenodo.org/".parse().unwrap()).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
