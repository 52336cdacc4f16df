use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clstm::nn::Precision;

const EXAMPLES: &str = "\
Examples:
  clstm serve                                       then open http://127.0.0.1:8765/
  clstm serve --model a.safetensors --model b.safetensors
  clstm serve --listen 0.0.0.0:8765 --api-key-file keys.txt --tls-cert cert.pem --tls-key key.pem
  curl --data-binary @hello.wav http://127.0.0.1:8765/v1/recognize
  curl -F file=@a.wav -F file=@b.mp3 http://127.0.0.1:8765/v1/batch

SIGTERM or Ctrl-C ends it once all is answered that was taken on; SIGHUP reads the model
files and the certificate again.
What it answers is in docs/server.md and, while it runs, at /docs/api.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// Where to listen; other machines reach only addresses that are not of the loopback.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8765")]
    pub(crate) listen: SocketAddr,
    /// Name of a built-in model or a model file; several may be named, the first answers where a request
    /// names none [default: the built-in one, where there is one].
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) model: Vec<PathBuf>,
    /// Arithmetic: f32, or bf16 for the operands of the recurrent layers' products [default: bf16 where the processor
    /// multiplies it itself, else f32].
    #[arg(long, value_name = "f32|bf16")]
    pub(crate) precision: Option<Precision>,
    /// File with the keys of those who may ask, one a line; without it anybody may.
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// Certificate for https and wss, with those between it and its authority: PEM. SIGHUP reads it again.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of the certificate: PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Origin of pages that may ask, such as https://example.org; several may be named, * for all.
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) cors: Vec<String>,
    /// Largest body of a request, in MiB.
    #[arg(long, value_name = "MIB", default_value = "64")]
    pub(crate) max_body: NonZeroUsize,
    /// Recordings taken on at once; more are refused.
    #[arg(long, value_name = "N", default_value = "64")]
    pub(crate) max_recordings: NonZeroUsize,
    /// Streams held at once; more are refused.
    #[arg(long, value_name = "N", default_value = "256")]
    pub(crate) max_streams: NonZeroUsize,
    /// Recordings of one client at once; more are refused to it. A client is a key where there are several, and
    /// an address of another machine where there is none [default: half of --max-recordings].
    #[arg(long, value_name = "N")]
    pub(crate) client_recordings: Option<NonZeroUsize>,
    /// Streams of one client at once [default: half of --max-streams].
    #[arg(long, value_name = "N")]
    pub(crate) client_streams: Option<NonZeroUsize>,
    /// Longest recording, in seconds; timelines may be of four hours.
    #[arg(long, value_name = "SECONDS", default_value = "600")]
    pub(crate) max_duration: NonZeroUsize,
    /// What to tell on standard error: only what goes wrong, what happens, or every request.
    #[arg(long, value_enum, default_value_t = LogLevel::Info)]
    pub(crate) log: LogLevel,
}

/// How much is told while serving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// What goes wrong.
    Warn,
    /// What happens.
    Info,
    /// Every request.
    Debug,
}
