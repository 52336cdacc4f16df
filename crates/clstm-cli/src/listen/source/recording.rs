//! Recordings: decoded, and played to the listener.

use std::fs::File;
use std::path::Path;

use clstm::audio::{DecodeLimits, stream_file};

use super::Sound;
use super::pace::Pace;
use crate::failure::Failure;
use crate::listen::feed::{Feed, SourceError};

/// A recording in any format that `predict` reads.
pub(super) fn open(path: &Path, fast: bool) -> Result<Sound, Failure> {
    let name = path.display().to_string();
    // What cannot be opened is told of before anything is shown.
    File::open(path).map_err(|error| Failure::Failed(format!("cannot read {name}: {error}")))?;
    let (path, shown) = (path.to_owned(), name.clone());
    let run = move |feed: &Feed| {
        // Memory does not grow with the length, which therefore has no limit.
        let limits = DecodeLimits { max_duration_s: f64::INFINITY, ..DecodeLimits::default() };
        let mut pace = Pace::new(fast);
        let played = stream_file(&path, &limits, |samples, rate| pace.push(feed, samples, rate));
        played.map_err(|error| match error {
            SourceError::Failed(message) => SourceError::Failed(format!("{name}: {message}")),
            gone @ SourceError::Gone => gone,
        })
    };
    Ok(Sound { name: shown, rate: None, live: !fast, run: Box::new(run), _held: None })
}
