//! Segments of a recording that are given: a file of another tool, or times.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clstm::audio::DecodeLimits;
use clstm::{ChannelSelection, Recognizer, Span, SpanOutcome, SpanRecognizer, SpanSummary};
use clstm_segments::{Document, Format, ReadOptions, Segment, with_context};
use pyo3::FromPyObject;
use pyo3::pybacked::PyBackedBytes;

use crate::compute::Interrupt;
use crate::errors::{ErrorClass, Failure};
use crate::input::{Input, each_second};
use crate::recognizer::LONGEST_S;
use crate::results::{SegmentRow, SegmentsRow, damage};

/// Most bytes of a file of segments, as in the command.
const MAX_BYTES: u64 = 256 << 20;

/// Segments as Python passes them.
#[derive(FromPyObject)]
pub(crate) enum SegmentSource {
    /// Segments as the CSV of `start,end,speaker,channel`.
    #[pyo3(transparent)]
    Csv(PyBackedBytes),
    /// A file of segments.
    #[pyo3(transparent)]
    File(PathBuf),
}

impl SegmentSource {
    /// Reads the segments of a recording; `tiers` selects those of a file that has tiers.
    pub(crate) fn read(
        &self,
        input: &Input,
        tiers: Vec<String>,
        selection: ChannelSelection,
    ) -> Result<Document, Failure> {
        let recording = match input {
            Input::File(path) => path.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
            _ => None,
        };
        let channels = selection == ChannelSelection::Each;
        let options = ReadOptions { tiers, recording, channels };
        Ok(match self {
            Self::Csv(text) => Document::parse(text, Format::Csv, &options)?,
            Self::File(path) => {
                let bytes = read_bounded(path)?;
                Document::parse(&bytes, Format::detect(path, &bytes)?, &options)?
            }
        })
    }
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => "not_found",
            _ => "io",
        };
        Failure::Library(ErrorClass::Recognition, kind, format!("{}: {error}", path.display()))
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        let message = format!("{} has more than {} MiB", path.display(), MAX_BYTES >> 20);
        return Err(Failure::Library(ErrorClass::Recognition, "too_large", message));
    }
    Ok(bytes)
}

/// Recognises each segment by itself.
pub(crate) fn recognize(
    recognizer: &Recognizer,
    input: &Input,
    document: &Document,
    context_s: f64,
    selection: ChannelSelection,
    interrupt: &Interrupt,
) -> Result<SegmentsRow, Failure> {
    let segments = document.segments();
    let extended = with_context(segments, context_s);
    let spans = segments.iter().zip(&extended).map(|(segment, [start_s, end_s])| Span {
        channel: segment.channel,
        ..Span::new(*start_s, *end_s)
    });
    let spans: Vec<Span> = spans.collect();
    let limits = DecodeLimits { max_duration_s: LONGEST_S, ..DecodeLimits::default() };
    let check_interrupt = |_: f64| interrupt.check();
    let summary = match input {
        Input::Samples(bytes, rate) => {
            let mut parts = SpanRecognizer::new(recognizer, selection, &spans);
            each_second(bytes, *rate, interrupt, |second| Ok(parts.push(second, 1, *rate)?))?;
            parts.finish()?
        }
        Input::Bytes(bytes) => {
            recognizer.recognize_spans_bytes(bytes, &limits, selection, &spans, check_interrupt)?
        }
        Input::File(path) => {
            recognizer.recognize_spans_file(path, &limits, selection, &spans, check_interrupt)?
        }
    };
    Ok(rows(segments, &extended, summary))
}

fn rows(segments: &[Segment], extended: &[[f64; 2]], summary: SpanSummary) -> SegmentsRow {
    let rows = summary.spans.into_iter().map(|span| -> SegmentRow {
        let (segment, [start_s, end_s]) = (&segments[span.span], extended[span.span]);
        let status = match &span.outcome {
            SpanOutcome::Labelled(_) => "ok",
            SpanOutcome::NoSpeech => "no_speech",
            SpanOutcome::TooShort => "too_short",
            SpanOutcome::Outside => "outside",
        };
        let scores = match span.outcome {
            SpanOutcome::Labelled(found) => {
                Some((found.label_index, found.confidence, found.probabilities, found.dimensions))
            }
            _ => None,
        };
        // Context may end after the recording; the segment itself then does not.
        let clipped = span.clipped && segment.end_s > summary.duration_s;
        let context_s = (end_s - start_s - segment.duration_s()).max(0.0);
        let times = (segment.start_s, segment.end_s, context_s);
        let names = (segment.speaker.clone(), segment.text.clone());
        (times, names, (status, clipped, span.channel), span.speech, scores)
    });
    (rows.collect(), summary.duration_s, damage(summary.damage.as_ref()))
}
