//! `clstm predict --timeline`: emotions over time.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clstm::audio::{DecodeLimits, header_duration_s};
use clstm::{Event, Recognizer, Stream, StreamConfig, StreamError};

use super::progress::Progress;
use super::{finish, open_rows, read_stdin, rows_show};
use crate::args::PredictArgs;
use crate::error::CliError;
use crate::inputs::{Input, RowError, Source};
use crate::interrupt;
use crate::messages::{self, note};
use crate::ordered_map::for_each_ordered;
use crate::output::{FolderLock, Output, OutputGuard};
use crate::row_sink::RowSink;
use crate::text::PathText;
use crate::timeline::{FrameSums, Timeline, TimelineItem, TimelineRows, extension};

/// Longest recording, a week. Memory does not grow with the audio; the limit bounds endless inputs.
const LONGEST_S: f64 = 7.0 * 24.0 * 3600.0;

/// Writes the timelines of all recordings, in the order given.
pub(super) fn run(
    args: &PredictArgs,
    recognizer: &Recognizer,
    inputs: Vec<Input>,
    threshold: Option<f64>,
    guard: &mut OutputGuard,
) -> Result<(), CliError> {
    let recording = StreamConfig::recording();
    let config = StreamConfig {
        hop_s: args.hop.unwrap_or(recording.hop_s),
        window_s: args.window,
        ..recording
    };
    // Invalid settings are reported once, before anything is written.
    Stream::new(recognizer, 16_000, &config).map_err(|error| CliError::Usage(error.to_string()))?;
    let rows = TimelineRows {
        format: args.format,
        frames: args.frames,
        labels: recognizer.labels(),
        model: &recognizer.info().name,
        threshold,
        top: args.top.map(NonZeroUsize::get),
    };
    let limits = DecodeLimits { max_duration_s: LONGEST_S, ..DecodeLimits::default() };
    let (mut to, inputs) = Destination::open(args, guard, &rows, inputs)?;
    let progress = Progress::new(inputs.len(), rows_show(args));
    let (mut done, mut failed) = (0, 0);
    let job = TimelineJob { recognizer, limits, config, frames: args.frames, progress: &progress };
    let work = |index: usize| (index, job.timeline(&inputs[index]));
    for_each_ordered(inputs.len(), work, |(index, timeline)| {
        let Some(timeline) = timeline else { return Ok(false) };
        let failure = timeline.error.is_some();
        progress.suspend(|| {
            for warning in timeline.warnings() {
                messages::warn(&format!("{}: {warning}", timeline.path));
            }
            // Documents have no place for an error.
            if let (Some(error), Destination::Folder { .. } | Destination::Document(_)) =
                (&timeline.error, &to)
            {
                messages::error(&format!("{}: {}", timeline.path, error.message));
                if timeline.segments.is_empty() {
                    return Ok(());
                }
            }
            to.write(index, &rows, &timeline)
        })?;
        progress.done();
        done += 1;
        failed += usize::from(failure);
        Ok((!failure || !args.fail_fast) && !interrupt::is_interrupted())
    })?;
    progress.finish();
    if let Destination::Rows(sink) = to {
        sink.finish()?;
    }
    finish(args, done, failed, inputs.len())
}

/// Where the timelines go.
enum Destination {
    /// Rows of all recordings.
    Rows(RowSink),
    /// A document for the only recording.
    Document(Output),
    /// A document for each recording.
    Folder { paths: Vec<PathBuf>, _lock: FolderLock },
}

impl Destination {
    /// Opens it, and gives the recordings that are still to be processed.
    fn open(
        args: &PredictArgs,
        guard: &mut OutputGuard,
        rows: &TimelineRows<'_>,
        mut inputs: Vec<Input>,
    ) -> Result<(Self, Vec<Input>), CliError> {
        let output = args.output.as_deref();
        let Some(extension) = extension(args.format) else {
            let (output, inputs) =
                open_rows(args, guard, &rows.header(), || rows.columns(), rows.model, inputs)?;
            return Ok((Self::Rows(output), inputs));
        };
        let folder = output.filter(|path| inputs.len() > 1 || is_folder(path));
        match (folder, &inputs[..]) {
            (Some(folder), _) => {
                let mut paths = documents(folder, extension, &inputs)?;
                let lock = FolderLock::acquire(folder)?;
                for path in &paths {
                    match args.resume {
                        true => guard.check("--output", path)?,
                        false => guard.check_replaced("--output", path)?,
                    }
                }
                if args.resume {
                    let done: Vec<bool> = paths.iter().map(|path| path.exists()).collect();
                    let count = done.iter().filter(|done| **done).count();
                    note(&format!("{count} of {} recordings are done already", done.len()));
                    let mut each = done.iter();
                    inputs.retain(|_| each.next() == Some(&false));
                    let mut each = done.iter();
                    paths.retain(|_| each.next() == Some(&false));
                }
                Ok((Self::Folder { paths, _lock: lock }, inputs))
            }
            (None, [_]) => Ok((Self::Document(guard.create("--output", output)?), inputs)),
            (None, _) => Err(CliError::Usage(format!(
                "each recording gets its own {extension} document: give a folder with --output"
            ))),
        }
    }

    fn write(
        &mut self,
        index: usize,
        rows: &TimelineRows<'_>,
        timeline: &Timeline,
    ) -> Result<(), CliError> {
        match self {
            Self::Rows(sink) => sink.write(|| rows.text(timeline), || rows.values(timeline)),
            Self::Document(output) => output.write(&rows.text(timeline)),
            Self::Folder { paths, .. } => {
                let path = &paths[index];
                clstm::write_atomic(path, rows.text(timeline).as_bytes())
                    .map_err(|error| CliError::writing(&path.text(), &error))
            }
        }
    }
}

/// Whether a path means a folder: one that exists, or one that ends with a separator.
fn is_folder(path: &Path) -> bool {
    let last = path.as_os_str().as_encoded_bytes().last();
    path.is_dir() || last.is_some_and(|&byte| std::path::is_separator(char::from(byte)))
}

/// A document in the folder for each recording, by its name.
fn documents(folder: &Path, extension: &str, inputs: &[Input]) -> Result<Vec<PathBuf>, CliError> {
    fs::create_dir_all(folder).map_err(|error| CliError::writing(&folder.text(), &error))?;
    let mut taken: BTreeMap<PathBuf, &str> = BTreeMap::new();
    let mut paths = Vec::new();
    for input in inputs {
        let stem = Path::new(&input.path).file_stem().filter(|stem| *stem != "-");
        let mut name = stem.unwrap_or_else(|| "stdin".as_ref()).to_owned();
        name.push(".");
        name.push(extension);
        let path = folder.join(name);
        if let Some(other) = taken.insert(path.clone(), &input.path) {
            return Err(CliError::Usage(format!(
                "{other} and {} would both be written to {}: process one folder at a time",
                input.path,
                path.text()
            )));
        }
        paths.push(path);
    }
    Ok(paths)
}

/// How recordings are processed.
struct TimelineJob<'a> {
    recognizer: &'a Recognizer,
    limits: DecodeLimits,
    config: StreamConfig,
    /// Whether frames are kept.
    frames: bool,
    progress: &'a Progress,
}

/// Why a recording ended early.
enum JobError {
    Stream(StreamError),
    /// The user has interrupted the command.
    Interrupted,
}

impl From<StreamError> for JobError {
    fn from(error: StreamError) -> Self {
        Self::Stream(error)
    }
}

impl JobError {
    fn row_error(self) -> RowError {
        match self {
            Self::Stream(error) => RowError { kind: error.kind(), message: error.to_string() },
            Self::Interrupted => {
                RowError { kind: "interrupted", message: "interrupted".to_owned() }
            }
        }
    }
}

impl TimelineJob<'_> {
    /// The timeline of a recording, up to its end or an error; `None` after an interrupt.
    fn timeline(&self, input: &Input) -> Option<Timeline> {
        let (mut segments, mut frames) = (Vec::new(), Vec::new());
        let mut sums = FrameSums::default();
        let take = |event: Event| -> Result<(), JobError> {
            match event {
                Event::Frame(_) => {
                    let frame = TimelineItem::from(event);
                    self.progress.advance(frame.end_s - frame.start_s);
                    sums.add(&frame);
                    if self.frames {
                        frames.push(frame);
                    }
                }
                _ => segments.extend(TimelineItem::of(event, false)),
            }
            if interrupt::is_interrupted() { Err(JobError::Interrupted) } else { Ok(()) }
        };
        let Self { recognizer, limits, config, .. } = self;
        let done = match &input.source {
            Source::File(path) => {
                self.progress.expect(|| header_duration_s(path, limits));
                recognizer.timeline_file(path, limits, config, take)
            }
            // Standard input is read to its end first, because some formats have their index there. The audio is decoded
            // piece by piece.
            Source::Stdin => match read_stdin(limits.max_bytes) {
                Ok(bytes) => recognizer.timeline_bytes(bytes, None, limits, config, take),
                Err(error) => return Some(Timeline::failed(&input.path, error)),
            },
            Source::Failed(error) => return Some(Timeline::failed(&input.path, error.clone())),
        };
        if matches!(done, Err(JobError::Interrupted)) {
            return None;
        }
        let (damage, notes, error) = match done {
            Ok(summary) => (summary.damage, summary.notes, None),
            Err(error) => (None, Vec::new(), Some(error.row_error())),
        };
        Some(Timeline {
            path: input.path.clone(),
            duration_s: sums.duration_s(),
            speech: sums.speech(),
            scores: sums.scores(),
            segments,
            frames,
            damage,
            notes,
            error,
        })
    }
}
