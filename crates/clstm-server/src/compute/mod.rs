//! The compute threads.
//!
//! I/O tasks hand work over and wait without blocking. The queues have no limit of their own: a caller holds a
//! permit for what it hands over (`AppState::recordings` and the like), so that no queue grows beyond the
//! limits and nothing that was accepted is dropped.

mod channels;
mod clip;
mod fair_queue;
mod queue;
mod spans;
mod timeline;

/// What the queue synchronises with.
mod sync {
    pub(super) use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
}

use std::io;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use clstm::audio::{AudioError, Damage};
use clstm::{ChannelSelection, RecognizeError};
use tokio::sync::oneshot;

use crate::ServerError;
use crate::api_error::ApiError;
use crate::decode::{self, Chunk, Samples, WorkerPool};
use crate::metrics::Metrics;
use crate::models::LoadedModel;

use clip::{ClipInput, ClipJob};
use queue::Queue;
use timeline::TimelineBuilder;

pub(crate) use channels::{ChannelsRequest, RecognizedChannel};
pub(crate) use clip::Recognized;
pub(crate) use spans::SpanRequest;
pub(crate) use timeline::{Timeline, TimelineRequest};

/// Decoded samples that are handed over to a compute thread at once, in seconds.
const PIECE_S: usize = 16;

/// An encoded recording, which may hold permits for its bytes.
pub(crate) type RequestBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// Two sets of threads: one for clips and streams, which are short work, and one for timelines and long clips,
/// which may take minutes and must not delay the others.
pub(crate) struct Compute {
    short: Arc<Queue>,
    long: Arc<Queue>,
    /// First the `short_threads` threads for short work, then the others.
    threads: Mutex<Vec<JoinHandle<()>>>,
    short_threads: usize,
    /// Workers that decode uploads; without them the compute threads do.
    decoders: Option<Decoders>,
}

/// Pools of decode workers. Timelines keep a worker for as long as they take, so they have their own.
pub(crate) struct Decoders {
    pub(crate) clips: Arc<WorkerPool>,
    pub(crate) timelines: Arc<WorkerPool>,
}

impl Compute {
    /// Starts `threads` threads for short work and half as many, rounded up, for long work.
    pub(crate) fn start(
        threads: NonZeroUsize,
        decoders: Option<Decoders>,
        metrics: &Metrics,
    ) -> Result<Self, ServerError> {
        let all = threads.get() + threads.get().div_ceil(2);
        let mut short = Queue::new(metrics.clone(), threads.get());
        if threads.get() > 1 {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.get());
            let pool = pool.thread_name(|index| format!("clstm-together-{index}")).build();
            let failed = |error| ServerError::system("start a thread")(io::Error::other(error));
            short = short.with_pool(pool.map_err(failed)?);
        }
        let short = Arc::new(short);
        let long = Arc::new(Queue::new(metrics.clone(), all - threads.get()));
        let compute = Self {
            short: short.clone(),
            long: long.clone(),
            threads: Mutex::new(Vec::new()),
            short_threads: threads.get(),
            decoders,
        };
        for i in 0..all {
            let (queue, long) = match i < threads.get() {
                true => (short.clone(), long.clone()),
                false => (long.clone(), long.clone()),
            };
            let thread = Builder::new().name(format!("clstm-{i}")).spawn(move || {
                // Parallelism is over requests: the kernels of a thread stay on that thread, but for a batch of clips
                // that is the only work.
                let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
                let _pool = pool.build();
                queue.work(&long);
            });
            // On failure `compute` is dropped, which ends the threads that were started.
            let thread = thread.map_err(ServerError::system("start a thread"))?;
            compute.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        Ok(compute)
    }

    /// Recognises a recording, in a batch with others that wait for the same model. A damaged one is an error if
    /// `strict`. Also returns the deep feature if `embed`.
    pub(crate) async fn clip(
        &self,
        model: Arc<LoadedModel>,
        bytes: RequestBytes,
        strict: bool,
        embed: bool,
    ) -> Result<Recognized, ApiError> {
        let input = match &self.decoders {
            None => ClipInput::Encoded(bytes),
            Some(decoders) => {
                let (rate, body) = (model.info().frontend.sample_rate, (*bytes).as_ref());
                let (waveform, damage) = decoders.clips.load(body, rate, &model.limits).await?;
                ClipInput::Decoded(waveform, damage)
            }
        };
        let (reply, result) = oneshot::channel();
        self.short.push_clip(ClipJob { model, input, strict, embed, reply });
        result.await.map_err(|_| ApiError::internal())?.map_err(RecognizeError::into)
    }

    /// Runs work of a live stream.
    pub(crate) async fn run_live<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        run(&self.short, work).await
    }

    /// The timeline of a recording.
    pub(crate) async fn timeline(&self, request: TimelineRequest) -> Result<Timeline, ApiError> {
        let Some(decoders) = &self.decoders else {
            let (reply, result) = oneshot::channel();
            self.long.push_task(Box::new(move || {
                let timeline = request.run(|| reply.is_closed());
                let _ = reply.send(timeline);
            }));
            return result.await.map_err(|_| ApiError::internal())?;
        };
        let builder = TimelineBuilder::new(&request)?;
        let TimelineRequest { bytes, limits, strict, channels, .. } = request;
        let samples = match channels {
            ChannelSelection::Mix => Samples::Mixed,
            _ => Samples::Channels,
        };
        let recording = decoders.timelines.open((*bytes).as_ref(), samples, &limits).await?;
        let (builder, damage) =
            self.feed(recording, strict, builder, TimelineBuilder::push).await?;
        let timeline = run(&self.long, move || builder.finish()).await??;
        Ok(Timeline { damage, ..timeline })
    }

    /// Passes the samples of a recording that a worker decodes to `take`, piece by piece on the threads for long work.
    /// Returns the state that `take` changes, and what is missing of the recording, which is an error if `strict`.
    async fn feed<S, E>(
        &self,
        mut recording: decode::Recording,
        strict: bool,
        mut state: S,
        take: fn(&mut S, &[f32], usize, u32) -> Result<(), E>,
    ) -> Result<(S, Option<Damage>), ApiError>
    where
        S: Send + 'static,
        E: Send + 'static,
        ApiError: From<E>,
    {
        let mut piece = Vec::new();
        let mut format = (1, 0);
        loop {
            let chunk = recording.next().await?;
            let next = chunk.as_ref().map(|chunk| (chunk.channels, chunk.rate));
            let whole = piece.len() >= PIECE_S * format.0 * format.1 as usize;
            if !piece.is_empty() && (whole || next != Some(format)) {
                let samples = std::mem::take(&mut piece);
                let (channels, rate) = format;
                let work = move || take(&mut state, &samples, channels, rate).map(|()| state);
                state = run(&self.long, work).await??;
            }
            let Some(Chunk { samples, channels, rate }) = chunk else { break };
            piece.extend_from_slice(samples);
            format = (channels, rate);
        }
        let damage = recording.damage();
        match damage.as_ref().filter(|_| strict) {
            Some(damage) => Err(AudioError::from(damage).into()),
            None => Ok((state, damage)),
        }
    }

    /// Ends the threads after all queued work is done. Blocks.
    pub(crate) fn finish(&self) {
        let mut short =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let long = short.split_off(self.short_threads.min(short.len()));
        // In this order: short work may hand over to the long queue.
        for (queue, threads) in [(&self.short, short), (&self.long, long)] {
            queue.end();
            for thread in threads {
                // Threads catch the panics of their work.
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

/// Runs work on a thread of `queue`.
async fn run<T: Send + 'static>(
    queue: &Queue,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    let (reply, result) = oneshot::channel();
    queue.push_task(Box::new(move || {
        // Sending fails if the request was dropped.
        let _ = reply.send(work());
    }));
    result.await.map_err(|_| ApiError::internal())
}
