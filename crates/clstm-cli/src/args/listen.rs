use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clstm::ChannelSelection;

const EXAMPLES: &str = "\
Examples:
  clstm listen                                                             the microphone, in a live view
  clstm listen --list-devices
  clstm listen --device USB --output events.jsonl                          another microphone, events to a file
  arecord -q -t raw -f S16_LE -r 16000 -c 1 | clstm listen --input -       from a pipe
  ffmpeg -loglevel error -i http://radio -f s16le -ar 16000 -ac 1 - | clstm listen --input -
  clstm listen --input talk.wav                                            a recording, in real time
  clstm listen --input call.raw --rate 8000 --no-realtime --format jsonl   raw samples in a file
  clstm listen --input call.wav --channel each                             both channels of a call

In the live view, q or Ctrl-C stops and prints a summary, Ctrl-L redraws. NO_COLOR disables colours. Lines are \
printed instead with --no-tui, and if standard output is not a terminal.

A line of --format jsonl is a frame, {\"type\": \"frame\", \"start_s\", \"end_s\", \"speech\", \"label\", \"confidence\", \
\"probabilities\"}, or a completed segment, {\"type\": \"segment\", ...}. A frame with \"provisional\": true is an early \
result; the final frame of the same times follows it. --lookahead 0 has no provisional frames. With --channel each or \
a number, lines have \"channel\". A model with continuous targets adds \"dimensions\".

The microphone needs a build with the feature `microphone`: cargo build --release --features microphone";

/// Recognise emotions in live audio.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ListenArgs {
    /// Input [default: the microphone]: - for standard input, a pipe, a file of raw samples (.raw, .pcm, or described by
    /// --rate, --sample-format, --channels), or a recording, which is processed in real time. Containers, such as WAV
    /// or Ogg, are detected by their content and decoded.
    #[arg(long, value_name = "PATH|-")]
    pub(crate) input: Option<PathBuf>,
    /// Microphone: its device id or name as listed, or a part of them [default: the system's default].
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with_all = ["input", "rate", "sample_format", "channels", "no_realtime"]
    )]
    pub(crate) device: Option<String>,
    /// List the microphones and exit.
    #[arg(long, conflicts_with_all = ["input", "device"])]
    pub(crate) list_devices: bool,
    /// Sample rate of raw samples in Hz [default: 16000].
    #[arg(long, value_name = "HZ", requires = "input", value_parser = clap::value_parser!(u32).range(1000..=768_000))]
    pub(crate) rate: Option<u32>,
    /// Encoding of raw samples [default: s16le].
    #[arg(long, alias = "samples", value_enum, requires = "input")]
    pub(crate) sample_format: Option<SampleFormat>,
    /// Number of interleaved channels of raw samples [default: 1].
    #[arg(long, value_name = "N", requires = "input", value_parser = interleaved)]
    pub(crate) channels: Option<u8>,
    /// Channel to process: mix (the mean of all), each (every channel separately, such as the two speakers of a call), or a
    /// number, from 0. With each and a number, cross-talk is removed. `each` prints lines, with the channel.
    #[arg(long, value_name = "mix|each|N", default_value_t = ChannelSelection::Mix)]
    pub(crate) channel: ChannelSelection,
    /// Process a file as fast as possible instead of in real time.
    #[arg(long, alias = "fast", requires = "input")]
    pub(crate) no_realtime: bool,
    /// Name of a built-in model (multi, open, ravdess-clstm-plus), a model file, or a folder with a model.safetensors
    /// [default: multi].
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Seconds from one frame to the next.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5, value_parser = super::numbers::hop)]
    pub(crate) hop: f64,
    /// Audio after a frame that its prediction uses, in seconds. It is the delay of the final frames. A larger
    /// lookahead is more accurate, see docs/listen.md [default: 1].
    #[arg(long, value_name = "SECONDS", value_parser = super::numbers::lookahead)]
    pub(crate) lookahead: Option<f64>,
    /// End with status 1 if the input is damaged. What can be decoded is processed in any case.
    #[arg(long, requires = "input")]
    pub(crate) strict: bool,
    /// Output format [default: text; jsonl with --output].
    #[arg(long, value_enum)]
    pub(crate) format: Option<ListenFormat>,
    /// Write the lines to this file; the live view stays on the terminal.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace an existing file.
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
    /// Print lines instead of the live view.
    #[arg(long, alias = "plain")]
    pub(crate) no_tui: bool,
}

/// Parses a number of interleaved channels.
fn interleaved(text: &str) -> Result<u8, String> {
    match text.parse() {
        Ok(count @ 1..=32) => Ok(count),
        Err(_) if text == "each" || text == "mix" => {
            Err(format!("this is the number of channels of raw samples; write --channel {text}"))
        }
        _ => Err("is not in 1..=32".to_owned()),
    }
}

/// Encoding of raw samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SampleFormat {
    /// Signed 16-bit integers, little-endian.
    S16le,
    /// 32-bit floats with full scale ±1, little-endian.
    F32le,
}

/// Format of the printed events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListenFormat {
    /// One line a frame, for people.
    Text,
    /// One JSON object a line.
    Jsonl,
}
