//! The log of `serve`, on standard error.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use crate::args::{LogFormat, LogLevel};
use crate::error::CliError;

/// Starts logging: one line with time, level and message for each event, or one JSON object.
///
/// `RUST_LOG`, such as `clstm_server=debug`, takes precedence over `level`.
pub(crate) fn start(level: LogLevel, format: LogFormat) -> Result<(), CliError> {
    let level = match level {
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let filter = match std::env::var("RUST_LOG") {
        Ok(text) => text
            .parse::<Targets>()
            .map_err(|error| CliError::Usage(format!("RUST_LOG={text:?} is not valid: {error}")))?,
        Err(_) => Targets::new().with_default(LevelFilter::WARN).with_target("clstm_server", level),
    };
    let layer = fmt::layer().with_writer(io::stderr).with_ansi(false).with_target(false);
    let layer = match format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    // An error means that logging was started already.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
    Ok(())
}
