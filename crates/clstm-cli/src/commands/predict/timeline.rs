//! `clstm predict --timeline`: which emotion when.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clstm::audio::{DecodeLimits, decode_bytes, promised_s};
use clstm::{Event, RecognizeError, Recognizer, Stream, StreamConfig, StreamError};

use super::progress::Progress;
use super::{failures, open_rows, read_stdin, rows_show};
use crate::args::PredictArgs;
use crate::error::CliError;
use crate::inputs::{Input, RowError, Source};
use crate::messages::note;
use crate::ordered_map::for_each_ordered;
use crate::output::{FolderLock, Output, OutputGuard};
use crate::row_sink::RowSink;
use crate::text::PathText;
use crate::timeline::{Timeline, TimelineItem, TimelineRows, extension};

/// A week: recordings of any length are heard in the same memory, but a file must end.
const LONGEST_S: f64 = 7.0 * 24.0 * 3600.0;

/// Seconds of sound that are heard at once, and told of.
const PART_S: usize = 16;

/// Writes the timelines of all recordings, in the order asked for.
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
    // Wrong settings are told once, before anything is written.
    Stream::new(recognizer, 16_000, &config).map_err(|error| CliError::Usage(error.to_string()))?;
    let (labels, model) = (recognizer.labels(), recognizer.info().name.as_str());
    let rows = TimelineRows { format: args.format, frames: args.frames, labels, model, threshold };
    let limits = DecodeLimits { max_duration_s: LONGEST_S, ..DecodeLimits::default() };
    let (mut to, inputs) = Destination::open(args, guard, &rows, inputs)?;
    let progress = Progress::new(inputs.len(), rows_show(args));
    let mut failed = 0;
    let hearing =
        TimelineJob { recognizer, limits, config, frames: args.frames, progress: &progress };
    let work = |index: usize| (index, hearing.timeline(&inputs[index]));
    for_each_ordered(inputs.len(), work, |(index, timeline)| {
        let failure = timeline.error.is_some();
        progress.suspend(|| {
            // A document has no room for an error.
            if let (Some(error), Destination::Folder { .. } | Destination::Document(_)) =
                (&timeline.error, &to)
            {
                note(&format!("{}: {}", timeline.path, error.message));
                if timeline.stretches.is_empty() {
                    return Ok(());
                }
            }
            to.write(index, &rows, &timeline)
        })?;
        progress.done();
        failed += usize::from(failure);
        Ok(!failure || !args.fail_fast)
    })?;
    progress.finish();
    if let Destination::Rows(sink) = to {
        sink.finish()?;
    }
    failures(failed, inputs.len(), args.fail_fast)
}

/// Where the timelines go.
enum Destination {
    /// All of them to one place.
    Rows(RowSink),
    /// A document for the only recording.
    Document(Output),
    /// A document for each recording.
    Folder { paths: Vec<PathBuf>, _lock: FolderLock },
}

impl Destination {
    /// With the recordings that are still to be heard.
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
                    note(&format!("{count} of {} recordings are done", done.len()));
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
            Self::Rows(sink) => sink.write(|| rows.text(timeline), || rows.cells(timeline)),
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
                "{other} and {} would both be written to {}: label them one folder at a time",
                input.path,
                path.text()
            )));
        }
        paths.push(path);
    }
    Ok(paths)
}

/// How recordings are heard.
struct TimelineJob<'a> {
    recognizer: &'a Recognizer,
    limits: DecodeLimits,
    config: StreamConfig,
    frames: bool,
    progress: &'a Progress,
}

impl TimelineJob<'_> {
    /// The timeline of a recording, as far as it could be heard.
    fn timeline(&self, input: &Input) -> Timeline {
        let mut stretches = Vec::new();
        let tell = |event: Event| -> Result<(), StreamError> {
            if let Event::Frame(moment) = &event {
                self.progress.heard(moment.end_s - moment.start_s);
            }
            stretches.extend(TimelineItem::of(event, self.frames));
            Ok(())
        };
        let heard = match &input.source {
            Source::File(path) => {
                self.progress.expect(|| promised_s(path, &self.limits));
                let heard = self.recognizer.timeline_file(path, &self.limits, &self.config, tell);
                heard.map_err(told)
            }
            Source::Stdin => self.stdin(tell),
            Source::Failed(error) => Err(error.clone()),
        };
        Timeline { path: input.path.clone(), stretches, error: heard.err() }
    }

    /// The timeline of standard input, which is read to its end first.
    fn stdin(
        &self,
        mut tell: impl FnMut(Event) -> Result<(), StreamError>,
    ) -> Result<(), RowError> {
        let bytes = read_stdin(self.limits.max_bytes)?;
        let sound = decode_bytes(bytes, None, &self.limits)
            .map_err(|error| told(StreamError::Recognize(RecognizeError::Audio(error))))?;
        self.progress.expect(|| Some(sound.duration_s()));
        let mut events = Vec::new();
        let mut stream =
            Stream::new(self.recognizer, sound.sample_rate, &self.config).map_err(told)?;
        for part in sound.samples.chunks(PART_S * sound.sample_rate as usize) {
            stream.push(part, &mut events).map_err(told)?;
            events.drain(..).try_for_each(&mut tell).map_err(told)?;
        }
        stream.finish(&mut events).map_err(told)?;
        events.into_iter().try_for_each(tell).map_err(told)
    }
}

fn told(error: StreamError) -> RowError {
    RowError { kind: error.kind(), message: error.to_string() }
}
