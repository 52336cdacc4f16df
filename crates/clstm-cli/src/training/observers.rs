//! Observers of a training: the live view or lines, and TensorBoard's files.

use clstm_train::{Event, Observer, StopFlag, TensorBoard};

use super::live::Live;
use super::progress::Progress;
use crate::args::TrainingArgs;
use crate::messages::warn;
use crate::terminal::Screen;
use crate::text::PathText;

/// A run, for the view.
pub(crate) struct RunDescription<'a> {
    /// Corpus and preset.
    pub(crate) title: String,
    /// Class names.
    pub(crate) labels: &'a [String],
    /// Trainings of the run.
    pub(crate) trainings: usize,
    /// Utterances a step.
    pub(crate) batch: usize,
}

/// Passes events to all observers.
pub(crate) struct Observers {
    /// Quiet while there is a view.
    lines: Progress,
    live: Option<Live>,
    board: Option<TensorBoard>,
    /// For the end, where there is a live view.
    warnings: Vec<String>,
}

impl Observers {
    /// The live view on a terminal, unless `--plain` or its surroundings ask for lines. The view sets `stop`
    /// where the user asks for it.
    pub(crate) fn start(
        args: &TrainingArgs,
        about: &RunDescription<'_>,
        stop: &'static StopFlag,
    ) -> Self {
        Self {
            lines: Progress::new(about.trainings, about.batch),
            live: (!args.no_tui && Screen::Stderr.suits_live_view())
                .then(|| Live::start(about, stop))
                .flatten(),
            board: args.tensorboard.then(TensorBoard::new),
            warnings: Vec::new(),
        }
    }

    /// Restores the terminal, and warns of event files that could not be written.
    pub(crate) fn finish(&mut self) {
        if let Some(mut live) = self.live.take() {
            live.finish();
        }
        self.warnings.drain(..).for_each(|warning| warn(&warning));
        if let Some((path, error)) = self.board.as_ref().and_then(TensorBoard::error) {
            warn(&format!("cannot write TensorBoard's files in {}: {error}", path.text()));
        }
    }
}

impl Observer for Observers {
    fn on_event(&mut self, event: &Event) {
        // A view that failed is replaced by lines; the training continues.
        self.live = self.live.take().filter(Live::is_drawing);
        self.lines.quiet = self.live.is_some();
        if let Some(live) = &mut self.live {
            live.on_event(event);
        }
        self.lines.on_event(event);
        if let Event::CheckpointDamaged { path, reason } = event {
            let path = path.text();
            let warning =
                format!("{path}: {reason}; the training continues from the checkpoint before");
            match self.live {
                Some(_) => self.warnings.push(warning),
                None => warn(&warning),
            }
        }
        if let Some(board) = &mut self.board {
            board.on_event(event);
        }
    }
}
