//! Uploads are decoded in worker processes that may die without ending the service.

use std::path::PathBuf;
use std::time::Duration;

use axum::body::Body;
use clstm_server::{DecodeWorkers, Decoding, Limits, ServerConfig};
use clstm_test_support::ogg::page;

use crate::client::{form, get, post, request, send};
use crate::support::{RATE, TestServer, call, config, conversation, sample, wav, wav_channels};

/// The example of that name, which cargo builds with the tests.
fn worker() -> PathBuf {
    let test = std::env::current_exe().expect("the test program");
    let profile = test.parent().and_then(|deps| deps.parent()).expect("the build folder");
    let worker = profile.join("examples/decode_worker");
    assert!(worker.is_file(), "{} is not built", worker.display());
    worker
}

fn decoding(program: PathBuf) -> Decoding {
    Decoding::Workers(DecodeWorkers { program, args: Vec::new(), count: None, memory_bytes: None })
}

async fn with_workers(limits: Limits) -> TestServer {
    let decoding = decoding(worker());
    TestServer::start(ServerConfig { decoding, limits, ..config() }).await
}

async fn restarts(server: &TestServer) -> String {
    let text = get(server.address, "/metrics").await.body;
    let text = String::from_utf8(text.to_vec()).expect("text");
    let line =
        text.lines().find_map(|line| line.strip_prefix("clstm_decode_worker_restarts_total "));
    line.expect("the metric").to_owned()
}

#[tokio::test]
async fn results_equal_those_of_decoding_in_process() {
    let workers = with_workers(Limits::default()).await;
    let in_process = TestServer::start(config()).await;
    // Longer than one chunk of a timeline, and than one frame of the protocol.
    let long = wav(&conversation().repeat(4));
    let cut = long[..long.len() / 3].to_vec();
    // Longer than a piece that is handed over at once.
    let stereo = wav_channels(&call().map(|channel| channel.repeat(4)));
    let recordings = [
        sample(),
        long,
        cut,
        wav(&[0.0; 16_000]),
        Vec::new(),
        b"not audio at all".to_vec(),
        stereo,
    ];
    for recording in recordings {
        for path in [
            "/v1/recognize",
            "/v1/recognize?strict=true",
            "/v1/recognize?timeline=both&hop=0.5",
            "/v1/recognize?timeline=segments&strict=true",
            "/v1/recognize?channels=each&embedding=true",
            "/v1/recognize?channels=each&timeline=both&hop=0.5",
        ] {
            let [a, b] = [&workers, &in_process].map(|server| server.address);
            let (a, b) =
                (post(a, path, recording.clone()).await, post(b, path, recording.clone()).await);
            assert_eq!((a.status, &a.body), (b.status, &b.body), "{path}");
        }
    }
    let sample = sample();
    let batch = || form("/v1/batch", &[("file", "a", &sample[..]), ("file", "b", b"none")]);
    let [a, b] = [&workers, &in_process].map(|server| server.address);
    assert_eq!(send(a, batch()).await.body, send(b, batch()).await.body);
    let (stereo, csv) = (wav_channels(&call()), b"start,end\n0,2\n3.5,6\n");
    let segments = |query: &str| {
        let files = [("file", "a", &stereo[..]), ("segments", "a.csv", &csv[..])];
        form(&format!("/v1/recognize?{query}"), &files)
    };
    assert_eq!(restarts(&workers).await, "0");
    // A missing channel ends the decoding early; the next request starts a new worker.
    let path = "/v1/recognize?channels=1&strict=true";
    for recording in [&sample, &stereo] {
        let (a, b) =
            (post(a, path, recording.clone()).await, post(b, path, recording.clone()).await);
        assert_eq!((a.status, &a.body), (b.status, &b.body), "{path}");
    }
    for query in ["", "channels=1", "channels=7"] {
        let (a, b) = (send(a, segments(query)).await, send(b, segments(query)).await);
        assert_eq!((a.status, &a.body), (b.status, &b.body), "{query}");
    }
}

/// An Ogg stream with a Vorbis set-up header of `codebooks` codebooks of 131,072 entries of 31 bits each: a small
/// file that makes a decoder without checks allocate 145 MB per codebook.
fn vorbis_flood(codebooks: u32) -> Vec<u8> {
    let mut setup = Bits::default();
    b"\x05vorbis".iter().for_each(|byte| setup.push(u32::from(*byte), 8));
    setup.push(codebooks - 1, 8);
    for _ in 0..codebooks {
        setup.push(0x56_4342, 24);
        setup.push(1, 16); // dimensions
        setup.push(131_072, 24); // entries
        setup.push(1, 1); // ordered
        setup.push(30, 5); // length of the first entry, less one
        setup.push(131_072, 18); // entries of that length
        setup.push(0, 4); // no lookup
    }
    let identification = [
        b"\x01vorbis".as_slice(),
        &0_u32.to_le_bytes(),
        &[1],
        &48_000_u32.to_le_bytes(),
        &[0; 12],
        &[0xb8, 1],
    ]
    .concat();
    let comment =
        [b"\x03vorbis".as_slice(), &0_u32.to_le_bytes(), &0_u32.to_le_bytes(), &[1]].concat();
    let mut file = page(1, 0, 2, 0, &[&identification]);
    file.extend(page(1, 1, 0, 0, &[&comment, &setup.bytes]));
    file
}

/// Bits, least significant first, as Vorbis packs them.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        for i in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= (((value >> i) & 1) as u8) << (self.used % 8);
            }
            self.used += 1;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_recording_fails_alone() {
    let server = with_workers(Limits::default()).await;
    let address = server.address;
    for codebooks in [2, 16, 64] {
        let flood = vorbis_flood(codebooks);
        let hostile = tokio::spawn(async move { post(address, "/v1/recognize", flood).await });
        assert_eq!(post(address, "/v1/recognize", sample()).await.status, 200);
        let (status, kind) = hostile.await.expect("a response").error();
        // Refused by the decoder's own checks, or stopped by the limits of its process.
        assert!([413, 415, 422].contains(&status), "{codebooks}: {status} {kind}");
    }
    for _ in 0..4 {
        assert_eq!(post(address, "/v1/recognize", sample()).await.status, 200);
    }
}

#[tokio::test]
async fn a_worker_that_needs_too_much_memory_fails_one_request() {
    let Decoding::Workers(workers) = decoding(worker()) else { panic!("workers") };
    let workers = DecodeWorkers { memory_bytes: Some(192 << 20), ..workers };
    let limits =
        Limits { max_body_bytes: 512 << 20, max_buffered_bytes: 512 << 20, ..Limits::default() };
    let decoding = Decoding::Workers(workers);
    let server = TestServer::start(ServerConfig { decoding, limits, ..config() }).await;
    for _ in 0..2 {
        // The body alone is larger than the memory of the worker.
        let response = post(server.address, "/v1/recognize", vec![0; 256 << 20]).await;
        assert_eq!(response.error(), (422, "decode_limit".to_owned()));
        assert!(
            response.json()["error"]["message"].as_str().is_some_and(|m| m.contains("192 MiB"))
        );
        assert_eq!(post(server.address, "/v1/recognize", sample()).await.status, 200);
    }
    // Another idle worker may have taken the place of one that ended.
    assert_ne!(restarts(&server).await, "0");
}

/// Sends a signal to the processes of a program.
#[cfg(target_os = "linux")]
fn kill(signal: &str, program: &std::path::Path) {
    for process in std::fs::read_dir("/proc").expect("processes").flatten() {
        if std::fs::read_link(process.path().join("exe")).is_ok_and(|exe| exe == program) {
            let mut kill = std::process::Command::new("kill");
            // It may have ended meanwhile.
            let _ = kill
                .arg(signal)
                .arg(process.file_name())
                .stderr(std::process::Stdio::null())
                .status();
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_is_replaced_and_its_request_has_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().canonicalize().expect("a path").join("own_worker");
    std::fs::copy(worker(), &program).expect("a program of its own");
    let decoding = decoding(program.clone());
    let server = TestServer::start(ServerConfig { decoding, ..config() }).await;
    let address = server.address;
    let long = wav(&conversation().repeat(40));
    // The signal of the limit of CPU time, and that of a failed allocation.
    for (signal, message) in [("-XCPU", "CPU time"), ("-ABRT", "MiB of memory")] {
        let body = long.clone();
        let request =
            tokio::spawn(async move { post(address, "/v1/recognize?timeline=frames", body).await });
        while !request.is_finished() {
            kill(signal, &program);
        }
        let response = request.await.expect("a response");
        assert_eq!(response.error(), (422, "decode_limit".to_owned()));
        let text = response.json()["error"]["message"].as_str().expect("a message").to_owned();
        assert!(text.contains(message), "{text}");
        assert_eq!(post(address, "/v1/recognize", sample()).await.status, 200);
    }
    assert_ne!(restarts(&server).await, "0");
}

#[tokio::test]
async fn a_dropped_request_frees_its_worker() {
    let limits = Limits { response_timeout: Duration::from_millis(1), ..Limits::default() };
    let server = with_workers(limits).await;
    let long = wav(&vec![0.1; 300 * RATE as usize]);
    for _ in 0..8 {
        let response = post(server.address, "/v1/recognize?timeline=frames", long.clone()).await;
        assert_eq!(response.error(), (503, "timeout".to_owned()));
    }
    let healthy = request("GET", "/healthz", &[], Body::empty());
    assert_eq!(send(server.address, healthy).await.status, 200);
}

#[tokio::test]
async fn a_program_that_is_no_worker_is_refused_at_the_start() {
    for program in ["/bin/true", "/bin/cat", "/nonexistent"] {
        let config = ServerConfig { decoding: decoding(program.into()), ..config() };
        let error = clstm_server::Server::bind(config).await.err().expect("an error");
        assert!(error.to_string().contains(program), "{error}");
    }
}
