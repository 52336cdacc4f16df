//! Time left, by the speed so far.

use std::time::{Duration, Instant};

/// Steps before the first estimate.
const FIRST_ESTIMATE: usize = 10;

/// Counts the steps of a run and their time.
#[derive(Debug)]
pub(super) struct Eta {
    /// Remaining trainings, with the current one.
    trainings: usize,
    /// Steps that this process has done, and since when.
    done: usize,
    since: Instant,
    /// Steps of the current training, and how many of them are done, by an earlier process or this one.
    whole: usize,
    position: usize,
}

impl Eta {
    /// Of a run of this many trainings.
    pub(super) fn new(trainings: usize) -> Self {
        Self { trainings, done: 0, since: Instant::now(), whole: 0, position: 0 }
    }

    /// A training of `whole` steps starts or continues.
    pub(super) fn started(&mut self, whole: usize) {
        if self.done == 0 {
            self.since = Instant::now();
        }
        (self.whole, self.position) = (whole, 0);
    }

    /// The training's step `position` (from 1) is done.
    pub(super) fn step(&mut self, position: usize) {
        self.done += 1;
        self.position = position;
    }

    /// The current training, or one that was done earlier, is complete.
    pub(super) fn training_done(&mut self) {
        self.trainings = self.trainings.saturating_sub(1);
    }

    /// Whether the last step is the first after which an estimate is useful: the first steps are slower.
    pub(super) fn is_first_estimate(&self) -> bool {
        self.done == FIRST_ESTIMATE
    }

    /// Time left for the training and the run, by the speed so far; empty before the first step.
    pub(super) fn left(&self) -> String {
        if self.done == 0 {
            return String::new();
        }
        let here = self.whole.saturating_sub(self.position);
        let pace = self.since.elapsed().as_secs_f64() / self.done as f64;
        let after = self.trainings.saturating_sub(1);
        let time = |steps: usize| duration(Duration::from_secs_f64(pace * steps as f64));
        match after {
            0 => format!("{} left", time(here)),
            _ => format!("{} left, {} for the run", time(here), time(here + after * self.whole)),
        }
    }
}

/// `48 s`, `12 min`, `3 h 05 min`.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match seconds {
        0..100 => format!("{seconds} s"),
        100..6000 => format!("{} min", (seconds + 30) / 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::duration;

    #[test]
    fn durations_read_naturally() {
        let read = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(read(48), "48 s");
        assert_eq!(read(720), "12 min");
        assert_eq!(read(3 * 3600 + 5 * 60), "3 h 05 min");
    }
}
