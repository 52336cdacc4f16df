//! What waits for a worker, and who comes next.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::clip::{ClipJob, answer_all};
use crate::metrics::{Lane, Metrics};

/// Clips recognised together: a group of the kernels.
pub(super) const GROUP: usize = 16;

/// Live sound gets this many times the time of clips where both wait: it cannot come later.
const LIVE_SHARE: u32 = 3;

/// Work that is done as it stands.
pub(super) type Task = Box<dyn FnOnce() + Send>;

/// Work of one set of threads.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// Something waits, or the end has come.
    changed: Condvar,
    metrics: Metrics,
}

#[derive(Default)]
struct Waiting {
    live: VecDeque<Task>,
    clips: VecDeque<ClipJob>,
    /// Time that was spent on each, in shares: where both wait, the one with less comes next.
    live_spent: Duration,
    clips_spent: Duration,
    /// Workers without work.
    idle: usize,
    ended: bool,
}

/// What a worker does next.
enum Turn {
    Live(Task),
    Clips(Vec<ClipJob>),
}

impl Queue {
    pub(super) fn new(metrics: Metrics) -> Self {
        Self { waiting: Mutex::default(), changed: Condvar::new(), metrics }
    }

    pub(super) fn push_live(&self, task: Task) {
        let mut waiting = self.waiting();
        if waiting.live.is_empty() {
            // Whoever had nothing to do has saved nothing up.
            waiting.live_spent = waiting.live_spent.max(waiting.clips_spent);
        }
        waiting.live.push_back(task);
        drop(waiting);
        self.changed.notify_one();
    }

    pub(super) fn push_clip(&self, job: ClipJob) {
        let mut waiting = self.waiting();
        if waiting.clips.is_empty() {
            waiting.clips_spent = waiting.clips_spent.max(waiting.live_spent);
        }
        waiting.clips.push_back(job);
        drop(waiting);
        self.changed.notify_one();
    }

    /// No more work comes than what is there.
    pub(super) fn end(&self) {
        self.waiting().ended = true;
        self.changed.notify_all();
    }

    /// Works until the end; clips that turn out long go to `long`.
    pub(super) fn work(&self, long: &Arc<Queue>) {
        while let Some(turn) = self.next() {
            let began = Instant::now();
            let lane = match turn {
                Turn::Live(task) => {
                    // Whoever waits for a task that panics sees its reply dropped.
                    let _ = catch_unwind(AssertUnwindSafe(task));
                    Lane::Live
                }
                Turn::Clips(jobs) => {
                    self.metrics.grouped(jobs.len());
                    let _ = catch_unwind(AssertUnwindSafe(|| answer_all(jobs, long)));
                    Lane::Clips
                }
            };
            let spent = began.elapsed();
            self.metrics.computed(lane, spent);
            let mut waiting = self.waiting();
            match lane {
                Lane::Live => waiting.live_spent += spent / LIVE_SHARE,
                Lane::Clips => waiting.clips_spent += spent,
            }
        }
    }

    /// Waits for work; `None` at the end.
    fn next(&self) -> Option<Turn> {
        let mut waiting = self.waiting();
        loop {
            if let Some(turn) = waiting.turn() {
                return Some(turn);
            }
            if waiting.ended {
                return None;
            }
            waiting.idle += 1;
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            waiting.idle -= 1;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn turn(&mut self) -> Option<Turn> {
        let live_first = self.clips.is_empty() || self.live_spent <= self.clips_spent;
        if live_first && let Some(task) = self.live.pop_front() {
            return Some(Turn::Live(task));
        }
        // Those without work take their share of what waits.
        let most = self.clips.len().div_ceil(self.idle + 1).min(GROUP);
        let first = self.clips.pop_front()?;
        let served = first.served.clone();
        let mut group = vec![first];
        let mut at = 0;
        while group.len() < most && at < self.clips.len() {
            if Arc::ptr_eq(&self.clips[at].served, &served) {
                group.extend(self.clips.remove(at));
            } else {
                at += 1;
            }
        }
        Some(Turn::Clips(group))
    }
}
