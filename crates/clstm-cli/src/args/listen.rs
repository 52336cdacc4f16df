use std::path::PathBuf;

use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  arecord -q -t raw -f S16_LE -r 16000 | clstm listen                      a microphone (ALSA)
  ffmpeg -loglevel error -i http://radio -f s16le -ar 16000 -ac 1 - | clstm listen
  clstm listen --input call.raw --rate 8000 --format jsonl                 raw samples in a file

A line of --format jsonl is a moment, {\"kind\": \"moment\", \"start_s\", \"end_s\", \"speech\", \"label\", \"confidence\",
\"probabilities\"}, or a section that has ended, {\"kind\": \"section\", ...}. A moment's answer hears the sound up to its
end and is printed as soon as that has come in.";

/// Raw samples come in, emotions go out.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ListenArgs {
    /// Raw samples without a header: a file or pipe, or - for standard input.
    #[arg(long, value_name = "PATH|-", default_value = "-")]
    pub(crate) input: PathBuf,
    /// Their rate in Hz.
    #[arg(long, value_name = "HZ", default_value_t = 16_000)]
    pub(crate) rate: u32,
    /// Their encoding.
    #[arg(long, value_enum, default_value_t = SampleFormat::S16le)]
    pub(crate) samples: SampleFormat,
    /// Interleaved channels, which are mixed down to their mean.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub(crate) channels: u8,
    /// Name of a built-in model or a model file [default: the built-in one, where there is one].
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Seconds from one answer to the next.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5)]
    pub(crate) hop: f64,
    /// How to print.
    #[arg(long, value_enum, default_value_t = ListenFormat::Text)]
    pub(crate) format: ListenFormat,
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
