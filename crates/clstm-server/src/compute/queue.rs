//! The queue of one set of compute threads, and what they do with its work.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use rayon::ThreadPool;

use super::clip::{ClipJob, recognize_batch};
use super::fair_queue::{Batched, FairQueue, Work};
use crate::metrics::{Lane, Metrics};

/// Work that is not batched.
pub(super) type Task = Box<dyn FnOnce() + Send>;

/// The queue of one set of threads.
pub(super) struct Queue {
    waiting: FairQueue<Task, ClipJob>,
    metrics: Metrics,
    /// Threads that take work of the queue.
    threads: usize,
    /// As many threads that share the windows and branches of one batch while there is no other work.
    together: Option<ThreadPool>,
}

impl Batched for ClipJob {
    fn fits(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.model, &other.model)
    }
}

impl Queue {
    /// For `threads` threads, each of which computes its work alone.
    pub(super) fn new(metrics: Metrics, threads: usize) -> Self {
        Self { waiting: FairQueue::new(), metrics, threads, together: None }
    }

    /// While a batch of clips is the only work, it is computed by the threads of this pool.
    pub(super) fn with_pool(self, pool: ThreadPool) -> Self {
        Self { together: Some(pool), ..self }
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

    /// Recognises a batch, on all threads if they are idle.
    fn recognize(&self, jobs: Vec<ClipJob>, long: &Arc<Queue>) {
        match &self.together {
            Some(pool) if self.waiting.is_calm(self.threads) => {
                pool.install(|| recognize_batch(jobs, long));
            }
            _ => recognize_batch(jobs, long),
        }
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
                    let _ = catch_unwind(AssertUnwindSafe(|| self.recognize(jobs, long)));
                    let spent = began.elapsed();
                    self.metrics.computed(Lane::Clips, spent);
                    self.waiting.spent_on_clips(spent);
                }
            }
        }
    }
}
