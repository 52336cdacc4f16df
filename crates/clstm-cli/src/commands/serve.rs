//! `clstm serve`: answers over HTTP.

use std::num::NonZeroUsize;
use std::path::Path;

use clstm::Recognizer;
use clstm::nn::DeviceName;
use clstm_server::{Config, Keys, Limits, ModelSource, TlsFiles};
use log::{LevelFilter, Log, Metadata, Record};

use crate::args::{LogLevel, ServeArgs};
use crate::error::{CliError, chain};
use crate::messages::{note, warn};
use crate::resolve::device;
use crate::resolve::model;
use crate::text::PathText;

/// Serves until it is told to end.
pub(crate) fn run(args: &ServeArgs, threads: Option<NonZeroUsize>) -> Result<(), CliError> {
    let precision = device::fast_precision(DeviceName::Cpu, args.precision);
    device::open(DeviceName::Cpu, precision)?;
    let keys = args.api_key_file.as_deref().map(keys).transpose()?;
    let address = args.address();
    let local = address.ip().is_loopback();
    if !local && keys.is_none() {
        warn(
            "no API keys configured: anyone who can reach this address can use the server (see --api-key-file)",
        );
    }
    let tls = args.tls_cert.clone().zip(args.tls_key.clone());
    if !local && tls.is_none() {
        warn("connections are not encrypted: see --tls-cert, or put a TLS proxy in front");
    }
    tell(args.log);
    let scheme = if tls.is_some() { "https" } else { "http" };
    let config = Config {
        listen: address,
        precision,
        keys,
        tls: tls.map(|(certificate, key)| TlsFiles { certificate, key }),
        cors: args.cors.clone(),
        workers: threads,
        limits: limits(args),
        ..Config::new(sources(args)?)
    };
    clstm_server::run(config, |address| note(&format!("clstm: listening on {scheme}://{address}/")))
        .map_err(|error| CliError::Failed(chain(&error)))
}

fn limits(args: &ServeArgs) -> Limits {
    let default = Limits::default();
    let max_held_bytes = default.max_held_bytes.max(args.max_body.get().saturating_mul(4 << 20));
    let half = |all: NonZeroUsize| all.get().div_ceil(2);
    let own = |named: Option<NonZeroUsize>, all| named.map_or(half(all), NonZeroUsize::get);
    Limits {
        max_body_bytes: (args.max_body.get() as u64).saturating_mul(1 << 20),
        max_held_bytes,
        // At least two of the largest bodies.
        client_held_bytes: max_held_bytes / 2,
        max_recordings: args.max_recordings.get(),
        client_recordings: own(args.max_client_recordings, args.max_recordings),
        max_streams: args.max_streams.get(),
        client_streams: own(args.max_client_streams, args.max_streams),
        max_duration_s: args.max_duration.get() as f64,
        ..default
    }
}

/// The models that were named or, where none was, the built-in one.
fn sources(args: &ServeArgs) -> Result<Vec<ModelSource>, CliError> {
    let built_in =
        |named: Option<&Path>| Ok(ModelSource::Ready(Recognizer::new(model::open(named)?)?));
    if args.model.is_empty() {
        return Ok(vec![built_in(None)?]);
    }
    let source = |named: &Path| match named.exists() {
        true => Ok(ModelSource::File(named.to_owned())),
        false => built_in(Some(named)),
    };
    args.model.iter().map(|named| source(named)).collect()
}

fn keys(path: &Path) -> Result<Keys, CliError> {
    let failed =
        |error: &dyn std::fmt::Display| CliError::Failed(format!("{}: {error}", path.text()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    Keys::parse(&text).map_err(|error| failed(&error))
}

/// Writes what the server logs to standard error.
struct Notes;

impl Log for Notes {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("clstm_server") && metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let level = record.level().as_str().to_lowercase();
            note(&format!("clstm: {level}: {}", record.args()));
        }
    }

    fn flush(&self) {}
}

fn tell(level: LogLevel) {
    // Nobody else sets one in this process.
    let _ = log::set_logger(&Notes);
    log::set_max_level(match level {
        LogLevel::Warn => LevelFilter::Warn,
        LogLevel::Info => LevelFilter::Info,
        LogLevel::Debug => LevelFilter::Debug,
    });
}
