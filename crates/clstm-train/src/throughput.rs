//! The throughput of a training.

use std::time::Instant;

/// Counts the clips and the time of an epoch.
#[derive(Debug)]
pub struct Throughput {
    train: usize,
    steps: usize,
    /// When the epoch (or this process's part of it) began, and after which step.
    began: Instant,
    first: usize,
    /// The last step of it, and when it ended.
    last: Option<(usize, Instant)>,
    /// Whether a step of this process has been counted.
    counted: bool,
}

impl Throughput {
    /// Of a training of `train` utterances in `steps` steps an epoch, from now on.
    #[must_use]
    pub fn new(train: usize, steps: usize) -> Self {
        Self { train, steps, began: Instant::now(), first: 0, last: None, counted: false }
    }

    /// A step of the epoch (from 1) is done. The first one of a process may be in the middle.
    pub fn step(&mut self, step: usize) {
        if !self.counted {
            self.first = step.saturating_sub(1);
            self.counted = true;
        }
        self.last = Some((step, Instant::now()));
    }

    /// Clips per second so far in the epoch, without evaluations.
    #[must_use]
    pub fn clips(&self) -> f64 {
        let Some((step, at)) = self.last else { return 0.0 };
        let seconds = at.duration_since(self.began).as_secs_f64();
        let share = step.saturating_sub(self.first) as f64 / self.steps.max(1) as f64;
        share * self.train as f64 / seconds.max(1e-9)
    }

    /// The epoch is done: its clips a second; the next begins now.
    pub fn epoch(&mut self) -> f64 {
        let clips = self.clips();
        (self.began, self.first, self.last) = (Instant::now(), 0, None);
        clips
    }
}
