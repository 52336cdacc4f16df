//! Hostile recordings through the command and through the server: each is refused in bounded memory, and the others are served.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use clstm_fuzz_targets::hostile::{Hostile, floods};
use serde_json::Value;

use crate::support::{clstm, folder, json_lines, model, pcm16, speech, status, text};

/// Bytes of a flood.
const FLOOD: usize = 1 << 20;

/// Recordings with the largest counts in their headers, beside the floods.
fn hostile() -> Vec<Hostile> {
    let mut channels = pcm16(&[0.1; 800], 16_000);
    channels[22..24].fill(0xff);
    let mut rate = pcm16(&[0.1; 800], 16_000);
    rate[24..28].fill(0xff);
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/decode");
    let codebooks = fs::read(corpus.join("vb16.ogg")).unwrap();
    let mut all = floods(FLOOD);
    all.extend([
        Hostile { name: "65,535 channels", extension: "wav", bytes: channels },
        Hostile { name: "a rate of 4 GHz", extension: "wav", bytes: rate },
        Hostile { name: "16 Vorbis codebooks", extension: "ogg", bytes: codebooks },
        Hostile { name: "zeros", extension: "wav", bytes: vec![0; FLOOD] },
        Hostile { name: "nothing", extension: "mp3", bytes: Vec::new() },
    ]);
    all
}

fn good() -> Vec<u8> {
    pcm16(&speech()[..24_000], 16_000)
}

#[cfg(target_os = "linux")]
#[test]
fn the_command_refuses_each_and_recognises_the_others() {
    let root = folder("hostile");
    let hostile = hostile();
    for (number, input) in hostile.iter().enumerate() {
        fs::write(root.join(format!("{number:02}.{}", input.extension)), &input.bytes).unwrap();
    }
    fs::write(root.join("99-good.wav"), good()).unwrap();
    // 1 GB of address space, most of which is code, libraries and stacks.
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "ulimit -v 1000000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_clstm")]);
    limited.args([
        "predict",
        "--threads",
        "2",
        "--format",
        "jsonl",
        "--min-speech",
        "0",
        "--model",
    ]);
    limited.arg(model()).arg(&root);
    let output = status(&mut limited, 1);
    let (lines, errors) = (json_lines(&output.stdout), text(&output.stderr));
    assert_eq!(lines.len(), hostile.len() + 1, "{errors}");
    for (line, input) in lines.iter().zip(&hostile) {
        let error = &line["error"];
        assert!(error["kind"].is_string() && line["label"].is_null(), "{}: {line}", input.name);
        let message = error["message"].as_str().unwrap();
        assert!(message.len() < 1000 && !message.contains(".rs"), "{}: {message}", input.name);
    }
    assert!(lines[hostile.len()]["label"].is_string(), "{}", lines[hostile.len()]);
    assert!(!errors.contains("panicked") && !errors.contains(".cargo"), "{errors}");
}

/// A server that ends with the test.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        let mut command = clstm();
        command.args([
            "serve",
            "--port",
            "0",
            "--threads",
            "1",
            "--decode-workers",
            "1",
            "--model",
        ]);
        let mut child = command.arg(model()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().unwrap().unwrap();
            if let Some((_, rest)) = line.split_once("listening on http://") {
                break rest.trim_end_matches('/').to_owned();
            }
        };
        // What the server logs is read and dropped: the server would otherwise wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// Status and body of the response to an upload.
    fn recognize(&self, bytes: &[u8]) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!(
            "POST /v1/recognize HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            bytes.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(bytes).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap())
    }

    /// The most memory that the process has had, in KiB; on Linux.
    fn peak_kib(&self) -> Option<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(path).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_server_refuses_each_and_serves_the_others() {
    let (server, good) = (Server::start(), good());
    let (status, expected) = server.recognize(&good);
    assert_eq!(status, 200, "{expected}");
    let before = server.peak_kib();
    for input in hostile() {
        let (status, body) = server.recognize(&input.bytes);
        assert!((400..500).contains(&status), "{}: {status} {body}", input.name);
        assert!(body["error"]["kind"].is_string(), "{}: {body}", input.name);
    }
    assert_eq!(server.recognize(&good), (200, expected));
    if let (Some(before), Some(after)) = (before, server.peak_kib()) {
        // Bodies of 1 MiB, decoded elsewhere.
        println!("the server takes {} KiB more", after - before);
        assert!(after - before < 32 * 1024, "{} KiB", after - before);
    }
}
