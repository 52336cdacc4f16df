//! Where sound comes from.

mod microphone;
mod pace;
mod pcm;
mod raw;
mod recording;

use std::any::Any;
use std::path::Path;

use super::feed::{Feed, SourceError};
use crate::args::ListenArgs;
use crate::failure::Failure;

pub(crate) use microphone::devices;

/// Puts all sound of a source into a feed, on a thread of its own.
type Run = Box<dyn FnOnce(&Feed) -> Result<(), SourceError> + Send>;

/// A source that is open.
pub(crate) struct Sound {
    /// What it is, for people.
    pub(crate) name: String,
    /// Its rate in Hz, where that is known before the first chunk.
    pub(crate) rate: Option<u32>,
    /// Whether it comes at the pace of its time, so that a delay means something.
    pub(crate) live: bool,
    pub(crate) run: Run,
    /// What must live for as long as it is heard: the stream of a device.
    pub(crate) _held: Option<Box<dyn Any>>,
}

/// Opens what the arguments name: standard input, a pipe or file of raw samples, a recording, or a microphone.
pub(crate) fn open(args: &ListenArgs) -> Result<Sound, Failure> {
    match args.input.as_deref() {
        None => microphone::open(args.device.as_deref()),
        Some(path) if path.as_os_str() == "-" => raw::standard_input(args),
        Some(path) if is_raw(args, path) => raw::file(args, path),
        Some(path) => recording::open(path, args.fast),
    }
}

/// Whether a path holds samples without a header: said so by an option about them or by its name, or no regular
/// file, whose beginning could be looked at without losing it.
fn is_raw(args: &ListenArgs, path: &Path) -> bool {
    let named = path
        .extension()
        .is_some_and(|ending| ["raw", "pcm"].iter().any(|raw| ending.eq_ignore_ascii_case(raw)));
    let described = args.rate.is_some() || args.samples.is_some() || args.channels.is_some();
    named || described || path.metadata().is_ok_and(|about| !about.is_file() && !about.is_dir())
}
