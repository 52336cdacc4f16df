//! Recognition of the channels of a recording, each by itself.

use std::sync::Arc;

use clstm::audio::DecodeLimits;
use clstm::{
    ChannelLoader, ChannelSelection, PreparedChannel, Recognition, RecognizeError, Recognizer,
};
use tokio::sync::oneshot;

use super::{Compute, Recognized, RequestBytes, run};
use crate::api_error::ApiError;
use crate::decode::Samples;
use crate::models::LoadedModel;

/// A request for the emotions of the channels of a recording.
pub(crate) struct ChannelsRequest {
    pub(crate) model: Arc<LoadedModel>,
    pub(crate) bytes: RequestBytes,
    pub(crate) limits: DecodeLimits,
    pub(crate) channels: ChannelSelection,
    /// Whether a damaged recording is an error.
    pub(crate) strict: bool,
    /// Whether the deep features are requested.
    pub(crate) embed: bool,
}

/// The result for a channel.
pub(crate) struct RecognizedChannel {
    /// From 0.
    pub(crate) channel: usize,
    pub(crate) recognition: Recognition,
    /// The deep feature, where it is requested.
    pub(crate) embedding: Option<Vec<f64>>,
}

impl Compute {
    /// The emotions of the channels of a recording, on the threads for long work: there may be several times as much audio as
    /// the recording is long.
    pub(crate) async fn channels(
        &self,
        request: ChannelsRequest,
    ) -> Result<Vec<RecognizedChannel>, ApiError> {
        let ChannelsRequest { model, bytes, limits, channels, strict, embed } = request;
        let Some(decoders) = &self.decoders else {
            let (reply, result) = oneshot::channel();
            self.long.push_task(Box::new(move || {
                if !reply.is_closed() {
                    let recognizer = model.recognizer.clone().with_strict(strict);
                    let bytes = (*bytes).as_ref();
                    let prepared = recognizer.prepare_channels_bytes(bytes, &limits, channels);
                    let recognized = prepared
                        .and_then(|prepared| recognize(&recognizer, prepared.channels, embed));
                    // Sending fails if the request was dropped.
                    let _ = reply.send(recognized);
                }
            }));
            return Ok(result.await.map_err(|_| ApiError::internal())??);
        };
        let loader = ChannelLoader::new(&model.recognizer, &limits, channels);
        let bytes = (*bytes).as_ref();
        let recording = decoders.timelines.open(bytes, Samples::Channels, &limits).await?;
        let (loader, damage) = self.feed(recording, strict, loader, ChannelLoader::push).await?;
        let work = move || recognize(&model.recognizer, loader.finish()?, embed);
        let mut recognized = run(&self.long, work).await??;
        for RecognizedChannel { recognition, .. } in &mut recognized {
            recognition.damage.clone_from(&damage);
        }
        Ok(recognized)
    }
}

fn recognize(
    recognizer: &Recognizer,
    channels: Vec<PreparedChannel>,
    embed: bool,
) -> Result<Vec<RecognizedChannel>, RecognizeError> {
    let (numbers, recordings): (Vec<_>, Vec<_>) =
        channels.into_iter().map(|channel| (channel.channel, channel.recording)).unzip();
    let results: Vec<Result<Recognized, RecognizeError>> = match embed {
        false => {
            let results = recognizer.recognize_prepared(&recordings).into_iter();
            results.map(|result| Ok((result?, None))).collect()
        }
        true => {
            let results = recognizer.embed_prepared(&recordings).into_iter();
            results.map(|found| found.map(|f| (f.recognition, Some(f.features)))).collect()
        }
    };
    let results = numbers.into_iter().zip(results).map(|(channel, result)| {
        let (recognition, embedding) = result?;
        Ok(RecognizedChannel { channel, recognition, embedding })
    });
    results.collect()
}
