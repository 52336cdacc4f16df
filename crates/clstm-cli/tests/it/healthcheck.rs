//! `clstm healthcheck` reports to supervisors whether a server responds.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::support::{clstm, complains, ok, text};

/// Checks a server that sends this response; returns the request.
fn health(response: &'static [u8], expected: Result<&str, &str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            asked.push(byte[0]);
        }
        stream.write_all(response).unwrap();
        String::from_utf8(asked).unwrap()
    });
    match expected {
        Ok(printed) => {
            assert_eq!(text(&ok(clstm().args(["healthcheck", &address])).stdout), printed)
        }
        Err(printed) => drop(complains(clstm().args(["healthcheck", &address]), 1, printed)),
    }
    server.join().unwrap()
}

#[test]
fn only_a_server_that_responds_is_healthy() {
    let asked = health(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok\n", Ok("ok\n"));
    assert!(asked.starts_with("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:"), "{asked}");
    health(b"HTTP/1.1 503 Service Unavailable\r\n\r\n", Err("begins with \"HTTP/1.1 503 \""));
    health(b"\x15\x03\x01\0\x02\x02\x16", Err("not with status 200"));
    health(b"", Err("not with status 200"));
    // A port without a listener: it has just been released.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    complains(clstm().args(["healthcheck", &free]), 1, "/healthz: ");
    complains(clstm().args(["healthcheck", "example.org"]), 2, "ADDRESS:PORT");
    complains(clstm().args(["healthcheck", "https://127.0.0.1:9"]), 2, "give it with --ca");
    let ca = ["healthcheck", "https://127.0.0.1:9", "--ca", "none.pem"];
    complains(clstm().args(ca), 1, "none.pem");
}
