//! The configuration of a server.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::time::Duration;

use clstm::audio::DecodeLimits;
use clstm::{ChannelSelection, ClassMap, Precision};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::{Decoding, Keys, ModelSource, TlsFiles};

/// The configuration of a server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The address to listen on; port 0 takes any free port.
    pub listen: SocketAddr,
    /// The models, at least one. The first is the default.
    pub models: Vec<ModelSource>,
    /// Arithmetic of the recurrent layers' matrix products.
    pub precision: Precision,
    /// Merges the labels of every model into fewer classes; without it they stay as they are.
    pub classes: Option<ClassMap>,
    /// API keys; without them every client is served.
    pub keys: Option<Keys>,
    /// The TLS certificate; without one connections are not encrypted.
    pub tls: Option<TlsFiles>,
    /// Origins whose pages may send requests, such as `https://example.org`; `*` for all.
    pub cors: Vec<String>,
    /// Host names, without port, that the server is reachable by, besides loopback names. A server on the
    /// loopback interface without keys serves only these, against DNS rebinding; elsewhere an empty list
    /// allows every host.
    pub allowed_hosts: Vec<String>,
    /// Compute threads for clips and streams; by default one per core.
    pub threads: Option<NonZeroUsize>,
    /// Where uploads are decoded.
    pub decoding: Decoding,
    /// Whether damaged recordings are errors for requests that do not have the parameter `strict`.
    pub strict: bool,
    /// Limits and quotas.
    pub limits: Limits,
}

impl ServerConfig {
    /// A server on port 8765 of the loopback interface, without keys and TLS.
    #[must_use]
    pub fn new(models: Vec<ModelSource>) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8765)),
            models,
            precision: Precision::F32,
            classes: None,
            keys: None,
            tls: None,
            cors: Vec::new(),
            allowed_hosts: Vec::new(),
            threads: None,
            decoding: Decoding::InProcess,
            strict: false,
            limits: Limits::default(),
        }
    }
}

/// Limits of the server and quotas of one client (`client_...`). Requests beyond them are rejected.
///
/// In a configuration file the names are those of the fields; durations are in seconds and end in `_s`. Missing names keep their
/// defaults, unknown ones are errors.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Open connections.
    pub max_connections: usize,
    /// Recordings waiting or in progress.
    pub max_recordings: usize,
    /// Timelines waiting or in progress; they have compute threads of their own.
    pub max_timelines: usize,
    /// Open streams.
    pub max_streams: usize,
    /// Open connections of one client, by its address; loopback addresses have no quota.
    pub client_connections: usize,
    /// Recordings of one client, from the first byte of the request to the response. A client is a key if
    /// there are several; without keys it is an address, and loopback addresses have no quota.
    pub client_recordings: usize,
    /// Timelines of one client.
    pub client_timelines: usize,
    /// Streams of one client.
    pub client_streams: usize,
    /// Buffered bytes of request bodies of one client.
    pub client_buffered_bytes: usize,
    /// Bytes of one body.
    pub max_body_bytes: u64,
    /// Buffered bytes of all request bodies.
    pub max_buffered_bytes: usize,
    /// Files of one batch.
    pub max_batch_files: usize,
    /// Channels of a recording or stream whose channels are recognised by themselves. A mean has at most 32.
    pub max_channels: usize,
    /// Duration of one recording, in seconds.
    pub max_duration_s: f64,
    /// Duration of one recording with a timeline, in seconds.
    pub max_timeline_s: f64,
    /// Duration of one stream, in seconds.
    pub max_stream_s: f64,
    /// Bytes of one message of a stream.
    pub max_message_bytes: usize,
    /// CPU time for decoding one recording in a worker, besides a hundredth of the maximum duration.
    #[serde(rename = "decode_cpu_s", deserialize_with = "seconds")]
    pub decode_cpu: Duration,
    /// For the TLS handshake.
    #[serde(rename = "handshake_timeout_s", deserialize_with = "seconds")]
    pub handshake_timeout: Duration,
    /// For the head of a request, and between requests of a connection.
    #[serde(rename = "header_timeout_s", deserialize_with = "seconds")]
    pub header_timeout: Duration,
    /// For the whole body of a request.
    #[serde(rename = "body_timeout_s", deserialize_with = "seconds")]
    pub body_timeout: Duration,
    /// From the end of a request body to the response.
    #[serde(rename = "response_timeout_s", deserialize_with = "seconds")]
    pub response_timeout: Duration,
    /// For a write without progress: the client does not read.
    #[serde(rename = "write_timeout_s", deserialize_with = "seconds")]
    pub write_timeout: Duration,
    /// Without audio on a stream.
    #[serde(rename = "stream_timeout_s", deserialize_with = "seconds")]
    pub stream_timeout: Duration,
    /// For work in progress when the server shuts down.
    #[serde(rename = "shutdown_timeout_s", deserialize_with = "seconds")]
    pub shutdown_timeout: Duration,
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(D::Error::custom)
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            max_connections: 2048,
            // Two seconds of work for one slow core at 30 ms each.
            max_recordings: 64,
            max_timelines: 8,
            max_streams: 256,
            // Half of the server: one client cannot block the others.
            client_connections: 1024,
            client_recordings: 32,
            client_timelines: 4,
            client_streams: 128,
            client_buffered_bytes: 128 << 20,
            // Ten minutes of MP3 are 10 MB; of CD audio, 64 MiB are 6 minutes.
            max_body_bytes: 64 << 20,
            max_buffered_bytes: 256 << 20,
            max_batch_files: 64,
            // The microphones of a meeting room.
            max_channels: 8,
            max_duration_s: 600.0,
            max_timeline_s: 4.0 * 3600.0,
            max_stream_s: 4.0 * 3600.0,
            // Eight seconds of 32-bit samples at 32 kHz; live clients send far less per message.
            max_message_bytes: 1 << 20,
            decode_cpu: seconds(10),
            handshake_timeout: seconds(10),
            header_timeout: seconds(10),
            body_timeout: seconds(60),
            response_timeout: seconds(300),
            write_timeout: seconds(10),
            stream_timeout: seconds(30),
            shutdown_timeout: seconds(30),
        }
    }
}

impl Limits {
    /// Limits of the decoder for recordings of at most `max_duration_s`.
    pub(crate) fn decoding(&self, max_duration_s: f64) -> DecodeLimits {
        DecodeLimits { max_duration_s, max_bytes: self.max_body_bytes, ..DecodeLimits::default() }
    }

    /// The same for these channels.
    pub(crate) fn decoding_channels(
        &self,
        max_duration_s: f64,
        channels: ChannelSelection,
    ) -> DecodeLimits {
        let limits = self.decoding(max_duration_s);
        match channels {
            ChannelSelection::Mix => limits,
            _ => DecodeLimits { max_channels: self.max_channels, ..limits },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Limits;

    #[test]
    fn limits_are_read_from_a_file() {
        let read = |text: &str| serde_json::from_str::<Limits>(text);
        let limits = read(r#"{"max_streams": 8, "body_timeout_s": 2.5}"#).expect("limits");
        let body_timeout = Duration::from_millis(2500);
        assert_eq!(limits, Limits { max_streams: 8, body_timeout, ..Limits::default() });
        for wrong in [r#"{"max_stream": 8}"#, r#"{"body_timeout_s": -1}"#, r#"{"body_timeout": 1}"#]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
