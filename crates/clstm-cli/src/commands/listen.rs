//! `clstm listen`: emotions of live sound.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clstm::{Recognizer, StreamConfig};

use crate::args::{ListenArgs, ListenFormat};
use crate::failure::Failure;
use crate::interrupt;
use crate::listen::{Lines, Session, Shared, listen, source, summary};
use crate::models;
use crate::notes::{note, warn};
use crate::output::Output;

/// Listens until the sound ends or the user does.
pub(crate) fn run(args: &ListenArgs) -> Result<(), Failure> {
    if args.list_devices {
        return Output::stdout().write(&source::devices()?);
    }
    if args.input.is_none() && a_pipe_comes_in() {
        warn("what is piped in is not heard, the microphone is; --input - hears the pipe");
    }
    let sound = source::open(args)?;
    let recognizer = Recognizer::new(models::open(args.model.as_deref())?)?;
    let config = StreamConfig { hop_s: args.hop, ..StreamConfig::live() };
    let labels = recognizer.labels();
    let session = Session::new(&sound.name, &recognizer.info().name, labels, args.hop);
    let shared = Arc::new(Shared::new(session));
    let stop = interrupt::stop_on_interrupt(|| {})?;
    // A file that cannot be written is told of before anything is shown.
    let format = format(args);
    let lines = |output| Lines { format, labels: labels.to_vec(), output };
    let file = args.output.as_deref().map(|path| Output::open(Some(path))).transpose()?.map(lines);
    let mut view = View::start(args, &shared, stop);
    let lines = match file {
        None if !view.is_shown() => Some(lines(Output::stdout())),
        file => file,
    };
    let goes_on = || !stop.load(Ordering::Relaxed) && view.goes_on();
    let mut heard = listen(sound, &recognizer, &config, &shared, lines, &goes_on);
    if heard.is_ok() && !view.goes_on() {
        heard = Err(Failure::Failed("the live view broke off; --plain does without".to_owned()));
    }
    view.finish();
    // Lines for programs go without; what is said of the wrong use of options has nothing to sum up.
    let people = view.is_shown() || format == ListenFormat::Text;
    if people && !matches!(heard, Err(Failure::Usage(_))) {
        let written = args.output.as_ref().map(|path| path.display().to_string());
        note(summary(&shared.look(), written.as_deref()).trim_end());
    }
    heard
}

fn format(args: &ListenArgs) -> ListenFormat {
    args.format.unwrap_or(match args.output {
        Some(_) => ListenFormat::Jsonl,
        None => ListenFormat::Text,
    })
}

/// Whether somebody has piped something in, as before there were microphones.
fn a_pipe_comes_in() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        std::fs::metadata("/dev/stdin").is_ok_and(|about| about.file_type().is_fifo())
    }
    #[cfg(not(unix))]
    false
}

/// The live view, where there is one.
struct View {
    #[cfg(unix)]
    live: Option<crate::terminal::Drawing>,
}

#[cfg(unix)]
impl View {
    /// On a terminal, unless lines for programs are wanted there, or `--plain`.
    fn start(args: &ListenArgs, shared: &Arc<Shared>, stop: &'static AtomicBool) -> Self {
        let lines = args.output.is_none() && args.format == Some(ListenFormat::Jsonl);
        let wanted = !args.plain && !lines && crate::terminal::Screen::Stdout.is_looked_at();
        Self { live: wanted.then(|| crate::listen::live::start(shared, stop)).flatten() }
    }

    fn is_shown(&self) -> bool {
        self.live.is_some()
    }

    /// Whether it draws, if there is one.
    fn goes_on(&self) -> bool {
        self.live.as_ref().is_none_or(crate::terminal::Drawing::goes_on)
    }

    fn finish(&mut self) {
        if let Some(live) = &mut self.live {
            live.finish();
        }
    }
}

#[cfg(not(unix))]
impl View {
    fn start(_: &ListenArgs, _: &Arc<Shared>, _: &'static AtomicBool) -> Self {
        Self {}
    }

    fn is_shown(&self) -> bool {
        false
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn finish(&mut self) {}
}
