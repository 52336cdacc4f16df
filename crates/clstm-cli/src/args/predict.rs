use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clstm::ChannelSelection;
use clstm_nn::DeviceName;

use super::{PrecisionArg, numbers};

const EXAMPLES: &str = "\
Examples:
  clstm predict a.wav b.mp3 --model runs/all/model.safetensors
  clstm predict recordings/ 'archive/**/*.flac' --format csv --output predictions.csv
  ffmpeg -i film.mkv -f wav - | clstm predict - --format jsonl
  clstm predict recordings/ --abstain              mark predictions of low confidence
  clstm predict recordings/ --abstain=0.8          the same with your own threshold
  clstm predict recordings/ --classes basic-four   angry, happy, neutral, sad
  clstm predict recordings/ --top 3                the three most probable labels
  clstm predict call.wav --timeline                emotions over time
  clstm predict call.wav --channels each           the two channels of a call
  clstm predict call.wav --segments call.rttm --output emotions.rttm
  clstm predict calls/ --timeline --format textgrid --output grids/

A line of --format jsonl is {\"path\", \"duration_s\", \"speech\", \"label\", \"confidence\", \"probabilities\", \"model\"} \
or {\"path\", \"error\": {\"kind\", \"message\"}}; with --abstain the first also has \"abstained\", with --top \
\"top\": [{\"label\", \"probability\"}], with --timeline \"segments\": [{\"start_s\", \"end_s\", \"label\", \"confidence\", \"probabilities\"}], with --frames \"frames\" as \
well. \"label\" is null without speech. A recording that fails does not stop the others; the exit status is then 1.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PredictArgs {
    /// Recordings: files, folders (searched for audio files), globs, or - for standard input. Of a Parquet file with
    /// recordings in it, as Hugging Face datasets writes them, each row is one, FILE:ROW in the results.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Name of a built-in model (multi, open, ravdess-clstm-plus), a model file, or a folder with a model.safetensors
    /// [default: multi].
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Arithmetic: f32, or bf16 for the operands of the recurrent layers' products. auto is f32; with --timeline it is
    /// bf16 on processors with native bf16 instructions.
    #[arg(long, value_name = "auto|f32|bf16", default_value_t = PrecisionArg::Auto)]
    pub(crate) precision: PrecisionArg,
    /// Device: cpu, or cuda (the first NVIDIA GPU, f32; experimental) in builds with that feature.
    #[arg(long, value_name = "cpu|cuda", default_value_t = DeviceName::Cpu)]
    pub(crate) device: DeviceName,
    /// Output format [default: table; with --segments the format of that file].
    #[arg(long = "format", value_enum, value_name = "FORMAT")]
    pub(crate) named_format: Option<RowFormat>,
    /// Write the results to this file instead of standard output; for TextGrid, SRT and WebVTT to this folder.
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace existing files.
    #[arg(long, conflicts_with = "resume")]
    pub(crate) force: bool,
    /// Continue an interrupted command: recordings that have a row or document in --output, including failed
    /// ones, are not processed again.
    #[arg(long, requires = "output")]
    pub(crate) resume: bool,
    /// Mark predictions whose confidence is below a threshold (`?` in the table). They keep their label. Without a
    /// value the threshold is the one of the model file, see `clstm inspect`.
    #[arg(long, value_name = "THRESHOLD", num_args = 0..=1, require_equals = true, value_parser = numbers::share)]
    pub(crate) abstain: Option<Option<f64>>,
    /// Minimum share of speech in a recording, without its quiet edges, for a label. With 0 every recording that is
    /// not silent gets a label.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, value_parser = numbers::share)]
    pub(crate) min_speech: f64,
    /// Merge the model's classes into fewer: basic-four (angry, happy, neutral, sad; calm counts as neutral), basic-six
    /// (with disgust, fearful), or a label map as of --label-map. Probabilities of merged classes are added; those of
    /// labels that the map leaves out are dropped, and the rest is scaled to a sum of 1.
    #[arg(long, value_name = "NAME|MAP.toml")]
    pub(crate) classes: Option<PathBuf>,
    /// The K most probable labels instead of the first two: a list `top` in JSON lines, columns label_2, confidence_2, ...
    /// in CSV and Parquet.
    #[arg(long, value_name = "K", value_parser = numbers::count)]
    pub(crate) top: Option<NonZeroUsize>,
    /// Also write the deep features of the recordings to this Parquet file: path, label, e_0, e_1, ...
    #[arg(long, value_name = "FILE.parquet", conflicts_with_all = ["timeline", "resume"])]
    pub(crate) embeddings: Option<PathBuf>,
    /// Channels of the recordings: mix processes their mean, each processes every channel separately (such as the two
    /// speakers of a call), and a number selects one channel, from 0. Rows then have the channel. Cross-talk counts as no speech: 128 ms in which another
    /// channel is at least 12 dB louder and this one is a copy of it. With --segments, each processes a segment on the
    /// channel that the file names (RTTM, CSV, Whisper JSON), and on every channel without one.
    #[arg(long, value_name = "mix|each|N", default_value_t = ChannelSelection::Mix, conflicts_with = "embeddings")]
    pub(crate) channels: ChannelSelection,
    /// Predict each segment of this file of another tool separately, and write the file with the emotions added:
    /// RTTM, SRT, WebVTT, Praat TextGrid, ELAN .eaf, Audacity labels (.txt), CSV (start, end, speaker), Whisper and
    /// whisperX JSON. docs/segments.md describes what is added to each format.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["timeline", "embeddings", "resume"])]
    pub(crate) segments: Option<PathBuf>,
    /// Tier of a TextGrid or ELAN file whose segments are read; repeat for several [default: the only one].
    #[arg(long, value_name = "NAME", requires = "segments")]
    pub(crate) tier: Vec<String>,
    /// Extend segments shorter than 1.5 s by up to this many seconds on each side, to 1.5 s in total, but not into a
    /// segment of another speaker. Segments that are then shorter than 0.4 s are marked as too short.
    #[arg(long, value_name = "SECONDS", requires = "segments", default_value_t = 0.0, value_parser = numbers::context)]
    pub(crate) context: f64,
    /// Emotions over time: a row for each segment instead of one for the whole recording. Recordings may be
    /// hours long.
    #[arg(long)]
    pub(crate) timeline: bool,
    /// A row for each frame (one hop) instead of each segment; JSON lines get both.
    #[arg(long, alias = "moments", requires = "timeline")]
    pub(crate) frames: bool,
    /// Seconds from one frame of a timeline to the next [default: 1].
    #[arg(long, value_name = "SECONDS", requires = "timeline", value_parser = numbers::hop)]
    pub(crate) hop: Option<f64>,
    /// Length of the window that the model processes for each frame, in seconds [default: the maximum of the model,
    /// which is the most accurate].
    #[arg(long, value_name = "SECONDS", requires = "timeline", value_parser = numbers::window)]
    pub(crate) window: Option<f64>,
    /// Treat a damaged recording as a failure instead of recognising what can be decoded of it.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Stop at the first recording that fails.
    #[arg(long)]
    pub(crate) fail_fast: bool,
}

impl PredictArgs {
    /// The format of rows and timelines.
    pub(crate) fn format(&self) -> RowFormat {
        self.named_format.unwrap_or(RowFormat::Table)
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
    /// A Parquet file with the columns of csv; needs --output.
    Parquet,
    /// With --timeline: Praat TextGrid.
    Textgrid,
    /// With --timeline: SubRip subtitles.
    Srt,
    /// With --timeline: WebVTT subtitles.
    Vtt,
}
