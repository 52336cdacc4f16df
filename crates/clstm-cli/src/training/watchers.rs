//! What follows a training: the live view of a terminal or lines, and TensorBoard's files.

use clstm_train::{Event, Observer, Stop, TensorBoard};

#[cfg(unix)]
use super::live::Live;
use super::progress::Progress;
use crate::args::TrainingArgs;
use crate::notes::warn;
#[cfg(unix)]
use crate::terminal::Screen;

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
    /// Says nothing while there is a view.
    lines: Progress,
    #[cfg(unix)]
    live: Option<Live>,
    board: Option<TensorBoard>,
}

impl Watchers {
    /// The live view on a terminal, unless `--plain` or its surroundings ask for lines. The view sets `stop`
    /// where the user asks for it.
    pub(crate) fn start(args: &TrainingArgs, about: &About<'_>, stop: &'static Stop) -> Self {
        let _ = stop; // where there is no live view, nobody hears keys
        Self {
            lines: Progress::new(about.trainings, about.batch),
            #[cfg(unix)]
            live: (!args.plain && Screen::Stderr.is_looked_at())
                .then(|| Live::start(about, stop))
                .flatten(),
            board: args.tensorboard.then(TensorBoard::new),
        }
    }

    /// Gives the terminal back, and says what could not be written.
    pub(crate) fn finish(&mut self) {
        #[cfg(unix)]
        if let Some(mut live) = self.live.take() {
            live.finish();
        }
        if let Some((path, error)) = self.board.as_ref().and_then(TensorBoard::error) {
            warn(&format!("cannot write TensorBoard's files in {}: {error}", path.display()));
        }
    }
}

impl Observer for Watchers {
    fn on_event(&mut self, event: &Event) {
        #[cfg(unix)]
        {
            // A view that failed gives way to lines; the training goes on.
            self.live = self.live.take().filter(Live::is_drawing);
            self.lines.quiet = self.live.is_some();
            if let Some(live) = &mut self.live {
                live.on_event(event);
            }
        }
        self.lines.on_event(event);
        if let Some(board) = &mut self.board {
            board.on_event(event);
        }
    }
}
