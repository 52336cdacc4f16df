//! Recordings: decoded, and played to the listener.

use std::fs::File;
use std::path::Path;

use clstm::audio::{DecodeLimits, stream_channels_file, stream_file};

use super::Sound;
use super::pace::Pace;
use crate::error::CliError;
use crate::listen::channel::{AudioSender, SourceError};
use crate::text::PathText;

/// A recording in any format that `predict` reads, mixed down or with its channels apart.
pub(super) fn open(path: &Path, fast: bool, apart: bool) -> Result<Sound, CliError> {
    let name = path.text();
    // Opened before the live view starts, so that an error stays visible.
    File::open(path).map_err(|error| CliError::Failed(format!("cannot read {name}: {error}")))?;
    let (path, shown) = (path.to_owned(), name.clone());
    let run = move |feed: &AudioSender| {
        // Memory does not grow with the length, which therefore has no limit.
        let limits = DecodeLimits { max_duration_s: f64::INFINITY, ..DecodeLimits::default() };
        let mut pace = Pace::new(fast);
        let played = match apart {
            false => stream_file(&path, &limits, |samples, rate| pace.push(feed, samples, 1, rate)),
            true => stream_channels_file(&path, &limits, |samples, channels, rate| {
                pace.push(feed, samples, channels, rate)
            }),
        };
        played.map(|report| report.damage).map_err(|error| match error {
            SourceError::Failed(message) => SourceError::Failed(format!("{name}: {message}")),
            gone @ SourceError::Disconnected => gone,
        })
    };
    Ok(Sound { name: shown, rate: None, live: !fast, run: Box::new(run), _held: None })
}
