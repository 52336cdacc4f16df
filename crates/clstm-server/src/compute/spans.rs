//! Given parts of a recording of any length.

use std::sync::Arc;

use clstm::audio::DecodeLimits;
use clstm::{ChannelSelection, RecognizeError, Span, SpanRecognizer, SpanSummary};
use tokio::sync::oneshot;

use super::{Compute, RequestBytes, run};
use crate::api_error::ApiError;
use crate::decode::Samples;
use crate::models::LoadedModel;

/// A request for the emotions of parts of a recording.
pub(crate) struct SpanRequest {
    pub(crate) model: Arc<LoadedModel>,
    pub(crate) bytes: RequestBytes,
    pub(crate) limits: DecodeLimits,
    pub(crate) spans: Vec<Span>,
    pub(crate) channels: ChannelSelection,
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
        let Self { model, bytes, limits, spans, channels, strict } = self;
        let bytes = (**bytes).as_ref();
        let recognizer = model.recognizer.clone().with_strict(*strict);
        recognizer.recognize_spans_bytes(bytes, limits, *channels, spans, |_| {
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
        let SpanRequest { model, bytes, limits, spans, channels, strict } = request;
        let recognizer = SpanRecognizer::new(&model.recognizer, channels, &spans)
            .with_limit(limits.max_duration_s);
        let samples = match channels {
            ChannelSelection::Mix => Samples::Mixed,
            _ => Samples::Channels,
        };
        let recording = decoders.timelines.open((*bytes).as_ref(), samples, &limits).await?;
        let (recognizer, damage) =
            self.feed(recording, strict, recognizer, SpanRecognizer::push).await?;
        let mut summary = run(&self.long, move || recognizer.finish()).await??;
        summary.damage = damage;
        Ok(summary)
    }
}
