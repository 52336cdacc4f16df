//! The queue of one set of compute threads, and what they do with its work.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use super::clip::{ClipJob, recognize_batch};
use super::fair_queue::{Batched, FairQueue, Work};
use crate::metrics::{Lane, Metrics};

/// Work that is not batched.
pub(super) type Task = Box<dyn FnOnce() + Send>;

/// The queue of one set of threads.
pub(super) struct Queue {
    waiting: FairQueue<Task, ClipJob>,
    metrics: Metrics,
}

impl Batched for ClipJob {
    fn fits(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.model, &other.model)
    }
}

impl Queue {
    pub(super) fn new(metrics: Metrics) -> Self {
        Self { waiting: FairQueue::new(), metrics }
    }

    pub(super) fn push_task(&self, task: Task) {
        self.waiting.push_live(task);
    }

    pub(super) fn push_clip(&self, job: ClipJob) {
        self.waiting.push_clip(job);
    }

    /// Marks the end: threads finish what is queued and return.
    pub(super) fn end(&self) {
        self.waiting.end();
    }

    /// Runs work until the end; long clips are moved to `long`.
    pub(super) fn work(&self, long: &Arc<Queue>) {
        while let Some(work) = self.waiting.next() {
            let began = Instant::now();
            match work {
                Work::Live(task) => {
                    // If a task panics, its reply channel is dropped, which the caller reports.
                    let _ = catch_unwind(AssertUnwindSafe(task));
                    let spent = began.elapsed();
                    self.metrics.computed(Lane::Live, spent);
                    self.waiting.spent_on_live(spent);
                }
                Work::Clips(jobs) => {
                    self.metrics.batch(jobs.len());
                    let _ = catch_unwind(AssertUnwindSafe(|| recognize_batch(jobs, long)));
                    let spent = began.elapsed();
                    self.metrics.computed(Lane::Clips, spent);
                    self.waiting.spent_on_clips(spent);
                }
            }
        }
    }
}
