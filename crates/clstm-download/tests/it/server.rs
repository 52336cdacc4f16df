//! A server under the control of a test: it passes every request to a closure, which returns the raw
//! bytes of the response.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Method, target and version.
    pub(crate) line: String,
    headers: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// As if a header had not been sent.
    pub(crate) fn forget(&mut self, name: &str) {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    /// First byte asked for.
    pub(crate) fn from(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// What a server does with a request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Sends these bytes and continues to read from the connection.
    Send(Vec<u8>),
    /// Sends these bytes and hangs up.
    Break(Vec<u8>),
    /// Sends these bytes and then nothing, with the connection open.
    Stall(Vec<u8>),
}

/// Listens until the process ends.
pub(crate) struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Responds by a closure, which is given the number of the request from 0.
    pub(crate) fn start(
        respond: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::over(|tcp| Box::new(tcp), respond)
    }

    /// The same with TLS, as `localhost` and `mirror.invalid`, by an authority that only these tests
    /// know (`tls/ca.pem`).
    pub(crate) fn with_tls(
        respond: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let config = Arc::new(config);
        let wrap = move |tcp| -> Box<dyn Pipe> {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            Box::new(StreamOwned::new(connection, tcp))
        };
        Self::over(wrap, respond)
    }

    fn over(
        wrap: impl Fn(TcpStream) -> Box<dyn Pipe> + Send + Sync + 'static,
        respond: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, respond) = (Arc::clone(&requests), Arc::new(respond));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, respond) = (Arc::clone(&seen), Arc::clone(&respond));
                let pipe = wrap(stream.unwrap());
                std::thread::spawn(move || serve(pipe, &seen, &*respond));
            }
        });
        Self { port, requests }
    }

    /// Serves one file as a good server does: ranges, strong tag, connections kept.
    pub(crate) fn of_file(bytes: Vec<u8>) -> Self {
        Self::start(move |_, request| Reply::Send(good(request, &bytes, "\"1\"")))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

/// A connection, enciphered or not.
trait Pipe: Read + Write + Send {
    /// Ends it at once.
    fn hang_up(&mut self);
}

impl Pipe for TcpStream {
    fn hang_up(&mut self) {
        let _ = self.shutdown(Shutdown::Both);
    }
}

impl Pipe for StreamOwned<ServerConnection, TcpStream> {
    fn hang_up(&mut self) {
        let _ = self.sock.shutdown(Shutdown::Both);
    }
}

fn serve(
    pipe: Box<dyn Pipe>,
    seen: &Mutex<Vec<Request>>,
    respond: &dyn Fn(usize, &Request) -> Reply,
) {
    let mut reader = BufReader::new(pipe);
    while let Some(request) = read(&mut reader) {
        let writer = reader.get_mut();
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        match respond(number, &request) {
            Reply::Send(bytes) => {
                if writer.write_all(&bytes).and_then(|()| writer.flush()).is_err() {
                    return;
                }
                if request.header("connection") == Some("close") {
                    writer.hang_up();
                    return;
                }
            }
            Reply::Break(bytes) => {
                let _ = writer.write_all(&bytes).and_then(|()| writer.flush());
                writer.hang_up();
                return;
            }
            Reply::Stall(bytes) => {
                let _ = writer.write_all(&bytes).and_then(|()| writer.flush());
                // Longer than any test's timeouts.
                std::thread::sleep(Duration::from_secs(20));
                return;
            }
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let line = lines.remove(0);
    let split = |line: String| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_owned(), value.trim().to_owned())
    };
    Some(Request { line, headers: lines.into_iter().map(split).collect() })
}

/// A response of a status with these headers (each ended by a line end) and this body.
pub(crate) fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\n{headers}\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// `200` with the length of the body.
pub(crate) fn ok(body: &[u8]) -> Vec<u8> {
    response("200 OK", &format!("Content-Length: {}\r\n", body.len()), body)
}

/// The response of a server that understands ranges and has the file under this tag.
pub(crate) fn good(request: &Request, bytes: &[u8], tag: &str) -> Vec<u8> {
    let unchanged = request.header("if-range").is_none_or(|wanted| wanted == tag);
    let total = bytes.len();
    match request.from().filter(|_| unchanged) {
        Some(from) if from >= total => response(
            "416 No",
            &format!("Content-Range: bytes */{total}\r\nContent-Length: 0\r\n"),
            b"",
        ),
        Some(from) => {
            let length = total - from;
            let last = total - 1;
            let headers = format!(
                "Content-Length: {length}\r\nETag: {tag}\r\n\
                 Content-Range: bytes {from}-{last}/{total}\r\n"
            );
            response("206 Partial Content", &headers, &bytes[from..])
        }
        None => response("200 OK", &format!("Content-Length: {total}\r\nETag: {tag}\r\n"), bytes),
    }
}
