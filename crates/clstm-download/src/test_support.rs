//! A server for the unit tests, with a response for each path. `tests/it/server.rs` can misbehave.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

/// A response with its length, after which the connection is closed.
pub(crate) fn response(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .into_bytes()
}

/// Serves until the process ends. Its address, with a slash at the end.
pub(crate) fn serve(responses: Vec<(&'static str, Vec<u8>)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<String> =
                lines.map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
            let path = head[0].split(' ').nth(1).unwrap();
            let found = responses.iter().find(|(known, _)| *known == path);
            stream.write_all(&found.unwrap().1).unwrap();
        }
    });
    address
}
