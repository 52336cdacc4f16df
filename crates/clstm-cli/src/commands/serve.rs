//! `clstm serve`: the HTTP service.

use std::num::NonZeroUsize;
use std::path::Path;

use clstm::DeviceName;
use clstm::Recognizer;
use clstm::audio::{MAX_SETTINGS_BYTES, read_text_bounded};
use clstm_server::{DecodeWorkers, Decoding, Keys, Limits, ModelSource, ServerConfig, TlsFiles};

use crate::args::ServeArgs;
use crate::error::{CliError, chain};
use crate::logging;
use crate::messages::{note, warn};
use crate::resolve::classes;
use crate::resolve::device;
use crate::resolve::model;
use crate::restart;
use crate::text::PathText;

/// The hidden command that makes this program a decode worker.
pub(crate) const DECODE_WORKER: &str = "__decode-worker";

/// Serves until a signal ends it.
pub(crate) fn run(args: &ServeArgs, threads: Option<NonZeroUsize>) -> Result<(), CliError> {
    let precision = device::fast_precision(DeviceName::Cpu, args.precision);
    device::open(DeviceName::Cpu, precision)?;
    let keys = args.api_key_file.as_deref().map(keys).transpose()?;
    let address = args.address();
    let local = address.ip().is_loopback();
    if !local && keys.is_none() {
        warn(
            "no API keys configured: every client that reaches this address can use the server (see --api-key-file)",
        );
    }
    let tls = args.tls_cert.clone().zip(args.tls_key.clone());
    if !local && tls.is_none() {
        warn("connections are not encrypted: see --tls-cert, or put a TLS proxy in front");
    }
    logging::start(args.log, args.log_format)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let config = ServerConfig {
        listen: address,
        precision,
        classes: classes::open(args.classes.as_deref())?,
        keys,
        tls: tls.map(|(certificate, key)| TlsFiles { certificate, key }),
        cors: args.cors.clone(),
        allowed_hosts: args.allowed_host.clone(),
        threads,
        decoding: decoding(args.decode_workers),
        strict: args.strict,
        limits: limits(args),
        ..ServerConfig::new(sources(args)?)
    };
    clstm_server::run(config, |address| note(&format!("clstm: listening on {scheme}://{address}/")))
        .map_err(|error| CliError::Failed(chain(&error)))
}

/// Decode workers are further processes of this program.
fn decoding(workers: Option<usize>) -> Decoding {
    let count = workers.map(NonZeroUsize::new);
    if !cfg!(unix) {
        if matches!(count, Some(Some(_))) {
            warn("decode workers exist on Unix only: uploads are decoded in the server");
        }
        return Decoding::InProcess;
    }
    if count == Some(None) {
        return Decoding::InProcess;
    }
    let restart = &restart::started().restart;
    let mut args = restart.arguments.clone();
    args.push(DECODE_WORKER.into());
    Decoding::Workers(DecodeWorkers {
        program: restart.program.clone(),
        args,
        count: count.flatten(),
        memory_bytes: None,
    })
}

fn limits(args: &ServeArgs) -> Limits {
    let default = Limits::default();
    let max_buffered_bytes =
        default.max_buffered_bytes.max(args.max_body.get().saturating_mul(4 << 20));
    let half = |all: NonZeroUsize| all.get().div_ceil(2);
    let own = |named: Option<NonZeroUsize>, all| named.map_or(half(all), NonZeroUsize::get);
    Limits {
        max_body_bytes: (args.max_body.get() as u64).saturating_mul(1 << 20),
        max_buffered_bytes,
        // At least two of the largest bodies.
        client_buffered_bytes: max_buffered_bytes / 2,
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
    let text = read_text_bounded(path, MAX_SETTINGS_BYTES).map_err(|error| failed(&error))?;
    Keys::parse(&text).map_err(|error| failed(&error))
}
