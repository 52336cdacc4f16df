use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{PrecisionArg, numbers};

const EXAMPLES: &str = "\
Examples:
  clstm serve                                       then open http://127.0.0.1:8765/
  clstm serve --model a.safetensors --model b.safetensors
  clstm serve --host 0.0.0.0 --port 8765 --api-key-file keys.txt --tls-cert cert.pem --tls-key key.pem
  curl --data-binary @hello.wav http://127.0.0.1:8765/v1/recognize
  curl -F file=@a.wav -F file=@b.mp3 http://127.0.0.1:8765/v1/batch

Every option can also be set by an environment variable, such as CLSTM_PORT, or in the file of --config. \
SIGTERM or Ctrl-C stops the server after it has completed the accepted requests. SIGHUP reloads the model files \
and the certificate. \
The API is described in docs/server.md and, while the server runs, at /docs/api.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// TOML file with the options of this command, such as port = 8765. Options of the command line and environment
    /// variables take precedence.
    #[arg(id = "config", long = "config", value_name = "FILE", env = "CLSTM_CONFIG")]
    _config: Option<PathBuf>,
    /// IP address to bind to. A loopback address accepts connections from this machine only.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", env = "CLSTM_HOST", value_parser = address)]
    pub(crate) host: IpAddr,
    /// TCP port to bind to; 0 for a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8765, env = "CLSTM_PORT")]
    pub(crate) port: u16,
    /// The two in one, as in release 0.1.
    #[arg(long, value_name = "ADDRESS:PORT", hide = true, conflicts_with_all = ["host", "port"])]
    pub(crate) listen: Option<SocketAddr>,
    /// Name of a built-in model (multi, open, ravdess-clstm-plus), or a model file; repeat for several. Requests
    /// without a model use the first [default: multi].
    #[arg(long, value_name = "NAME|FILE", env = "CLSTM_MODEL")]
    pub(crate) model: Vec<PathBuf>,
    /// Arithmetic: f32, or bf16 for the operands of the recurrent layers' products. auto is bf16 on processors with
    /// native bf16 instructions, else f32.
    #[arg(long, value_name = "auto|f32|bf16", default_value_t = PrecisionArg::Auto, env = "CLSTM_PRECISION")]
    pub(crate) precision: PrecisionArg,
    /// Merge the classes of the models into fewer: basic-four (angry, happy, neutral, sad; calm counts as neutral),
    /// basic-six (with disgust, fearful), or a label map, as in predict.
    #[arg(long, value_name = "NAME|MAP.toml", env = "CLSTM_CLASSES")]
    pub(crate) classes: Option<PathBuf>,
    /// File with the API keys, one per line. Without it the server accepts requests from all clients.
    #[arg(long, value_name = "FILE", env = "CLSTM_API_KEY_FILE")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// Certificate chain for https and wss, PEM. SIGHUP reloads it.
    #[arg(long, value_name = "FILE", requires = "tls_key", env = "CLSTM_TLS_CERT")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of the certificate, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert", env = "CLSTM_TLS_KEY")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Origin of web pages that may use the API, such as https://example.org; repeat for several, * for all.
    #[arg(long, value_name = "ORIGIN", env = "CLSTM_CORS", value_parser = origin)]
    pub(crate) cors: Vec<String>,
    /// Host name of the server, such as that of a proxy; repeat for several. On a loopback address without API keys,
    /// requests for other hosts are rejected.
    #[arg(long, value_name = "HOST", env = "CLSTM_ALLOWED_HOST", value_parser = host_name)]
    pub(crate) allowed_host: Vec<String>,
    /// Processes that decode uploads, so that a malicious file cannot stop the service; 0 decodes in the server
    /// itself [default: one per compute thread; 0 on Windows].
    #[arg(long, value_name = "N", env = "CLSTM_DECODE_WORKERS", value_parser = numbers::processes)]
    pub(crate) decode_workers: Option<usize>,
    /// Reject damaged recordings, for requests without the parameter `strict`. Otherwise what can be decoded is
    /// recognised and marked `damaged`.
    #[arg(long, env = "CLSTM_STRICT")]
    pub(crate) strict: bool,
    /// Maximum size of a request body in MiB.
    #[arg(long, value_name = "MIB", default_value = "64", env = "CLSTM_MAX_BODY", value_parser = numbers::count)]
    pub(crate) max_body: NonZeroUsize,
    /// Maximum number of recordings in progress; further ones are rejected.
    #[arg(long, value_name = "N", default_value = "64", env = "CLSTM_MAX_RECORDINGS", value_parser = numbers::count)]
    pub(crate) max_recordings: NonZeroUsize,
    /// Maximum number of open streams; further ones are rejected.
    #[arg(long, value_name = "N", default_value = "256", env = "CLSTM_MAX_STREAMS", value_parser = numbers::count)]
    pub(crate) max_streams: NonZeroUsize,
    /// Maximum number of recordings in progress for one client. A client is an API key or, without keys, an address
    /// of another machine [default: half of --max-recordings].
    #[arg(
        long,
        alias = "client-recordings",
        value_name = "N",
        env = "CLSTM_MAX_CLIENT_RECORDINGS",
        value_parser = numbers::count
    )]
    pub(crate) max_client_recordings: Option<NonZeroUsize>,
    /// Maximum number of open streams for one client [default: half of --max-streams].
    #[arg(long, alias = "client-streams", value_name = "N", env = "CLSTM_MAX_CLIENT_STREAMS", value_parser = numbers::count)]
    pub(crate) max_client_streams: Option<NonZeroUsize>,
    /// Maximum duration of a recording in seconds; timelines may be four hours long.
    #[arg(long, value_name = "SECONDS", default_value = "600", env = "CLSTM_MAX_DURATION", value_parser = numbers::count)]
    pub(crate) max_duration: NonZeroUsize,
    /// Level of the log on standard error; RUST_LOG takes precedence.
    #[arg(long, value_enum, default_value_t = LogLevel::Info, env = "CLSTM_LOG")]
    pub(crate) log: LogLevel,
    /// Format of the log.
    #[arg(long, value_enum, default_value_t = LogFormat::Text, env = "CLSTM_LOG_FORMAT")]
    pub(crate) log_format: LogFormat,
}

impl ServeArgs {
    /// The address to bind to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.listen.unwrap_or(SocketAddr::new(self.host, self.port))
    }
}

/// An IP address.
fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| {
        "expected an IP address, such as 127.0.0.1, or 0.0.0.0 for all interfaces".to_owned()
    })
}

/// An origin of web pages.
fn origin(text: &str) -> Result<String, String> {
    clstm_server::check_origin(text)
        .map(|()| text.to_owned())
        .map_err(|_| "expected an origin, such as https://example.org, or * for all".to_owned())
}

/// A host name without scheme, port and path, or an IP address.
fn host_name(text: &str) -> Result<String, String> {
    let is_name =
        !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-._".contains(&c));
    let inside = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if is_name || inside.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    Err("expected a host name without scheme, port and path, such as speech.example.org".to_owned())
}

/// Level of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Warnings and errors.
    Warn,
    /// Also start, reloads and shutdown.
    Info,
    /// Also every request.
    Debug,
}

/// Format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line with time, level and message.
    Text,
    /// A JSON object per line.
    Json,
}
