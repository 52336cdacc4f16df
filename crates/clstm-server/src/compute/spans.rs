//! Given parts of a recording of any length.

use std::sync::Arc;

use clstm::audio::{AudioError, DecodeLimits};
use clstm::{RecognizeError, Span, SpanRecognizer, SpanSummary};
use tokio::sync::oneshot;

use super::{Compute, RequestBytes, run};
use crate::api_error::ApiError;
use crate::models::LoadedModel;

/// Samples that are handed over to a compute thread at once, in seconds.
const PIECE_S: usize = 16;

/// A request for the emotions of parts of a recording.
pub(crate) struct SpanRequest {
    pub(crate) model: Arc<LoadedModel>,
    pub(crate) bytes: RequestBytes,
    pub(crate) limits: DecodeLimits,
    pub(crate) spans: Vec<Span>,
    /// Whether a damaged recording is an error.
    pub(crate) strict: bool,
}

/// Why decoding ended early.
enum Stop {
    Failed(RecognizeError),
    /// The request was dropped.
    Cancelled,
}

impl From<RecognizeError> for Stop {
    fn from(error: RecognizeError) -> Self {
        Self::Failed(error)
    }
}

impl From<Stop> for ApiError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Failed(error) => error.into(),
            Stop::Cancelled => Self::internal(),
        }
    }
}

impl SpanRequest {
    /// Decodes and processes the recording on this thread until `cancelled` returns true.
    fn run(&self, cancelled: impl Fn() -> bool) -> Result<SpanSummary, Stop> {
        let Self { model, bytes, limits, spans, strict } = self;
        let bytes = (**bytes).as_ref();
        let recognizer = model.recognizer.clone().with_strict(*strict);
        recognizer.recognize_spans_bytes(bytes, limits, None, spans, |_| {
            if cancelled() { Err(Stop::Cancelled) } else { Ok(()) }
        })
    }
}

impl Compute {
    /// The emotions of parts of a recording.
    pub(crate) async fn spans(&self, request: SpanRequest) -> Result<SpanSummary, ApiError> {
        let Some(decoders) = &self.decoders else {
            let (reply, result) = oneshot::channel();
            self.long.push_task(Box::new(move || {
                let summary = request.run(|| reply.is_closed());
                let _ = reply.send(summary);
            }));
            return Ok(result.await.map_err(|_| ApiError::internal())??);
        };
        let SpanRequest { model, bytes, limits, spans, strict } = request;
        let mut recognizer = SpanRecognizer::new(&model.recognizer, &spans)?;
        let mut recording = decoders.timelines.open((*bytes).as_ref(), None, &limits).await?;
        let (mut pending, mut pending_rate) = (Vec::new(), 0);
        while let Some((samples, rate)) = recording.next().await? {
            pending.extend_from_slice(samples);
            pending_rate = rate;
            if pending.len() >= PIECE_S * rate as usize {
                let piece = std::mem::take(&mut pending);
                let push = move || recognizer.push(&piece, rate).map(|()| recognizer);
                recognizer = run(&self.long, push).await??;
            }
        }
        let damage = recording.damage();
        if let Some(damage) = damage.as_ref().filter(|_| strict) {
            return Err(AudioError::from(damage).into());
        }
        let finish = move || {
            if !pending.is_empty() {
                recognizer.push(&pending, pending_rate)?;
            }
            recognizer.finish()
        };
        let mut summary = run(&self.long, finish).await??;
        summary.damage = damage;
        Ok(summary)
    }
}
