//! What a server is told when it starts.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::time::Duration;

use clstm::audio::DecodeLimits;
use clstm::nn::Precision;

use crate::{Keys, ModelSource, TlsFiles};

/// What a server is told when it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// At least one; the first answers where a request names none.
    pub models: Vec<ModelSource>,
    /// What the products of their recurrent layers are computed in.
    pub precision: Precision,
    /// Who may ask; anybody where there are none.
    pub keys: Option<Keys>,
    /// The certificate for https; connections are not encrypted where there is none.
    pub tls: Option<TlsFiles>,
    /// Origins whose pages may ask, such as `https://example.org`; `*` for all.
    pub cors: Vec<String>,
    /// Threads that compute; one for each core where it is `None`.
    pub workers: Option<NonZeroUsize>,
    /// What it takes on.
    pub limits: Limits,
}

impl Config {
    /// A server on port 8765 of the loopback interface, for anybody on this machine.
    #[must_use]
    pub fn new(models: Vec<ModelSource>) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8765)),
            models,
            precision: Precision::F32,
            keys: None,
            tls: None,
            cors: Vec::new(),
            workers: None,
            limits: Limits::default(),
        }
    }
}

/// What a server takes on. What is beyond is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Connections held at once.
    pub max_connections: usize,
    /// Recordings taken on at once: waiting for a worker or worked on.
    pub max_recordings: usize,
    /// Timelines taken on at once; they have threads of their own.
    pub max_timelines: usize,
    /// Streams held at once.
    pub max_streams: usize,
    /// Connections held at once of one client that is not of this machine, by its address.
    pub client_connections: usize,
    /// Recordings of one client at once, from the first byte of their request to the answer. A client is a
    /// key where there are several; without keys it is an address, and this machine has no such limit.
    pub client_recordings: usize,
    /// Timelines of one client at once.
    pub client_timelines: usize,
    /// Streams of one client at once.
    pub client_streams: usize,
    /// Bytes of bodies of one client held at once.
    pub client_held_bytes: usize,
    /// Bytes of one body.
    pub max_body_bytes: u64,
    /// Bytes of all bodies held at once.
    pub max_held_bytes: usize,
    /// Files of one batch.
    pub max_batch_files: usize,
    /// Seconds of sound of one recording.
    pub max_duration_s: f64,
    /// Seconds of sound of one timeline.
    pub max_timeline_s: f64,
    /// Seconds of sound of one stream.
    pub max_stream_s: f64,
    /// Bytes of one message of a stream.
    pub max_message_bytes: usize,
    /// For TLS to be agreed upon.
    pub handshake_timeout: Duration,
    /// For the head of a request, and between requests of a connection.
    pub header_timeout: Duration,
    /// For the whole body of a request.
    pub body_timeout: Duration,
    /// From the end of a body to the answer.
    pub answer_timeout: Duration,
    /// For a client to read on when it has not read what was sent.
    pub write_timeout: Duration,
    /// For the next message of a stream.
    pub stream_timeout: Duration,
    /// For what was taken on to be finished when the server is shut down.
    pub shutdown_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            max_connections: 2048,
            // Two seconds of work for one core at 30 ms each, which is a slow one.
            max_recordings: 64,
            max_timelines: 8,
            max_streams: 256,
            // Half of everything: whatever one client does, the others find the other half.
            client_connections: 1024,
            client_recordings: 32,
            client_timelines: 4,
            client_streams: 128,
            client_held_bytes: 128 << 20,
            // Ten minutes of CD sound are 106 MB, of MP3 10 MB.
            max_body_bytes: 64 << 20,
            max_held_bytes: 256 << 20,
            max_batch_files: 64,
            max_duration_s: 600.0,
            max_timeline_s: 4.0 * 3600.0,
            max_stream_s: 4.0 * 3600.0,
            // Eight seconds of 32-bit sound at 32 kHz, far more than a live client sends at once.
            max_message_bytes: 1 << 20,
            handshake_timeout: seconds(10),
            header_timeout: seconds(10),
            body_timeout: seconds(60),
            answer_timeout: seconds(300),
            write_timeout: seconds(10),
            stream_timeout: seconds(30),
            shutdown_timeout: seconds(30),
        }
    }
}

impl Limits {
    /// Those of the decoder, for at most so many seconds of sound.
    pub(crate) fn decoding(&self, max_duration_s: f64) -> DecodeLimits {
        DecodeLimits { max_duration_s, max_bytes: self.max_body_bytes, ..DecodeLimits::default() }
    }
}
