use std::path::PathBuf;

use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  clstm listen                                                             the microphone, in a live view
  clstm listen --list-devices
  clstm listen --device USB --output events.jsonl                          another one; events into a file
  arecord -q -t raw -f S16_LE -r 16000 -c 1 | clstm listen --input -       from a pipe
  ffmpeg -loglevel error -i http://radio -f s16le -ar 16000 -ac 1 - | clstm listen --input -
  clstm listen --input talk.wav                                            a recording, as if it were live
  clstm listen --input call.raw --rate 8000 --fast --format jsonl          raw samples in a file

The view: q or Ctrl-C ends it and leaves a summary; Ctrl-L draws it anew. NO_COLOR leaves colours out; --plain prints
lines instead, as it does where standard output is no terminal.

A line of --format jsonl is a moment, {\"kind\": \"moment\", \"start_s\", \"end_s\", \"speech\", \"label\", \"confidence\",
\"probabilities\"}, or a section that has ended, {\"kind\": \"section\", ...}. A moment's answer hears the sound up to its
end and is printed as soon as that has come in.

The microphone is in builds with the feature `microphone`: cargo build --release --features microphone";

/// Sound comes in, emotions go out.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ListenArgs {
    /// What to hear [default: the microphone]: - for raw samples on standard input, a pipe or file of raw samples (.raw,
    /// .pcm, or described by --rate, --samples, --channels), or a recording, which is played at its own pace.
    #[arg(long, value_name = "PATH|-")]
    pub(crate) input: Option<PathBuf>,
    /// The microphone to hear: its device or name as listed, or a part of them [default: the system's choice].
    #[arg(long, value_name = "NAME", conflicts_with_all = ["input", "rate", "samples", "channels", "fast"])]
    pub(crate) device: Option<String>,
    /// Lists microphones and ends.
    #[arg(long, conflicts_with_all = ["input", "device"])]
    pub(crate) list_devices: bool,
    /// Rate of raw samples in Hz [default: 16000].
    #[arg(long, value_name = "HZ", requires = "input")]
    pub(crate) rate: Option<u32>,
    /// Encoding of raw samples [default: s16le].
    #[arg(long, value_enum, requires = "input")]
    pub(crate) samples: Option<SampleFormat>,
    /// Interleaved channels of raw samples, which are mixed down to their mean [default: 1].
    #[arg(long, value_name = "N", requires = "input", value_parser = clap::value_parser!(u8).range(1..=32))]
    pub(crate) channels: Option<u8>,
    /// Hears a file as fast as it can, not at the pace of its sound.
    #[arg(long, requires = "input")]
    pub(crate) fast: bool,
    /// Name of a built-in model or a model file [default: the built-in one, where there is one].
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Seconds from one answer to the next.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5)]
    pub(crate) hop: f64,
    /// How to print [default: text, and jsonl with --output].
    #[arg(long, value_enum)]
    pub(crate) format: Option<ListenFormat>,
    /// Writes the lines to this file, also beside a live view.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Lines also on a terminal, no live view.
    #[arg(long)]
    pub(crate) plain: bool,
}

/// How raw samples are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SampleFormat {
    /// Signed 16-bit integers, little-endian.
    S16le,
    /// 32-bit floats at full scale ±1, little-endian.
    F32le,
}

/// How what is heard is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListenFormat {
    /// A line for each moment, for people.
    Text,
    /// One JSON object a line.
    Jsonl,
}
