//! Downloads of a tiny corpus from a server on this machine.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::{clstm, complains, folder, ok, pcm16, place, text};

/// Handler of a test server: the number of the request, its lines, and the connection for the response.
type Responder = dyn Fn(usize, &[String], &mut TcpStream) + Send + Sync;

/// Listens until the process ends; the port, and the first lines of all requests.
fn serve(respond: Box<Responder>) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (lines, respond, number) =
        (Arc::clone(&seen), Arc::<Responder>::from(respond), AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line.trim_end().is_empty() {
                    break;
                }
                head.push(line.trim_end().to_owned());
            }
            lines.lock().unwrap().push(head[0].clone());
            let (number, respond) = (number.fetch_add(1, Ordering::Relaxed), Arc::clone(&respond));
            std::thread::spawn(move || respond(number, &head, &mut stream));
        }
    });
    (port, seen)
}

fn send(stream: &mut TcpStream, head: &str, body: &[u8]) {
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}

/// Serves a file with ranges. The closure writes the first response.
fn serve_file(
    bytes: Vec<u8>,
    first: impl Fn(&mut TcpStream, &str, &[u8]) + Send + Sync + 'static,
) -> (u16, Arc<Mutex<Vec<String>>>) {
    serve(Box::new(move |number, head, stream| {
        let range = head.iter().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("range").then(|| value.strip_prefix("bytes="))?
        });
        let from: usize = range.map_or(0, |range| range.trim_end_matches('-').parse().unwrap());
        let total = bytes.len();
        let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
        let text = format!(
            "HTTP/1.1 {status}\r\nETag: \"1\"\r\nContent-Length: {}\r\n\
             Content-Range: bytes {from}-{}/{total}\r\n\r\n",
            total - from,
            total - 1
        );
        match number {
            0 => first(stream, &text, &bytes),
            _ => send(stream, &text, &bytes[from..]),
        }
    }))
}

/// The checksum of ZIP, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ ((crc & 1) * 0xEDB8_8320))
    };
    !bytes.iter().fold(u32::MAX, step)
}

/// A ZIP archive of files as they are.
fn zip(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in files {
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        for word in [crc32(data), data.len() as u32, data.len() as u32, name.len() as u32] {
            common.extend_from_slice(&word.to_le_bytes());
        }
        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b"PK\x03\x04");
        bytes.extend_from_slice(&common);
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(data);
    }
    let start = bytes.len() as u32;
    bytes.extend_from_slice(&directory);
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    bytes.extend_from_slice(&[(files.len() as u16).to_le_bytes(); 2].concat());
    for word in [directory.len() as u32, start] {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.extend_from_slice(&[0; 2]);
    bytes
}

/// Two songs.
fn songs() -> Vec<(&'static str, Vec<u8>)> {
    let tone = |pitch: f32| -> Vec<u8> {
        let samples: Vec<f32> = (0..8_000).map(|i| (i as f32 * pitch).sin() * 0.5).collect();
        pcm16(&samples, 16_000)
    };
    vec![
        ("Actor_01/03-02-01-01-01-01-01.wav", tone(0.1)),
        ("Actor_02/03-02-03-01-01-01-02.wav", tone(0.2)),
    ]
}

fn download(name: &str, to: &Path) -> Command {
    let mut command = clstm();
    command.args(["corpus", "download", name, "--output"]).arg(to);
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "SSL_CERT_FILE"] {
        command.env_remove(variable);
    }
    command
}

fn has_songs(to: &Path) {
    for (name, data) in songs() {
        assert!(fs::read(to.join(name)).unwrap() == data, "{name}");
    }
}

#[test]
fn a_corpus_comes_from_a_server_that_breaks_off() {
    let to = place("download songs");
    let (port, seen) = serve_file(zip(&songs()), |stream, head, bytes| {
        send(stream, head, &bytes[..bytes.len() / 2]);
    });
    let from = format!("http://127.0.0.1:{port}/");
    let get = || download("ravdess-song", &to).args(["--from", &from]).output().unwrap();
    let Output { status, stdout, stderr } = get();
    let (out, err) = (text(&stdout), text(&stderr));
    assert_eq!(status.code(), Some(0), "{err}");
    has_songs(&to);
    for words in ["trying again in 1 s", "continuing after", "no checksum of Audio_Song", "100% of"]
    {
        assert!(err.contains(words), "{words:?} is not in:\n{err}");
    }
    let next = format!("next: clstm corpus check ravdess-song --data '{}'", to.display());
    assert!(out.contains("is complete: 2 files, 32.1 kB") && out.contains(&next), "{out}");
    assert_eq!(*seen.lock().unwrap(), ["GET /Audio_Song_Actors_01-24.zip HTTP/1.1"; 2]);
    // Again: nothing to do.
    let output = get();
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("is complete already, nothing to do"));
    assert_eq!(seen.lock().unwrap().len(), 2, "no request was sent");
    let mut json = download("ravdess-song", &to);
    let output = ok(json.args(["--from", &from, "--format", "json"]));
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((value["files"].as_u64(), value["already"].as_bool()), (Some(2), Some(true)));
}

#[test]
fn another_file_than_the_published_one_is_refused() {
    let to = place("download-wrong");
    let (port, _) = serve_file(zip(&songs()), send);
    let from = format!("http://127.0.0.1:{port}/mine.zip");
    let expected = "but 208468073 are expected";
    complains(download("ravdess", &to).args(["--from", &from]), 1, expected);
    assert!(!to.join("Actor_01").exists());
}

#[test]
fn missing_archives_are_reported() {
    let (port, _) = serve(Box::new(|_, _, stream| {
        send(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", b"");
    }));
    let from = format!("http://127.0.0.1:{port}/");
    let to = place("download-404");
    complains(
        download("tess", &to).args(["--from", &from]),
        1,
        "the server responded 404 Not Found",
    );
}

#[test]
fn some_corpora_have_to_be_asked_for() {
    for (name, words) in [
        ("iemocap", "Fill in the release form at https://sail.usc.edu/iemocap"),
        ("meld", "https://affective-meld.github.io/"),
        ("savee", "Register with the form"),
    ] {
        let to = place("download-request");
        let output = complains(&mut download(name, &to), 1, words);
        assert!(text(&output.stderr).contains("is not downloaded by this command"));
        assert!(output.stdout.is_empty() && !to.exists());
    }
}

#[test]
fn every_published_corpus_has_a_download_or_instructions() {
    for info in clstm_corpus::supported().iter().filter(|info| info.utterances.is_some()) {
        assert!(clstm_download::source(info.name).is_ok(), "no source of {}", info.name);
    }
}

#[test]
fn wrong_usage_is_named() {
    let to = place("download-usage");
    complains(&mut download("msp-podcast", &to), 2, "known: ravdess, ravdess-song, emo-db");
    complains(download("tess", &to).args(["--from", "mine.zip"]), 2, "should begin with https://");
    complains(clstm().args(["corpus", "download", "tess"]), 2, "--output <DIR>");
    assert!(!to.exists());
    let help = text(&ok(clstm().args(["corpus", "download", "--help"])).stdout);
    assert!(help.contains("Examples:"), "{help}");
}

#[test]
fn the_proxy_of_the_environment_is_used() {
    let (port, seen) = serve(Box::new(|_, _, stream| {
        send(stream, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", b"");
    }));
    let to = place("download-proxy");
    let mut command = download("emo-db", &to);
    command.env("HTTPS_PROXY", format!("http://127.0.0.1:{port}")).env_remove("NO_PROXY");
    complains(command.env_remove("no_proxy"), 1, "proxy server responded 403");
    assert_eq!(*seen.lock().unwrap(), ["CONNECT zenodo.org:443 HTTP/1.1"]);
}

#[test]
fn a_folder_that_cannot_be_created_is_reported() {
    let file = folder("download-folder").join("file");
    fs::write(&file, b"x").unwrap();
    complains(&mut download("ravdess", &file.join("x")), 1, "cannot create");
}

#[cfg(unix)]
#[test]
fn an_interrupted_download_is_resumed() {
    let to = place("download-interrupt");
    let (port, seen) = serve_file(zip(&songs()), |stream, head, bytes| {
        // Slowly, so that the interrupt comes between two pieces.
        send(stream, head, &bytes[..4_000]);
        for piece in bytes[4_000..].chunks(50) {
            std::thread::sleep(std::time::Duration::from_millis(100));
            send(stream, "", piece);
        }
    });
    let from = format!("http://127.0.0.1:{port}/a.zip");
    let mut command = download("ravdess-song", &to);
    let child =
        command.args(["--from", &from]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let part = to.join("Audio_Song_Actors_01-24.zip.part");
    let came = || fs::metadata(&part).map_or(0, |meta| meta.len());
    while came() < 4_000 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    ok(Command::new("kill").args(["-INT", &child.id().to_string()]));
    let output = child.wait_with_output().unwrap();
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{err}");
    assert!(err.contains("stopped; run the same command to resume"), "{err}");
    assert!(came() >= 4_000);
    ok(download("ravdess-song", &to).args(["--from", &from]));
    has_songs(&to);
    assert_eq!(seen.lock().unwrap().len(), 2);
    assert!(!part.exists());
}
