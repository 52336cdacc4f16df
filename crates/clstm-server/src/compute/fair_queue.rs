//! A queue of two kinds of work, live streams and clips, that share the time of the threads.

use std::collections::VecDeque;
use std::time::Duration;

// Of the parent, so that `loom/` can check the same code with the types of loom.
use super::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Maximum number of clips in one batch: two groups of the kernels, which process up to eight utterances together. Larger
/// batches would delay their first clip and not take less time for each.
const BATCH: usize = 16;

/// Where both wait, live streams get this many times the time of clips: live audio cannot wait.
const LIVE_SHARE: u32 = 3;

/// Work that a thread may do together with other work.
pub(super) trait Batched {
    /// Whether both may be in one batch.
    fn fits(&self, other: &Self) -> bool;
}

/// What a thread does next.
pub(super) enum Work<L, C> {
    Live(L),
    /// At least one; all fit the first.
    Clips(Vec<C>),
}

/// The queue of one set of threads.
pub(super) struct FairQueue<L, C> {
    waiting: Mutex<Waiting<L, C>>,
    /// Signalled when work is pushed and when the queue ends.
    changed: Condvar,
}

struct Waiting<L, C> {
    live: VecDeque<L>,
    clips: VecDeque<C>,
    /// Weighted time spent on each. Where both wait, the one with less is next.
    live_time: Duration,
    clip_time: Duration,
    /// Threads that wait for work.
    idle: usize,
    ended: bool,
}

impl<L, C: Batched> FairQueue<L, C> {
    pub(super) fn new() -> Self {
        let waiting = Waiting {
            live: VecDeque::new(),
            clips: VecDeque::new(),
            live_time: Duration::ZERO,
            clip_time: Duration::ZERO,
            idle: 0,
            ended: false,
        };
        Self { waiting: Mutex::new(waiting), changed: Condvar::new() }
    }

    pub(super) fn push_live(&self, work: L) {
        let mut waiting = self.lock();
        if waiting.live.is_empty() {
            // A lane does not accumulate credit while it is empty.
            waiting.live_time = waiting.live_time.max(waiting.clip_time);
        }
        waiting.live.push_back(work);
        drop(waiting);
        self.changed.notify_one();
    }

    pub(super) fn push_clip(&self, work: C) {
        let mut waiting = self.lock();
        if waiting.clips.is_empty() {
            waiting.clip_time = waiting.clip_time.max(waiting.live_time);
        }
        waiting.clips.push_back(work);
        drop(waiting);
        self.changed.notify_one();
    }

    /// Whether nothing waits and all of the queue's `threads` but the calling one do.
    pub(super) fn is_calm(&self, threads: usize) -> bool {
        let waiting = self.lock();
        waiting.live.is_empty() && waiting.clips.is_empty() && waiting.idle + 1 >= threads
    }

    /// Marks the end: [`next`](Self::next) returns what is queued, then `None`.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Waits for work; `None` after the end.
    pub(super) fn next(&self) -> Option<Work<L, C>> {
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

    /// Counts time that a thread spent on live work.
    pub(super) fn spent_on_live(&self, time: Duration) {
        self.lock().live_time += time / LIVE_SHARE;
    }

    /// Counts time that a thread spent on clips.
    pub(super) fn spent_on_clips(&self, time: Duration) {
        self.lock().clip_time += time;
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<L, C>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<L, C: Batched> Waiting<L, C> {
    fn pop(&mut self) -> Option<Work<L, C>> {
        let live_first = self.clips.is_empty() || self.live_time <= self.clip_time;
        if live_first && let Some(work) = self.live.pop_front() {
            return Some(Work::Live(work));
        }
        // Leave their part of the waiting clips to idle threads.
        let most = self.clips.len().div_ceil(self.idle + 1).min(BATCH);
        let mut group = vec![self.clips.pop_front()?];
        let mut at = 0;
        while group.len() < most && at < self.clips.len() {
            if group[0].fits(&self.clips[at]) {
                group.extend(self.clips.remove(at));
            } else {
                at += 1;
            }
        }
        Some(Work::Clips(group))
    }
}
