//! `clstm predict AUDIO --segments FILE`: the segments of another tool.

use std::fs;
use std::io::Read;
use std::path::Path;

use clstm::audio::DecodeLimits;
use clstm::{ChannelSelection, RecognizeError, Recognizer, Span, SpanOutcome, SpanSummary};
use clstm_eval::csv;
use clstm_segments::{
    Annotation, Document, Emotion, Format, Names, Outcome, ReadOptions, Segment, SegmentsError,
    WriteOptions, with_context,
};

use super::{read_stdin, row_error};
use crate::args::{PredictArgs, RowFormat};
use crate::error::CliError;
use crate::inputs::{Input, RowError, Source};
use crate::interrupt;
use crate::messages::{self, note};
use crate::output::OutputGuard;
use crate::row_sink::RowSink;
use crate::segments::{SegmentResult, SegmentResults, SegmentRows, summary_table};
use crate::text::PathText;

/// Most bytes of a file of segments.
const MAX_BYTES: u64 = 256 << 20;

/// Longest recording, a week: memory does not grow with it.
const LONGEST_S: f64 = 7.0 * 24.0 * 3600.0;

/// Recognises the segments of the recording, writes them and prints a summary by speaker.
pub(super) fn run(
    args: &PredictArgs,
    file: &Path,
    recognizer: &Recognizer,
    inputs: &[Input],
    threshold: Option<f64>,
    guard: &mut OutputGuard,
) -> Result<(), CliError> {
    let [input] = inputs else {
        let message = "--segments is for one recording: run the command once for each";
        return Err(CliError::Usage(message.to_owned()));
    };
    guard.input("the segments", file);
    let document = read(args, file, input)?;
    let segments = document.segments();
    if segments.is_empty() {
        messages::warn(&format!("{}: the file has no segments", file.text()));
    }
    if args.channels == ChannelSelection::Mix && has_several_channels(segments) {
        note("the segments are of several channels; --channels each takes each from its channel");
    }
    let info = recognizer.info();
    let target = Target::of(args, document.format())?;
    let rows = SegmentRows {
        labels: recognizer.labels(),
        model: &recognizer.info().name,
        threshold,
        top: args.top.map(std::num::NonZeroUsize::get),
        channels: args.channels != ChannelSelection::Mix,
        dimensions: &info.dimensions,
    };
    let mut sink = target.open(args, guard, &rows)?;
    let extended = with_context(segments, args.context);
    let spans = segments.iter().zip(&extended).map(|(segment, [start_s, end_s])| Span {
        channel: segment.channel,
        ..Span::new(*start_s, *end_s)
    });
    let spans: Vec<Span> = spans.collect();
    let strict = recognizer.clone().with_strict(args.strict);
    let summary =
        recognize(&strict, input, args.channels, &spans).map_err(|error| match error {
            Stop::Interrupted => CliError::Reported,
            Stop::Failed(error) => CliError::Failed(format!("{}: {}", input.path, error.message)),
            Stop::NoChannel(error, channel) => CliError::Failed(format!(
                "{}{}: {error}",
                input.path,
                line_of_channel(segments, channel, args.channels)
            )),
        })?;
    if let Some(damage) = &summary.damage {
        messages::warn(&format!("{}: {damage}", input.path));
    }
    for note in &summary.notes {
        messages::warn(&format!("{}: {note}", input.path));
    }
    let results = SegmentResults {
        path: &input.path,
        duration_s: summary.duration_s,
        results: results(segments, &summary, &extended, threshold),
        damage: summary.damage.as_ref(),
    };
    warn_unused_channels(segments, &summary, args.channels);
    match (&mut sink, target) {
        (Sink::Document(output), _) => {
            let options = WriteOptions { top: args.top.map_or(1, std::num::NonZeroUsize::get) };
            // A table may be opened in a spreadsheet.
            let shown = |name: &String| match document.format() {
                Format::Csv => csv::guard(name).into_owned(),
                _ => name.clone(),
            };
            let labels: Vec<String> = recognizer.labels().iter().map(shown).collect();
            let dimensions: Vec<String> =
                info.dimensions.iter().map(|dimension| shown(&dimension.name)).collect();
            let names = Names { labels: &labels, dimensions: &dimensions };
            let annotations = results.annotations(segments);
            output.write_bytes(&document.write_channels(&annotations, names, &options))?;
        }
        (Sink::Rows(sink), Target::Rows(format)) => {
            sink.write(|| rows.text(format, &results), || rows.values(&results))?;
        }
        (Sink::Rows(_), Target::Document) => {}
    }
    if let Sink::Rows(sink) = sink {
        sink.finish()?;
    }
    // A table has the summary already.
    let people = matches!(target, Target::Rows(RowFormat::Table));
    report(&results, &rows, !people);
    Ok(())
}

/// Reads the file of segments.
fn read(args: &PredictArgs, file: &Path, input: &Input) -> Result<Document, CliError> {
    let name = file.text();
    let failed = |reason: &dyn std::fmt::Display| CliError::Failed(format!("{name}: {reason}"));
    let mut bytes = Vec::new();
    let opened = fs::File::open(file).map_err(|error| failed(&error))?;
    opened.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(failed(&format!("has more than {} MiB", MAX_BYTES >> 20)));
    }
    let refuse = |error: SegmentsError| match error {
        SegmentsError::NoTier { .. }
        | SegmentsError::SeveralTiers { .. }
        | SegmentsError::NoTiers { .. } => CliError::Usage(format!("{name}: {error}")),
        _ => failed(&error),
    };
    let format = Format::detect(file, &bytes).map_err(refuse)?;
    let recording = match &input.source {
        Source::File(path) => path.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
        _ => None,
    };
    let channels = args.channels == ChannelSelection::Each;
    let options = ReadOptions { tiers: args.tier.clone(), recording, channels };
    Document::parse(&bytes, format, &options).map_err(refuse)
}

/// What is written.
#[derive(Clone, Copy)]
enum Target {
    /// The file of segments, with the emotions.
    Document,
    /// Rows of their own.
    Rows(RowFormat),
}

/// Where it is written.
enum Sink {
    Document(crate::output::Output),
    Rows(RowSink),
}

impl Target {
    /// By --format, or else by the extension of --output.
    fn of(args: &PredictArgs, own: Format) -> Result<Self, CliError> {
        let extension = args.output.as_deref().and_then(Path::extension);
        let extension = extension.and_then(|extension| extension.to_str()).unwrap_or_default();
        let document = |format: RowFormat, document: Format| match own == document {
            true => Ok(Self::Document),
            false => {
                let names = (document.name(), own.name());
                let message = format!(
                    "--format {} needs segments in {}, these are in {}; leave --format out",
                    crate::timeline::extension(format).unwrap_or_default(),
                    names.0,
                    names.1
                );
                Err(CliError::Usage(message))
            }
        };
        match args.named_format {
            Some(RowFormat::Textgrid) => document(RowFormat::Textgrid, Format::TextGrid),
            Some(RowFormat::Srt) => document(RowFormat::Srt, Format::Srt),
            Some(RowFormat::Vtt) => document(RowFormat::Vtt, Format::Vtt),
            Some(format) => Ok(Self::Rows(format)),
            None if other_format(extension, own) => Err(CliError::Usage(format!(
                "--output ends with .{extension}, but the segments are in {} and are written back in their \
                 format; give the output that ending, or .jsonl, .csv or .parquet for rows",
                own.name()
            ))),
            None => Ok(match extension.to_ascii_lowercase().as_str() {
                "jsonl" | "ndjson" => Self::Rows(RowFormat::Jsonl),
                "parquet" => Self::Rows(RowFormat::Parquet),
                "csv" if own != Format::Csv => Self::Rows(RowFormat::Csv),
                _ => Self::Document,
            }),
        }
    }

    fn open(
        self,
        args: &PredictArgs,
        guard: &mut OutputGuard,
        rows: &SegmentRows<'_>,
    ) -> Result<Sink, CliError> {
        let output = args.output.as_deref();
        Ok(match self {
            Self::Document => Sink::Document(guard.create("--output", output)?),
            Self::Rows(RowFormat::Parquet) => {
                Sink::Rows(RowSink::parquet(guard, output, rows.columns())?)
            }
            Self::Rows(format) => {
                let mut output = guard.create("--output", output)?;
                output.write(&rows.header(format))?;
                Sink::Rows(RowSink::Text(output))
            }
        })
    }
}

/// Whether an extension is that of another format of segments.
fn other_format(extension: &str, own: Format) -> bool {
    let named = match extension.to_ascii_lowercase().as_str() {
        "rttm" => Format::Rttm,
        "srt" => Format::Srt,
        "vtt" => Format::Vtt,
        "textgrid" => Format::TextGrid,
        "eaf" => Format::Eaf,
        _ => return false,
    };
    named != own
}

/// Why the recognition ended early.
enum Stop {
    Failed(RowError),
    /// The recording does not have the channel.
    NoChannel(String, usize),
    Interrupted,
}

impl From<RecognizeError> for Stop {
    fn from(error: RecognizeError) -> Self {
        match error {
            RecognizeError::NoChannel { channel, .. } => {
                Self::NoChannel(error.to_string(), channel)
            }
            error => Self::Failed(row_error(error)),
        }
    }
}

/// Whether the file names more than one channel.
fn has_several_channels(segments: &[Segment]) -> bool {
    let mut channels = segments.iter().filter_map(|segment| segment.channel);
    let first = channels.next();
    channels.any(|channel| Some(channel) != first)
}

/// Names the line of the first segment of a channel, if the file has chosen it.
fn line_of_channel(segments: &[Segment], channel: usize, selection: ChannelSelection) -> String {
    let of_channel = |segment: &&Segment| segment.channel == Some(channel);
    let first = segments.iter().find(of_channel).filter(|_| selection == ChannelSelection::Each);
    first.map_or(String::new(), |segment| format!(", segment of line {}", segment.line))
}

/// Warns of channels of the recording that no segment is of: some tools write channel 1 for every recording.
fn warn_unused_channels(segments: &[Segment], summary: &SpanSummary, selection: ChannelSelection) {
    if selection != ChannelSelection::Each || segments.iter().any(|it| it.channel.is_none()) {
        return;
    }
    let unused = |channel: &usize| segments.iter().all(|it| it.channel != Some(*channel));
    let unused: Vec<String> =
        (0..summary.channels).filter(unused).map(|channel| channel.to_string()).collect();
    if !unused.is_empty() && !segments.is_empty() {
        messages::warn(&format!(
            "no segment of the file is of channel {}, which is not processed; --channels N selects a channel for all \
             segments",
            unused.join(", ")
        ));
    }
}

fn recognize(
    recognizer: &Recognizer,
    input: &Input,
    selection: ChannelSelection,
    spans: &[Span],
) -> Result<SpanSummary, Stop> {
    let limits = DecodeLimits { max_duration_s: LONGEST_S, ..DecodeLimits::default() };
    let check_interrupt = |_: f64| match interrupt::is_interrupted() {
        true => Err(Stop::Interrupted),
        false => Ok(()),
    };
    match &input.source {
        Source::File(path) => {
            recognizer.recognize_spans_file(path, &limits, selection, spans, check_interrupt)
        }
        Source::Stdin => {
            let bytes = read_stdin(&limits).map_err(Stop::Failed)?;
            recognizer.recognize_spans_bytes(bytes, &limits, selection, spans, check_interrupt)
        }
        Source::Row(recordings, row) => {
            let bytes = recordings.read(*row).map_err(RecognizeError::from)?;
            recognizer.recognize_spans_bytes(bytes, &limits, selection, spans, check_interrupt)
        }
        Source::Failed(error) => Err(Stop::Failed(error.clone())),
    }
}

/// The results in the order of the segments.
fn results<'a>(
    segments: &'a [Segment],
    summary: &SpanSummary,
    extended: &[[f64; 2]],
    threshold: Option<f64>,
) -> Vec<SegmentResult<'a>> {
    let each = summary.spans.iter().map(|span| {
        let (segment, [start_s, end_s]) = (&segments[span.span], extended[span.span]);
        let outcome = match &span.outcome {
            SpanOutcome::NoSpeech => Outcome::NoSpeech,
            SpanOutcome::TooShort => Outcome::TooShort,
            SpanOutcome::Outside => Outcome::Outside,
            SpanOutcome::Labelled(prediction) => Outcome::Labelled(Emotion {
                label_index: prediction.label_index,
                probabilities: prediction.probabilities.clone(),
                dimensions: prediction.dimensions.clone(),
                unsure: threshold.is_some_and(|threshold| prediction.confidence < threshold),
            }),
        };
        let context_s = (end_s - start_s - segment.duration_s()).max(0.0);
        // Context may end after the recording; the segment itself then does not.
        let clipped = span.clipped && segment.end_s > summary.duration_s;
        let annotation = Annotation { outcome, clipped, context_s, channel: span.channel };
        SegmentResult { segment, annotation, speech: span.speech }
    });
    each.collect()
}

/// Prints how many segments end after the recording, and the summary by speaker.
fn report(results: &SegmentResults<'_>, rows: &SegmentRows<'_>, with_summary: bool) {
    let outside = |SegmentResult { annotation, .. }: &&SegmentResult<'_>| {
        annotation.clipped || annotation.outcome == Outcome::Outside
    };
    let count = results.results.iter().filter(outside).count();
    if count > 0 {
        let all = results.results.len();
        messages::warn(&format!(
            "{count} of {all} segments end after the recording ({:.2} s); what is there of them was recognised",
            results.duration_s
        ));
    }
    if !with_summary {
        return;
    }
    let summaries = results.speakers(rows.labels.len());
    note(summary_table(&summaries, rows.labels, rows.dimensions).trim_end());
}
