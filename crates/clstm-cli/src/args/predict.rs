use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clstm::nn::{DeviceName, Precision};

const EXAMPLES: &str = "\
Examples:
  clstm predict a.wav b.mp3 --model runs/all/model.safetensors
  clstm predict recordings/ 'archive/**/*.flac' --format csv --output answers.csv
  ffmpeg -i film.mkv -f wav - | clstm predict - --format jsonl
  clstm predict recordings/ --abstain              mark the answers not to rely on
  clstm predict recordings/ --abstain=0.8          the same with a threshold of one's own
  clstm predict call.wav --timeline                which emotion when
  clstm predict calls/ --timeline --format textgrid --output grids/

A line of --format jsonl is {\"path\", \"duration_s\", \"label\", \"confidence\", \"probabilities\", \"model\"}
or {\"path\", \"error\": {\"kind\", \"message\"}}; with --abstain the first has \"abstained\" too. A recording that fails does not stop the others; the
exit status is then 1.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PredictArgs {
    /// Recordings: files, folders (searched for audio files), globs, or - for standard input.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Name of a built-in model or a model file [default: the built-in one, where there is one].
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Arithmetic: f32, or bf16 for the operands of the recurrent layers' products [default: f32; with --timeline bf16
    /// where the processor multiplies it itself].
    #[arg(long, value_name = "f32|bf16")]
    pub(crate) precision: Option<Precision>,
    /// What computes: cpu, or cuda (the first NVIDIA GPU, in f32) in builds with that feature.
    #[arg(long, value_name = "cpu|cuda", default_value_t = DeviceName::Cpu)]
    pub(crate) device: DeviceName,
    /// How to print.
    #[arg(long, value_enum, default_value_t = RowFormat::Table)]
    pub(crate) format: RowFormat,
    /// File for the results instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Go on with the rows, or documents, that --output holds: recordings that are finished there, failed
    /// ones too, are not heard again.
    #[arg(long, requires = "output")]
    pub(crate) resume: bool,
    /// Mark answers less sure than a threshold as abstained from, `?` in the table; the answers stay.
    /// Without a value the threshold that the model file recommends, see `clstm inspect`.
    #[arg(long, value_name = "THRESHOLD", num_args = 0..=1, require_equals = true, value_parser = share)]
    pub(crate) abstain: Option<Option<f64>>,
    /// Where in the recordings which emotion is heard: a row for each section, instead of one for the
    /// whole. Recordings may be hours long.
    #[arg(long)]
    pub(crate) timeline: bool,
    /// A row for each moment, a hop long, instead of each section.
    #[arg(long, requires = "timeline")]
    pub(crate) moments: bool,
    /// Seconds from one moment of a timeline to the next [default: 1].
    #[arg(long, value_name = "SECONDS", requires = "timeline")]
    pub(crate) hop: Option<f64>,
    /// Seconds of sound that the answer of a moment hears [default: the most that the model hears at
    /// once, which is best].
    #[arg(long, value_name = "SECONDS", requires = "timeline")]
    pub(crate) window: Option<f64>,
    /// Stop at the first recording that fails.
    #[arg(long)]
    pub(crate) fail_fast: bool,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a confidence from 0 to 1, such as 0.8".to_owned()),
    }
}

/// One row a recording, or a document with its timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowFormat {
    /// Aligned columns, for people.
    Table,
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values with a header.
    Csv,
    /// A Parquet file, whose rows are those of csv; needs --output.
    Parquet,
    /// With --timeline: Praat TextGrid.
    Textgrid,
    /// With --timeline: SubRip subtitles.
    Srt,
    /// With --timeline: WebVTT subtitles.
    Vtt,
}
