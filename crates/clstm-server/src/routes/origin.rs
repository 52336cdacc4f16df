//! Middleware against other web pages: the `Host` and `Origin` of a request must be the server's own.
//!
//! A browser lets any page send requests to `http://127.0.0.1`, with the page's origin in `Origin`; and with DNS
//! rebinding, where a page's own host name resolves to 127.0.0.1, the page's host name in `Host`.

use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::middleware::drain_and_reject;
use crate::api_error::ErrorKind;
use crate::state::SharedState;

/// Host names that the server is reachable by.
#[derive(Debug)]
pub(crate) struct Hosts {
    /// Host names without ports, in lower case; with `None` every host is allowed.
    allowed: Option<Vec<String>>,
}

impl Hosts {
    /// Restricts the hosts to loopback names and `allowed` if the server listens on the loopback interface
    /// without API keys, or if `allowed` has an entry.
    pub(crate) fn new(listen: SocketAddr, has_keys: bool, allowed: &[String]) -> Self {
        let restricted = (listen.ip().is_loopback() && !has_keys) || !allowed.is_empty();
        let names = || allowed.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { allowed: restricted.then(names) }
    }

    fn allows(&self, authority: &str) -> bool {
        let Some(allowed) = &self.allowed else { return true };
        let Ok(authority) = authority.parse::<Authority>() else { return false };
        // A host and perhaps a port: no name of a user, nothing behind an address in brackets.
        let port = authority.as_str().strip_prefix(authority.host());
        let number = |port: &str| port.strip_prefix(':').is_some_and(|n| n.parse::<u16>().is_ok());
        if !port.is_some_and(|port| port.is_empty() || number(port)) {
            return false;
        }
        let host = authority.host().to_ascii_lowercase();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost"
            || address.is_ok_and(|address| address.is_loopback())
            || allowed.contains(&host)
    }
}

/// Rejects requests with a foreign `Host` or `Origin`, of every method and route.
pub(super) async fn check(
    State(app): State<SharedState>,
    request: Request<Body>,
    next: Next,
) -> Response {
    if request.headers().get_all(header::HOST).iter().count() > 1 {
        let message = "a request has one header Host".to_owned();
        return drain_and_reject(ErrorKind::Request, message, request.into_body())
            .await
            .into_response();
    }
    // Clients that are not browsers may leave it out (HTTP/1.0).
    let hosts: Vec<String> =
        hosts_of(request.uri(), request.headers()).map(str::to_owned).collect();
    if let Some(host) = hosts.iter().find(|host| !app.hosts.allows(host)) {
        let message = format!("host {host:?} is not served here; allow it with --allowed-host");
        return drain_and_reject(ErrorKind::Host, message, request.into_body())
            .await
            .into_response();
    }
    if let Some(origin) = request.headers().get(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or_default();
        let own = origin
            .split_once("://")
            .is_some_and(|(_, from)| hosts.first().is_some_and(|host| host == from));
        if !own && !app.origins.iter().any(|allowed| allowed == "*" || allowed == origin) {
            let message = format!("pages of {origin:?} may not use this server; see --cors");
            return drain_and_reject(ErrorKind::Origin, message, request.into_body())
                .await
                .into_response();
        }
    }
    next.run(request).await
}

/// The host of an absolute target, and that of the header.
fn hosts_of<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
    let authority = uri.authority().map(Authority::as_str);
    let header = headers.get(header::HOST).map(|host| host.to_str().unwrap_or_default());
    authority.into_iter().chain(header)
}

#[cfg(test)]
mod tests {
    use super::Hosts;

    const LOOPBACK: &str = "127.0.0.1:8765";

    fn hosts(listen: &str, has_keys: bool, allowed: &[&str]) -> Hosts {
        let allowed: Vec<_> = allowed.iter().map(|name| (*name).to_owned()).collect();
        Hosts::new(listen.parse().unwrap(), has_keys, &allowed)
    }

    #[test]
    fn loopback_without_keys_serves_loopback_hosts_only() {
        let hosts = hosts(LOOPBACK, false, &[]);
        for own in ["localhost", "LOCALHOST:8765", "127.0.0.1:8765", "127.8.0.1", "[::1]:8765"] {
            assert!(hosts.allows(own), "{own}");
        }
        let foreign = [
            "evil.example",
            "evil.example:8765",
            "localhost.evil.example",
            "",
            "10.0.0.1",
            "a b",
            "evil.example:80@localhost",
            "[::1]x",
            "localhost:http",
            "localhost:99999",
        ];
        for foreign in foreign {
            assert!(!hosts.allows(foreign), "{foreign:?}");
        }
    }

    #[test]
    fn allowed_hosts_are_added_and_keys_or_other_addresses_lift_the_restriction() {
        let named = hosts(LOOPBACK, false, &["Voice.example"]);
        assert!(named.allows("voice.example:443") && named.allows("localhost"));
        assert!(!named.allows("other.example"));
        assert!(hosts(LOOPBACK, true, &[]).allows("voice.example"));
        assert!(hosts("0.0.0.0:8765", false, &[]).allows("voice.example"));
        assert!(!hosts("0.0.0.0:8765", false, &["voice.example"]).allows("other.example"));
    }
}
