//! The queue of one set of compute threads, with fair sharing between live streams and clips.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::clip::{ClipJob, recognize_batch};
use crate::metrics::{Lane, Metrics};

/// Maximum number of clips in one batch: two groups of the kernels, which process up to eight utterances together. Larger
/// batches would delay their first clip and not take less time for each.
pub(super) const BATCH: usize = 16;

/// Where both wait, live streams get this many times the time of clips: live audio cannot wait.
const LIVE_SHARE: u32 = 3;

/// Work that is not batched.
pub(super) type Task = Box<dyn FnOnce() + Send>;

/// The queue of one set of threads.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// Signalled when work is pushed and when the queue ends.
    changed: Condvar,
    metrics: Metrics,
}

#[derive(Default)]
struct Waiting {
    live: VecDeque<Task>,
    clips: VecDeque<ClipJob>,
    /// Weighted time spent on each. Where both wait, the one with less is next.
    stream_time: Duration,
    clip_time: Duration,
    /// Threads that wait for work.
    idle: usize,
    ended: bool,
}

/// What a thread does next.
enum Work {
    Live(Task),
    Clips(Vec<ClipJob>),
}

impl Queue {
    pub(super) fn new(metrics: Metrics) -> Self {
        Self { waiting: Mutex::default(), changed: Condvar::new(), metrics }
    }

    pub(super) fn push_task(&self, task: Task) {
        let mut waiting = self.lock();
        if waiting.live.is_empty() {
            // A lane does not accumulate credit while it is empty.
            waiting.stream_time = waiting.stream_time.max(waiting.clip_time);
        }
        waiting.live.push_back(task);
        drop(waiting);
        self.changed.notify_one();
    }

    pub(super) fn push_clip(&self, job: ClipJob) {
        let mut waiting = self.lock();
        if waiting.clips.is_empty() {
            waiting.clip_time = waiting.clip_time.max(waiting.stream_time);
        }
        waiting.clips.push_back(job);
        drop(waiting);
        self.changed.notify_one();
    }

    /// Marks the end: threads finish what is queued and return.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Runs work until the end; long clips are moved to `long`.
    pub(super) fn work(&self, long: &Arc<Queue>) {
        while let Some(work) = self.next() {
            let began = Instant::now();
            let lane = match work {
                Work::Live(task) => {
                    // If a task panics, its reply channel is dropped, which the caller reports.
                    let _ = catch_unwind(AssertUnwindSafe(task));
                    Lane::Live
                }
                Work::Clips(jobs) => {
                    self.metrics.batch(jobs.len());
                    let _ = catch_unwind(AssertUnwindSafe(|| recognize_batch(jobs, long)));
                    Lane::Clips
                }
            };
            let spent = began.elapsed();
            self.metrics.computed(lane, spent);
            let mut waiting = self.lock();
            match lane {
                Lane::Live => waiting.stream_time += spent / LIVE_SHARE,
                Lane::Clips => waiting.clip_time += spent,
            }
        }
    }

    /// Waits for work; `None` after the end.
    fn next(&self) -> Option<Work> {
        let mut waiting = self.lock();
        loop {
            if let Some(work) = waiting.pop() {
                return Some(work);
            }
            if waiting.ended {
                return None;
            }
            waiting.idle += 1;
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            waiting.idle -= 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn pop(&mut self) -> Option<Work> {
        let live_first = self.clips.is_empty() || self.stream_time <= self.clip_time;
        if live_first && let Some(task) = self.live.pop_front() {
            return Some(Work::Live(task));
        }
        // Leave their part of the waiting clips to idle threads.
        let most = self.clips.len().div_ceil(self.idle + 1).min(BATCH);
        let first = self.clips.pop_front()?;
        let model = first.model.clone();
        let mut group = vec![first];
        let mut at = 0;
        while group.len() < most && at < self.clips.len() {
            if Arc::ptr_eq(&self.clips[at].model, &model) {
                group.extend(self.clips.remove(at));
            } else {
                at += 1;
            }
        }
        Some(Work::Clips(group))
    }
}
