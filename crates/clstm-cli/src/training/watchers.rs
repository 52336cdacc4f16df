//! What follows a training: the live view of a terminal or lines, and TensorBoard's files.

use std::io::IsTerminal;

use clstm_train::{Event, Observer, Stop, TensorBoard};

#[cfg(unix)]
use super::live::Live;
use super::progress::Progress;
use crate::args::TrainingArgs;
use crate::notes::warn;

/// A run as the view names it.
pub(crate) struct About<'a> {
    /// What is trained on what.
    pub(crate) title: String,
    /// Class names.
    pub(crate) labels: &'a [String],
    /// Trainings of the run.
    pub(crate) trainings: usize,
    /// Utterances a step.
    pub(crate) batch: usize,
}

/// Passes the news on.
pub(crate) struct Watchers {
    view: View,
    board: Option<TensorBoard>,
}

enum View {
    Lines(Box<Progress>),
    #[cfg(unix)]
    Live(Live),
}

impl Watchers {
    /// The live view on a terminal, unless `--plain` or its surroundings ask for lines. The view sets `stop`
    /// where the user asks for it.
    pub(crate) fn start(args: &TrainingArgs, about: &About<'_>, stop: &'static Stop) -> Self {
        let board = args.tensorboard.then(TensorBoard::new);
        Self { view: view(args, about, stop), board }
    }

    /// Gives the terminal back, and says what could not be written.
    pub(crate) fn finish(&mut self) {
        #[cfg(unix)]
        if let View::Live(live) = &mut self.view {
            live.finish();
        }
        if let Some((path, error)) = self.board.as_ref().and_then(TensorBoard::error) {
            warn(&format!("cannot write TensorBoard's files in {}: {error}", path.display()));
        }
    }
}

impl Observer for Watchers {
    fn on_event(&mut self, event: &Event) {
        match &mut self.view {
            View::Lines(progress) => progress.on_event(event),
            #[cfg(unix)]
            View::Live(live) => live.on_event(event),
        }
        if let Some(board) = &mut self.board {
            board.on_event(event);
        }
    }
}

fn view(args: &TrainingArgs, about: &About<'_>, stop: &'static Stop) -> View {
    let lines = View::Lines(Box::new(Progress::new(about.trainings, about.batch)));
    if args.plain || !std::io::stderr().is_terminal() || !is_interactive() {
        return lines;
    }
    #[cfg(unix)]
    if let Some(live) = Live::start(about, stop) {
        return View::Live(live);
    }
    let _ = stop; // only the live view hears keys
    lines
}

/// Whether whoever runs this looks at a screen: not in continuous integration, whose logs may look like a
/// terminal, and not on one without cursor movement.
fn is_interactive() -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    set("CI").is_none() && set("TERM").is_some_and(|term| term != "dumb")
}
