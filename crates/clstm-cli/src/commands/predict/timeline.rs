//! `clstm predict --timeline`: emotions over time.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clstm::audio::{DecodeLimits, EncodedAudio, header_duration_s};
use clstm::{
    ChannelEvent, ChannelSelection, Event, Recognizer, Stream, StreamConfig, StreamError,
    TimelineSummary,
};

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
        format: args.format(),
        frames: args.frames,
        labels: recognizer.labels(),
        model: &recognizer.info().name,
        threshold,
        top: args.top.map(NonZeroUsize::get),
        channels: args.channels != ChannelSelection::Mix,
        dimensions: &recognizer.info().dimensions,
    };
    let limits = DecodeLimits { max_duration_s: LONGEST_S, ..DecodeLimits::default() };
    let (mut to, inputs) = Destination::open(args, guard, &rows, inputs)?;
    let progress = Progress::new(inputs.len(), rows_show(args));
    let (mut done, mut failed) = (0, 0);
    let job = TimelineJob {
        recognizer,
        channels: args.channels,
        limits,
        config,
        frames: args.frames,
        progress: &progress,
    };
    let work = |index: usize| (index, job.timeline(&inputs[index]));
    for_each_ordered(inputs.len(), work, |(index, timeline)| {
        let Some(timelines) = timeline else { return Ok(false) };
        let error =
            timelines.iter().find_map(|timeline| Some((timeline, timeline.error.as_ref()?)));
        let failure = error.is_some();
        progress.suspend(|| {
            // Damage is of the recording: the first of its channels has it.
            if let Some(first) = timelines.first() {
                for warning in first.warnings() {
                    messages::warn(&format!("{}: {warning}", first.path));
                }
            }
            // Documents have no place for an error.
            if let (
                Some((timeline, error)),
                Destination::Folder { .. } | Destination::Document(_),
            ) = (error, &to)
            {
                messages::error(&format!("{}: {}", timeline.path, error.message));
                if timelines.iter().all(|timeline| timeline.segments.is_empty()) {
                    return Ok(());
                }
            }
            to.write(index, &rows, &timelines)
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
        let Some(extension) = extension(args.format()) else {
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
        timelines: &[Timeline],
    ) -> Result<(), CliError> {
        match self {
            Self::Rows(sink) => {
                let values = || timelines.iter().flat_map(|timeline| rows.values(timeline));
                sink.write(|| rows.text(timelines), || values().collect())
            }
            Self::Document(output) => output.write(&rows.text(timelines)),
            Self::Folder { paths, .. } => {
                let path = &paths[index];
                clstm::write_atomic(path, rows.text(timelines).as_bytes())
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
    channels: ChannelSelection,
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

/// What is known of a channel.
#[derive(Default)]
struct Track {
    segments: Vec<TimelineItem>,
    frames: Vec<TimelineItem>,
    sums: FrameSums,
}

impl TimelineJob<'_> {
    /// The timelines of a recording, up to its end or an error: one, or one for each channel. `None` after an interrupt.
    fn timeline(&self, input: &Input) -> Option<Vec<Timeline>> {
        let mut tracks: BTreeMap<usize, Track> = BTreeMap::new();
        let mut first = None;
        let mut take = |channel: usize, event: Event| -> Result<(), JobError> {
            let track = tracks.entry(channel).or_default();
            match event {
                Event::Frame(_) => {
                    let frame = TimelineItem::from(event);
                    // All channels advance together.
                    if *first.get_or_insert(channel) == channel {
                        self.progress.advance(frame.end_s - frame.start_s);
                    }
                    track.sums.add(&frame);
                    if self.frames {
                        track.frames.push(frame);
                    }
                }
                _ => track.segments.extend(TimelineItem::of(event, false)),
            }
            if interrupt::is_interrupted() { Err(JobError::Interrupted) } else { Ok(()) }
        };
        let done = match &input.source {
            Source::File(path) => {
                self.progress.expect(|| header_duration_s(path, &self.limits));
                self.file(path, &mut take)
            }
            Source::Stdin => match read_stdin(&self.limits) {
                Ok(bytes) => self.bytes(bytes, &mut take),
                Err(error) => return Some(vec![Timeline::failed(&input.path, error)]),
            },
            Source::Row(recordings, row) => match recordings.read(*row) {
                Ok(bytes) => self.bytes(bytes, &mut take),
                Err(error) => {
                    let error = super::audio_error(error);
                    return Some(vec![Timeline::failed(&input.path, error)]);
                }
            },
            Source::Failed(error) => {
                return Some(vec![Timeline::failed(&input.path, error.clone())]);
            }
        };
        if matches!(done, Err(JobError::Interrupted)) {
            return None;
        }
        let (damage, notes, error) = match done {
            Ok(summary) => (summary.damage, summary.notes, None),
            Err(error) => (None, Vec::new(), Some(error.row_error())),
        };
        if let (Some(error), true) = (&error, tracks.is_empty()) {
            return Some(vec![Timeline::failed(&input.path, error.clone())]);
        }
        let mix = self.channels == ChannelSelection::Mix;
        if tracks.is_empty() {
            tracks.insert(0, Track::default());
        }
        let timelines = tracks.into_iter().map(|(channel, track)| Timeline {
            path: input.path.clone(),
            channel: (!mix).then_some(channel),
            duration_s: track.sums.duration_s(),
            speech: track.sums.speech(),
            scores: track.sums.scores(),
            segments: track.segments,
            frames: track.frames,
            damage: damage.clone(),
            notes: notes.clone(),
            error: error.clone(),
        });
        Some(timelines.collect())
    }

    fn file(
        &self,
        path: &Path,
        take: &mut impl FnMut(usize, Event) -> Result<(), JobError>,
    ) -> Result<TimelineSummary, JobError> {
        let Self { recognizer, channels, limits, config, .. } = self;
        match channels {
            ChannelSelection::Mix => {
                recognizer.timeline_file(path, limits, config, |event| take(0, event))
            }
            _ => {
                let take = |ChannelEvent { channel, event }| take(channel, event);
                recognizer.channel_timelines_file(path, limits, *channels, config, take)
            }
        }
    }

    fn bytes(
        &self,
        bytes: impl EncodedAudio,
        take: &mut impl FnMut(usize, Event) -> Result<(), JobError>,
    ) -> Result<TimelineSummary, JobError> {
        let Self { recognizer, channels, limits, config, .. } = self;
        match channels {
            ChannelSelection::Mix => {
                recognizer.timeline_bytes(bytes, None, limits, config, |event| take(0, event))
            }
            _ => {
                let take = |ChannelEvent { channel, event }| take(channel, event);
                recognizer.channel_timelines_bytes(bytes, limits, *channels, config, take)
            }
        }
    }
}
