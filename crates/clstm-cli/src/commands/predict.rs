//! `clstm predict`: labels recordings.

mod progress;
mod resume;
mod timeline;

use std::io::{self, IsTerminal, Read};
use std::path::Path;

use clstm::audio::DecodeLimits;
use clstm::nn::Precision;
use clstm::{ModelInfo, RecognizeError, Recognizer};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{PredictArgs, RowFormat};
use crate::cells::Column;
use crate::devices;
use crate::failure::Failure;
use crate::in_order::in_order;
use crate::inputs::{self, Input, RowError, Source};
use crate::models;
use crate::notes::note;
use crate::output::Output;
use crate::row_sink::RowSink;
use crate::rows::{Answer, Rows};
use crate::table::percent;

/// Answers every recording, in the order asked for.
pub(crate) fn run(args: &PredictArgs) -> Result<(), Failure> {
    let precision = precision(args);
    let device = devices::open(args.device, precision)?;
    let recognizer =
        Recognizer::on(models::open(args.model.as_deref())?, &device)?.with_precision(precision)?;
    let threshold = threshold(args, recognizer.info())?;
    let inputs = inputs::expand(&args.paths)?;
    if let Some(output) = &args.output {
        spare_recordings(output, &inputs)?;
    }
    if args.timeline {
        return timeline::run(args, &recognizer, inputs, threshold);
    }
    if let Some(extension) = crate::timeline::extension(args.format) {
        let message = format!("--format {extension} shows what is heard when: add --timeline");
        return Err(Failure::Usage(message));
    }
    let info = recognizer.info();
    let paths = inputs.iter().map(|input| input.path.as_str());
    let rows = Rows::new(args.format, &info.labels, &info.name, paths).abstaining(threshold);
    let (mut output, inputs) =
        open_rows(args, &rows.header(), || rows.columns(), &info.name, inputs)?;

    let bar = progress_bar(args, inputs.len());
    let (mut failed, mut unsure) = (0, 0);
    let work = |index: usize| {
        let input: &Input = &inputs[index];
        Answer { path: input.path.clone(), outcome: answer(&recognizer, input) }
    };
    in_order(inputs.len(), work, |answer| {
        bar.suspend(|| output.write(|| rows.row(&answer), || vec![rows.cells(&answer)]))?;
        bar.inc(1);
        unsure += usize::from(rows.abstains(&answer) == Some(true));
        failed += usize::from(answer.outcome.is_err());
        Ok(failed == 0 || !args.fail_fast)
    })?;
    bar.finish_and_clear();
    output.finish()?;
    if let Some(threshold) = threshold {
        let (of, below) = (inputs.len(), percent(threshold));
        note(&format!("abstained from {unsure} of {of} recordings, less sure than {below}"));
    }
    failures(failed, inputs.len(), args.fail_fast)
}

/// Of single recordings such that answers are those of the model's tests; along the time of long ones the faster one.
fn precision(args: &PredictArgs) -> Precision {
    match args.timeline {
        true => devices::precision_along_time(args.device, args.precision),
        false => args.precision.unwrap_or_default(),
    }
}

/// Where rows go, the header written, and the recordings that they are still to come of.
fn open_rows(
    args: &PredictArgs,
    header: &str,
    columns: impl FnOnce() -> Vec<Column>,
    model: &str,
    mut inputs: Vec<Input>,
) -> Result<(RowSink, Vec<Input>), Failure> {
    let output = args.output.as_deref();
    if args.format == RowFormat::Parquet && !args.resume {
        return Ok((RowSink::parquet(output, columns())?, inputs));
    }
    let Some(file) = output.filter(|_| args.resume) else {
        let mut output = Output::open(output)?;
        output.write(header)?;
        return Ok((RowSink::Text(output), inputs));
    };
    let finished = resume::finished(file, args.format, header, model, args.timeline)?;
    let count = inputs.len();
    inputs.retain(|input| !finished.contains(&input.path));
    if count > inputs.len() {
        note(&format!("{} of {count} recordings are done", count - inputs.len()));
    }
    let mut output = Output::append(file)?;
    // An empty file has no header yet.
    if std::fs::metadata(file).is_ok_and(|file| file.len() == 0) {
        output.write(header)?;
    }
    Ok((RowSink::Text(output), inputs))
}

/// Tells of recordings that failed.
pub(super) fn failures(failed: usize, of: usize, fail_fast: bool) -> Result<(), Failure> {
    match failed {
        0 => return Ok(()),
        _ if fail_fast => note("clstm: stopped at the first recording that failed (--fail-fast)"),
        failed => note(&format!("clstm: no answer to {failed} of {of} recordings")),
    }
    Err(Failure::Told)
}

/// The confidence below which it abstains, where it is to.
fn threshold(args: &PredictArgs, info: &ModelInfo) -> Result<Option<f64>, Failure> {
    let Some(asked) = args.abstain else { return Ok(None) };
    // Written with a space, the threshold of --abstain becomes a recording.
    let stray = args.paths.iter().find(|path| {
        let number = path.to_str().and_then(|text| text.parse::<f64>().ok());
        asked.is_none() && number.is_some() && !path.exists()
    });
    if let Some(stray) = stray {
        let stray = stray.display();
        let message = format!("there is no file {stray}; a threshold is --abstain={stray}");
        return Err(Failure::Usage(message));
    }
    let recommended = || info.calibration.as_ref()?.abstention.map(|point| point.threshold);
    match asked.or_else(recommended) {
        Some(threshold) => Ok(Some(threshold)),
        None => Err(Failure::Usage(format!(
            "the model {} recommends no threshold; name one, such as --abstain=0.6",
            info.name
        ))),
    }
}

/// The answer to a recording.
fn answer(recognizer: &Recognizer, input: &Input) -> Result<clstm::Recognition, RowError> {
    let told = |error: RecognizeError| RowError { kind: error.kind(), message: error.to_string() };
    match &input.source {
        Source::File(path) => recognizer.recognize_file(path).map_err(told),
        Source::Stdin => {
            let bytes = read_stdin(DecodeLimits::default().max_bytes)?;
            recognizer.recognize_bytes(bytes, None).map_err(told)
        }
        Source::Failed(error) => Err(error.clone()),
    }
}

/// All of standard input, and of what is too long one byte more than `limit`, which tells the decoder.
pub(super) fn read_stdin(limit: u64) -> Result<Vec<u8>, RowError> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| RowError {
        kind: "io",
        message: format!("cannot read standard input: {error}"),
    })?;
    Ok(bytes)
}

/// Refuses to write the results over one of the recordings.
fn spare_recordings(output: &Path, inputs: &[Input]) -> Result<(), Failure> {
    let Ok(output) = output.canonicalize() else { return Ok(()) };
    let same = inputs.iter().any(|input| match &input.source {
        Source::File(path) => path.canonicalize().is_ok_and(|path| path == output),
        _ => false,
    });
    if same {
        let message = format!("--output {} is one of the recordings", output.display());
        return Err(Failure::Usage(message));
    }
    Ok(())
}

/// Whether the rows appear on a terminal, one for each recording that is done.
fn rows_show(args: &PredictArgs) -> bool {
    args.output.is_none() && args.format == RowFormat::Table && io::stdout().is_terminal()
}

/// A bar on a terminal, where there is something to wait for and the rows do not show it already.
fn progress_bar(args: &PredictArgs, inputs: usize) -> ProgressBar {
    if !io::stderr().is_terminal() || inputs < 2 || rows_show(args) {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len}, {eta} left");
    ProgressBar::new(inputs as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
