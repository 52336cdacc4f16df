//! A client for one thing: getting files by HTTP/1.1, with and without TLS.
//!
//! The rules of a download are stricter than those of a browser: what is wrong with an answer ends
//! it, a stalled server is left after a while, and a redirect never leads from `https` to `http`.

mod body;
mod connection;
mod error;
mod head;
mod proxy;
mod retry;
mod settings;
mod url;

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ClientConfig;

use crate::DownloadError;
use body::Body;
use connection::{Connection, Timeouts};
pub(crate) use error::{HttpError, Retryable};
pub(crate) use head::Framing;
use head::Head;
pub use proxy::Proxies;
pub use settings::Settings;
pub(crate) use url::{Url, escape_path};

/// Idle connections kept: as many as there are workers for a corpus of single files, on two hosts.
const IDLE: usize = 8;
/// The body of a redirect is read to its end, to use the connection again, up to so many bytes;
/// a longer one costs more than a new connection.
const WORTH_READING: u64 = 64 << 10;

/// Gets files. Connections are kept and used again, by all threads.
pub struct Client {
    settings: Settings,
    tls: Arc<ClientConfig>,
    idle: Mutex<Vec<(Server, Connection)>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Whom a connection leads to.
type Server = (bool, String, u16);

/// What is wanted besides the address.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options<'a> {
    /// Further headers.
    pub(crate) headers: &'a [(&'a str, String)],
    /// The connection is not used again, so that its end can be seen.
    pub(crate) alone: bool,
}

/// An answer whose body is still to be read.
pub(crate) struct Response<'c> {
    client: &'c Client,
    server: Server,
    pub(crate) head: Head,
    pub(crate) framing: Framing,
    body: Body,
}

impl Client {
    /// A client with these settings.
    ///
    /// # Errors
    /// [`DownloadError::Tls`], where a file of certificates cannot be read.
    pub fn new(settings: Settings) -> Result<Self, DownloadError> {
        let tls = connection::tls_config(settings.certificates.as_deref())
            .map_err(|problem| DownloadError::Tls { problem })?;
        Ok(Self { settings, tls, idle: Mutex::default() })
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Asks for an address, and for those that it redirects to. Answers of every other status are
    /// returned.
    pub(crate) fn get(&self, url: &str, options: Options<'_>) -> Result<Response<'_>, HttpError> {
        let mut at = Url::parse(url)?;
        for _ in 0..=self.settings.redirects {
            let response = self.ask(&at, options)?;
            let location = match response.head.status {
                301 | 302 | 303 | 307 | 308 => response.head.header("location"),
                _ => None,
            };
            let Some(location) = location else { return Ok(response) };
            let next = at.join(location)?;
            let refused = |problem| DownloadError::Redirect { url: url.to_owned(), problem };
            if at.tls && !next.tls {
                return Err(refused(format!("it leads from https to {next}")).into());
            }
            response.pass_over();
            at = next;
        }
        let problem = format!("more than {} in a row, the last to {at}", self.settings.redirects);
        Err(DownloadError::Redirect { url: url.to_owned(), problem }.into())
    }

    fn ask(&self, url: &Url, options: Options<'_>) -> Result<Response<'_>, HttpError> {
        let proxy = self.settings.proxies.for_url(url)?;
        let mut target = url.target.clone();
        let mut headers = String::new();
        if let (false, Some(proxy)) = (url.tls, &proxy) {
            target = url.to_string();
            if let Some(authorization) = &proxy.authorization {
                headers += &format!("Proxy-Authorization: {authorization}\r\n");
            }
        }
        for (name, value) in options.headers {
            headers += &format!("{name}: {value}\r\n");
        }
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\nUser-Agent: clstm/{} (+{})\r\nAccept: */*\r\n\
             Accept-Encoding: identity\r\nConnection: {}\r\n{headers}\r\n",
            url.authority(),
            env!("CARGO_PKG_VERSION"),
            env!("CARGO_PKG_REPOSITORY"),
            if options.alone { "close" } else { "keep-alive" },
        );
        let server = (url.tls, url.host.clone(), url.port);
        // A server may hang up on an idle connection at any time: that is no failure yet.
        while let Some(connection) = self.take_idle(&server) {
            if let Ok((head, connection)) = exchange(connection, &request) {
                return self.response(url, server, head, connection);
            }
        }
        let Settings { connect_timeout: connect, stall_timeout: stall, .. } = self.settings;
        let (head, connection) =
            connection::open(url, proxy.as_ref(), &self.tls, Timeouts { connect, stall })
                .and_then(|connection| exchange(connection, &request))
                .map_err(|error| HttpError::network(url, error, stall))?;
        self.response(url, server, head, connection)
    }

    fn response(
        &self,
        url: &Url,
        server: Server,
        head: Head,
        connection: Connection,
    ) -> Result<Response<'_>, HttpError> {
        let stall = self.settings.stall_timeout;
        let framing = head.framing().map_err(|error| HttpError::network(url, error, stall))?;
        let body = Body::new(connection, framing);
        Ok(Response { client: self, server, head, framing, body })
    }

    fn take_idle(&self, server: &Server) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let place = idle.iter().position(|(other, _)| other == server)?;
        Some(idle.swap_remove(place).1)
    }

    fn keep(&self, server: Server, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE {
            idle.push((server, connection));
        }
    }
}

fn exchange(mut connection: Connection, request: &str) -> io::Result<(Head, Connection)> {
    let stream = connection.get_mut();
    stream.write_all(request.as_bytes())?;
    stream.flush()?;
    let head = Head::read(&mut connection)?;
    Ok((head, connection))
}

impl Response<'_> {
    /// Gives the connection back for the next request, where the body was read to its end.
    pub(crate) fn finish(self) {
        if self.head.keep_alive()
            && let Some(connection) = self.body.into_connection()
        {
            self.client.keep(self.server, connection);
        }
    }

    /// Reads a body that is of no interest.
    fn pass_over(mut self) {
        let _ = io::copy(&mut (&mut self.body).take(WORTH_READING), &mut io::sink());
        self.finish();
    }

    /// Fails where more comes than was declared; see [`Options::alone`].
    pub(crate) fn ends_here(&mut self) -> io::Result<()> {
        self.body.ends_here()
    }
}

impl Read for Response<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.read(buffer)
    }
}
