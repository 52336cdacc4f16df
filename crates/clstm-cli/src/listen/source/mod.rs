//! Sources of audio.

mod microphone;
mod pace;
mod pcm;
mod raw;
mod recording;
mod wav_header;
mod wav_stream;

use std::any::Any;
use std::path::Path;

use clstm::ChannelSelection;
use clstm::audio::Damage;

use super::channel::{AudioSender, SourceError};
use crate::args::ListenArgs;
use crate::error::CliError;

pub(crate) use microphone::devices;

/// Sends all audio of a source, on its own thread, and returns what is missing of it.
type Run = Box<dyn FnOnce(&AudioSender) -> Result<Option<Damage>, SourceError> + Send>;

/// A source that is open.
pub(crate) struct Sound {
    /// Its name, for messages.
    pub(crate) name: String,
    /// Its sample rate in Hz, if known before the first chunk.
    pub(crate) rate: Option<u32>,
    /// Whether it is in real time, so that latency is meaningful.
    pub(crate) live: bool,
    pub(crate) run: Run,
    /// What must live as long as the source: the stream of a device.
    pub(crate) _held: Option<Box<dyn Any>>,
}

/// Opens what the arguments name: standard input, a pipe or file of raw samples, a recording, or a microphone.
pub(crate) fn open(args: &ListenArgs) -> Result<Sound, CliError> {
    let apart = args.channel != ChannelSelection::Mix;
    match args.input.as_deref() {
        None => microphone::open(args.device.as_deref(), apart),
        Some(path) if path.as_os_str() == "-" => raw::standard_input(args),
        Some(path) if is_raw(args, path) => raw::file(args, path),
        Some(path) => recording::open(path, args.no_realtime, apart),
    }
}

/// Whether a path holds raw samples: by an option that describes them, by its extension, or because it is no regular
/// file.
fn is_raw(args: &ListenArgs, path: &Path) -> bool {
    let named = path
        .extension()
        .is_some_and(|ending| ["raw", "pcm"].iter().any(|raw| ending.eq_ignore_ascii_case(raw)));
    let described = args.rate.is_some() || args.sample_format.is_some() || args.channels.is_some();
    named || described || path.metadata().is_ok_and(|about| !about.is_file() && !about.is_dir())
}
