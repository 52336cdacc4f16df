//! `clstm listen`: emotions in live audio.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clstm::{ChannelSelection, Recognizer, StreamConfig};

use crate::args::{ListenArgs, ListenFormat};
use crate::error::CliError;
use crate::interrupt;
use crate::listen::{Lines, Session, Shared, listen, live, source, summary};
use crate::messages::{note, warn};
use crate::output::{Output, OutputGuard};
use crate::resolve::model;
use crate::terminal::{RenderThread, Screen};
use crate::text::PathText;

/// Processes audio until it ends or the user stops it.
pub(crate) fn run(args: &ListenArgs) -> Result<(), CliError> {
    if args.list_devices {
        return Output::stdout().print(&source::devices()?);
    }
    if args.input.is_none() && stdin_is_pipe() {
        warn("standard input is ignored while the microphone is in use; --input - reads it");
    }
    let sound = source::open(args)?;
    let recognizer = Recognizer::new(model::open(args.model.as_deref())?)?;
    let live = StreamConfig::live();
    let lookahead_s = args.lookahead.or(live.lookahead_s);
    let config = StreamConfig { hop_s: args.hop, lookahead_s, ..live };
    let labels = recognizer.labels();
    let input = sound.name.clone();
    let session = Session::new(&input, &recognizer.info().name, labels, args.hop)
        .with_dimensions(&recognizer.info().dimensions);
    let shared = Arc::new(Shared::new(session));
    let stop = interrupt::stop_on_interrupt("")?;
    let mut guard = OutputGuard::new(args.force);
    guard.model("the model", args.model.as_deref());
    match args.input.as_deref() {
        Some(path) if path.as_os_str() == "-" => guard.standard_input(),
        path => guard.optional_input("the input", path),
    }
    // Before the view: an error about the file stays visible.
    let format = format(args);
    let dimensions = &recognizer.info().dimensions;
    let channels = args.channel != ChannelSelection::Mix;
    let lines = |output| Lines {
        format,
        labels: labels.to_vec(),
        dimensions: dimensions.clone(),
        channels,
        output,
    };
    let file = match args.output.as_deref() {
        Some(path) => Some(lines(guard.create("--output", Some(path))?)),
        None => None,
    };
    let mut view = start_view(args, &shared, stop);
    let lines = match file {
        None if view.is_none() => Some(lines(Output::stdout())),
        file => file,
    };
    let is_drawing = || view.as_ref().is_none_or(RenderThread::is_drawing);
    let running = || !stop.load(Ordering::Relaxed) && is_drawing();
    let mut result = listen(sound, &recognizer, (args.channel, &config), &shared, lines, &running);
    if result.is_ok() && !is_drawing() {
        result = Err(CliError::Failed("the live view failed; try --no-tui".to_owned()));
    }
    let shown = view.is_some();
    if let Some(view) = &mut view {
        view.finish();
    }
    // Lines for programs have no summary, nor has wrong usage.
    let people = shown || format == ListenFormat::Text;
    let damage = shared.lock().damage.clone();
    if let Some(damage) = damage {
        let message = format!("{input}: {damage}");
        match (args.strict && result.is_ok(), people) {
            (true, _) => result = Err(CliError::Failed(message)),
            // The summary has it.
            (false, true) => {}
            (false, false) => warn(&message),
        }
    }
    if people && !matches!(result, Err(CliError::Usage(_))) {
        let written = args.output.as_ref().map(|path| path.text());
        note(summary(&shared.lock(), written.as_deref()).trim_end());
    }
    result
}

fn format(args: &ListenArgs) -> ListenFormat {
    args.format.unwrap_or(match args.output {
        Some(_) => ListenFormat::Jsonl,
        None => ListenFormat::Text,
    })
}

/// Whether standard input is a pipe.
fn stdin_is_pipe() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        std::fs::metadata("/dev/stdin").is_ok_and(|about| about.file_type().is_fifo())
    }
    #[cfg(not(unix))]
    false
}

/// The live view on a terminal, unless lines for programs are wanted there, or `--no-tui` is given.
fn start_view(
    args: &ListenArgs,
    shared: &Arc<Shared>,
    stop: &'static AtomicBool,
) -> Option<RenderThread> {
    let lines = args.output.is_none() && args.format == Some(ListenFormat::Jsonl);
    // The view has one channel.
    let each = args.channel == ChannelSelection::Each;
    let wanted = !args.no_tui && !lines && !each && Screen::Stdout.suits_live_view();
    wanted.then(|| live::start(shared, stop)).flatten()
}
