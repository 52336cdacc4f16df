//! `clstm predict`: labels recordings.

mod embeddings;
mod progress;
mod resume;
mod segments;
mod timeline;

use std::io::{self, IsTerminal};
use std::path::Path;

use clstm::Precision;
use clstm::audio::{
    AudioError, DecodeLimits, DecodeNote, Decoded, PipeBuffer, load_bytes, load_file,
};
use clstm::{ChannelSelection, EmbeddedRecognition, ModelInfo, RecognizeError, Recognizer};
use clstm_eval::csv;
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{PredictArgs, RowFormat};
use crate::columns::Column;
use crate::error::CliError;
use crate::inputs::{self, Input, RowError, Source};
use crate::interrupt;
use crate::messages::{self, note};
use crate::ordered_map::for_each_ordered;
use crate::output::OutputGuard;
use crate::resolve::classes;
use crate::resolve::device;
use crate::resolve::model;
use crate::row_sink::RowSink;
use crate::rows::{Prediction, RecordingResult, Rows};
use crate::table::percent;
use crate::text::PathText;

use embeddings::Embeddings;

/// Labels the recordings, in the order given.
pub(crate) fn run(args: &PredictArgs) -> Result<(), CliError> {
    let precision = precision(args);
    let device = device::open(args.device, precision)?;
    let mut recognizer = Recognizer::on(model::open(args.model.as_deref())?, &device.into())?
        .with_precision(precision)?
        .with_min_speech(args.min_speech)
        .with_strict(args.strict);
    if let Some(map) = classes::open(args.classes.as_deref())? {
        recognizer = recognizer.with_classes(&map)?;
    }
    let threshold = threshold(args, recognizer.info())?;
    let inputs = inputs::expand(&args.paths)?;
    let mut guard = OutputGuard::new(args.force);
    guard.model("the model", args.model.as_deref());
    guard.optional_input("the class map", args.classes.as_deref());
    guard.recordings(&inputs);
    interrupt::stop_on_interrupt(
        "stopping, what is complete is written; Ctrl-C again stops at once",
    )?;
    if let Some(file) = &args.segments {
        return segments::run(args, file, &recognizer, &inputs, threshold, &mut guard);
    }
    if args.timeline {
        return timeline::run(args, &recognizer, inputs, threshold, &mut guard);
    }
    if let Some(extension) = crate::timeline::extension(args.format()) {
        let message = format!("--format {extension} shows emotions over time: add --timeline");
        return Err(CliError::Usage(message));
    }
    let info = recognizer.info();
    let paths = inputs.iter().map(|input| input.path.as_str());
    let rows = Rows::new(args.format(), recognizer.labels(), &info.name, paths)
        .abstaining(threshold)
        .with_top(args.top)
        .with_dimensions(&info.dimensions)
        .with_channels(args.channels != ChannelSelection::Mix);
    let mut embeddings = Embeddings::open(args, &mut guard, info.network.deep_feature())?;
    let (mut output, inputs) =
        open_rows(args, &mut guard, &rows.header(), || rows.columns(), &info.name, inputs)?;

    let bar = progress_bar(args, inputs.len());
    let (mut done, mut failed, mut predictions, mut unsure) = (0, 0, 0, 0);
    let job = Job {
        recognizer: &recognizer.clone().with_strict(args.strict),
        channels: args.channels,
        strict: args.strict,
        embed: embeddings.is_some(),
    };
    let work = |index: usize| job.predict(&inputs[index]);
    for_each_ordered(inputs.len(), work, |Processed { results, features, notes }| {
        let Some(first) = results.first() else { return Ok(false) };
        let text = || results.iter().map(|result| rows.row(result)).collect();
        let values = || results.iter().map(|result| rows.values(result)).collect();
        bar.suspend(|| output.write(text, values))?;
        if let (Some(embeddings), Some(features)) = (&mut embeddings, features) {
            embeddings.push(&first.path, rows.predicted_label(first), features)?;
        }
        if let Some(damage) = first.outcome.as_ref().ok().and_then(|p| p.damage.as_ref()) {
            bar.suspend(|| messages::warn(&format!("{}: {damage}", first.path)));
        }
        for note in notes {
            bar.suspend(|| messages::warn(&format!("{}: {note}", first.path)));
        }
        bar.inc(1);
        done += 1;
        predictions += results.len();
        unsure += results.iter().filter(|result| rows.abstains(result) == Some(true)).count();
        failed += usize::from(results.iter().any(|result| result.outcome.is_err()));
        Ok((failed == 0 || !args.fail_fast) && !interrupt::is_interrupted())
    })?;
    bar.finish_and_clear();
    output.finish()?;
    if let Some(embeddings) = embeddings {
        embeddings.finish()?;
    }
    if let Some(threshold) = threshold {
        let below = percent(threshold);
        note(&format!(
            "{unsure} of {predictions} predictions are below the confidence threshold {below}"
        ));
    }
    finish(args, done, failed, inputs.len())
}

/// For whole recordings the precision of the model's evaluation; for timelines the faster one.
fn precision(args: &PredictArgs) -> Precision {
    match args.timeline {
        true => device::fast_precision(args.device, args.precision),
        false => args.precision.named().unwrap_or_default(),
    }
}

/// Opens the output, writes its header, and gives the recordings that are still to be processed.
fn open_rows(
    args: &PredictArgs,
    guard: &mut OutputGuard,
    header: &str,
    columns: impl FnOnce() -> Vec<Column>,
    model: &str,
    mut inputs: Vec<Input>,
) -> Result<(RowSink, Vec<Input>), CliError> {
    let output = args.output.as_deref();
    if args.format() == RowFormat::Parquet && !args.resume {
        return Ok((RowSink::parquet(guard, output, columns())?, inputs));
    }
    let Some(file) = output.filter(|_| args.resume) else {
        let mut output = guard.create("--output", output)?;
        output.write(header)?;
        return Ok((RowSink::Text(output), inputs));
    };
    // A timeline is one line of JSON, but several rows of CSV; a channel is a line of its own.
    let many_rows =
        args.timeline && args.format() == RowFormat::Csv || args.channels == ChannelSelection::Each;
    // Locked before it is read: another process may be writing to it.
    let mut output = guard.append("--output", file)?;
    let finished = resume::finished(file, args.format(), header, model, many_rows)?;
    let count = inputs.len();
    let written = |input: &Input| match args.format() {
        RowFormat::Csv => csv::guard(&input.path).into_owned(),
        _ => input.path.clone(),
    };
    inputs.retain(|input| !finished.contains(&written(input)));
    if count > inputs.len() {
        note(&format!("{} of {count} recordings are done already", count - inputs.len()));
    }
    // An empty file has no header yet.
    if std::fs::metadata(file).is_ok_and(|file| file.len() == 0) {
        output.write(header)?;
    }
    Ok((RowSink::Text(output), inputs))
}

/// Reports recordings that failed, and those that an interrupt left out.
fn finish(args: &PredictArgs, done: usize, failed: usize, of: usize) -> Result<(), CliError> {
    if interrupt::is_interrupted() && done < of {
        let next = if args.output.is_some() { "; --resume continues" } else { "" };
        messages::error(&format!("interrupted: {done} of {of} recordings are done{next}"));
        return Err(CliError::Reported);
    }
    match failed {
        0 => return Ok(()),
        _ if args.fail_fast => {
            messages::error("stopped at the first recording that failed (--fail-fast)");
        }
        failed => messages::error(&format!("{failed} of {of} recordings failed")),
    }
    Err(CliError::Reported)
}

/// The confidence threshold of `--abstain`.
fn threshold(args: &PredictArgs, info: &ModelInfo) -> Result<Option<f64>, CliError> {
    let Some(asked) = args.abstain else { return Ok(None) };
    // In `--abstain 0.8` the threshold is parsed as a path.
    let stray = args.paths.iter().find(|path| {
        let number = path.to_str().and_then(|text| text.parse::<f64>().ok());
        asked.is_none() && number.is_some() && !path.exists()
    });
    if let Some(stray) = stray {
        let stray = stray.text();
        let message = format!("there is no file {stray}; write the threshold as --abstain={stray}");
        return Err(CliError::Usage(message));
    }
    let recommended = || info.calibration.as_ref()?.abstention.map(|point| point.threshold);
    match asked.or_else(recommended) {
        Some(threshold) => Ok(Some(threshold)),
        None => Err(CliError::Usage(format!(
            "the model {} recommends no threshold; give one, such as --abstain=0.6",
            info.name
        ))),
    }
}

/// The results for a recording: one, or one for each channel.
struct Processed {
    results: Vec<RecordingResult>,
    /// Deep features, where they are requested.
    features: Option<Vec<f64>>,
    /// What the decoder notes.
    notes: Vec<DecodeNote>,
}

/// How recordings are recognised.
struct Job<'a> {
    recognizer: &'a Recognizer,
    channels: ChannelSelection,
    /// Whether a damaged recording is an error.
    strict: bool,
    /// Whether deep features are returned.
    embed: bool,
}

impl Job<'_> {
    fn predict(&self, input: &Input) -> Processed {
        match self.channels {
            ChannelSelection::Mix => self.predict_mix(input),
            _ => self.predict_channels(input),
        }
    }

    /// A result for each selected channel, or the error of the recording.
    fn predict_channels(&self, input: &Input) -> Processed {
        let Self { recognizer, channels, .. } = self;
        let limits = DecodeLimits::default();
        let prepared = match &input.source {
            Source::File(path) => {
                recognizer.prepare_channels_file(path, &limits, *channels).map_err(row_error)
            }
            Source::Stdin => read_stdin(&limits).and_then(|bytes| {
                recognizer.prepare_channels_bytes(bytes, &limits, *channels).map_err(row_error)
            }),
            Source::Row(recordings, row) => {
                recordings.read(*row).map_err(audio_error).and_then(|bytes| {
                    recognizer.prepare_channels_bytes(bytes, &limits, *channels).map_err(row_error)
                })
            }
            Source::Failed(error) => Err(error.clone()),
        };
        let result =
            |channel, outcome| RecordingResult { path: input.path.clone(), channel, outcome };
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                return Processed {
                    results: vec![result(None, Err(error))],
                    features: None,
                    notes: Vec::new(),
                };
            }
        };
        let (numbers, recordings): (Vec<_>, Vec<_>) =
            prepared.channels.into_iter().map(|c| (c.channel, c.recording)).unzip();
        let recognitions = recognizer.recognize_prepared(&recordings);
        let results = numbers.into_iter().zip(recognitions).map(|(channel, recognition)| {
            let prediction = recognition.map(Prediction::of).map_err(row_error);
            let damage = prepared.damage.clone();
            result(Some(channel), prediction.map(|prediction| Prediction { damage, ..prediction }))
        });
        Processed { results: results.collect(), features: None, notes: prepared.report.notes }
    }

    /// The result for the mean of all channels.
    fn predict_mix(&self, input: &Input) -> Processed {
        let rate = self.recognizer.info().frontend.sample_rate;
        let limits = DecodeLimits::default();
        let decoded = match &input.source {
            Source::File(path) => load_file(path, rate, &limits).map_err(audio_error),
            Source::Stdin => read_stdin(&limits)
                .and_then(|bytes| load_bytes(bytes, None, rate, &limits).map_err(audio_error)),
            Source::Row(recordings, row) => recordings
                .read(*row)
                .and_then(|bytes| load_bytes(bytes, None, rate, &limits))
                .map_err(audio_error),
            Source::Failed(error) => Err(error.clone()),
        };
        let mut features = None;
        let notes =
            decoded.as_ref().map(|decoded| decoded.report.notes.clone()).unwrap_or_default();
        let outcome = decoded.and_then(|decoded| {
            let (prediction, found) = self.recognize(decoded)?;
            features = found;
            Ok(prediction)
        });
        let result = RecordingResult { path: input.path.clone(), channel: None, outcome };
        Processed { results: vec![result], features, notes }
    }

    fn recognize(&self, decoded: Decoded) -> Result<(Prediction, Option<Vec<f64>>), RowError> {
        let Decoded { waveform, report } = decoded;
        if self.strict {
            report.strict().map_err(audio_error)?;
        }
        let prepared = [self.recognizer.prepare(waveform).map_err(row_error)?];
        let (recognition, features) = match self.embed {
            true => {
                let EmbeddedRecognition { recognition, features } =
                    only(self.recognizer.embed_prepared(&prepared))?;
                (recognition, Some(features))
            }
            false => (only(self.recognizer.recognize_prepared(&prepared))?, None),
        };
        let prediction = Prediction::of(recognition);
        Ok((Prediction { damage: report.damage, ..prediction }, features))
    }
}

/// The result for the only recording.
fn only<T>(results: Vec<Result<T, RecognizeError>>) -> Result<T, RowError> {
    let result = results.into_iter().next().ok_or_else(|| RowError {
        kind: "internal",
        message: "there is no result for the recording".to_owned(),
    })?;
    result.map_err(row_error)
}

fn audio_error(error: AudioError) -> RowError {
    row_error(RecognizeError::from(error))
}

fn row_error(error: RecognizeError) -> RowError {
    RowError { kind: error.kind(), message: error.to_string() }
}

/// Reads standard input to its end; what is long goes to a temporary file.
pub(super) fn read_stdin(limits: &DecodeLimits) -> Result<PipeBuffer, RowError> {
    let name = Path::new("standard input");
    PipeBuffer::read(io::stdin().lock(), name, limits).map_err(audio_error)
}

/// Whether the rows appear on a terminal, one for each completed recording.
fn rows_show(args: &PredictArgs) -> bool {
    args.output.is_none() && args.format() == RowFormat::Table && io::stdout().is_terminal()
}

/// A progress bar on a terminal, for several recordings whose rows do not show the progress already.
fn progress_bar(args: &PredictArgs, inputs: usize) -> ProgressBar {
    if !io::stderr().is_terminal() || inputs < 2 || rows_show(args) {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len}, {eta} left");
    ProgressBar::new(inputs as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
