//! The threads that compute.
//!
//! Those that hold connections hand work over and wait without blocking. How much may be handed over at
//! once is not decided here: whoever does so holds a permit for it (`App::recordings` and the like), so that
//! no queue grows beyond the limits, and nothing that was taken on is thrown away.

mod clip;
mod queue;
mod timeline;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use clstm::{Recognition, RecognizeError};
use tokio::sync::oneshot;

use crate::ServerError;
use crate::metrics::Metrics;
use crate::models::Served;
use crate::refusal::Refusal;

use clip::ClipJob;
use queue::Queue;

pub(crate) use timeline::{Timeline, TimelineRequest};

/// Bytes of a recording, of whatever kind, which may hold a permit for them.
pub(crate) type Held = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// Two sets of threads: for clips and live sound, which are short work, and for timelines, which may take
/// minutes and must not stand in the way of the others.
pub(crate) struct Compute {
    short: Arc<Queue>,
    long: Arc<Queue>,
    /// Those for short work, of which there are `workers`, and then the others.
    threads: Mutex<Vec<JoinHandle<()>>>,
    workers: usize,
}

impl Compute {
    /// Starts `workers` threads for short work and half as many for long.
    pub(crate) fn start(workers: NonZeroUsize, metrics: &Metrics) -> Result<Self, ServerError> {
        let short = Arc::new(Queue::new(metrics.clone()));
        let long = Arc::new(Queue::new(metrics.clone()));
        let compute = Self {
            short: short.clone(),
            long: long.clone(),
            threads: Mutex::new(Vec::new()),
            workers: workers.get(),
        };
        let threads = workers.get() + workers.get().div_ceil(2);
        for i in 0..threads {
            let (queue, long) = match i < workers.get() {
                true => (short.clone(), long.clone()),
                false => (long.clone(), long.clone()),
            };
            let thread = Builder::new().name(format!("clstm-{i}")).spawn(move || {
                // Work is spread over requests: each thread's products stay on it, without waiting for others.
                let alone = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
                let _pool = alone.build();
                queue.work(&long);
            });
            // Dropped on failure, `compute` ends those that were started.
            let thread = thread.map_err(ServerError::system("start a thread"))?;
            compute.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        Ok(compute)
    }

    /// The answer to a recording, together with others that wait for the same model.
    pub(crate) async fn recognize(
        &self,
        served: Arc<Served>,
        bytes: Held,
    ) -> Result<Recognition, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.short.push_clip(ClipJob { served, bytes, reply });
        answer.await.map_err(|_| Refusal::internal())?.map_err(RecognizeError::into)
    }

    /// Work on live sound.
    pub(crate) async fn live<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.short.push_live(Box::new(move || {
            // Nobody listens where the connection has gone.
            let _ = reply.send(work());
        }));
        answer.await.map_err(|_| Refusal::internal())
    }

    /// The timeline of a recording.
    pub(crate) async fn timeline(&self, request: TimelineRequest) -> Result<Timeline, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.long.push_live(Box::new(move || {
            let timeline = request.hear(|| reply.is_closed());
            let _ = reply.send(timeline);
        }));
        answer.await.map_err(|_| Refusal::internal())?
    }

    /// Ends the threads once all work is done. Blocks.
    pub(crate) fn finish(&self) {
        let mut short =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let long = short.split_off(self.workers.min(short.len()));
        // In this order: short work may hand over to long.
        for (queue, threads) in [(&self.short, short), (&self.long, long)] {
            queue.end();
            for thread in threads {
                // A worker outlives the panics of its work.
                let _ = thread.join();
            }
        }
    }
}

impl Drop for Compute {
    fn drop(&mut self) {
        self.short.end();
        self.long.end();
    }
}
