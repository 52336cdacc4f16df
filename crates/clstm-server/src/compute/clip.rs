//! Recognition of whole recordings, several in one batch.

use std::sync::Arc;

use clstm::audio::{AudioError, Damage, Waveform};
use clstm::{PreparedRecording, Recognition, RecognizeError, Recognizer};
use tokio::sync::oneshot;

use super::RequestBytes;
use super::queue::Queue;
use crate::models::LoadedModel;

/// Number of windows from which a clip is recognised as a task of its own. It would fill several batches of
/// the kernels by itself, for 100 ms or more, and delay the other clips.
const MIN_WINDOWS_FOR_OWN_TASK: usize = 32;

/// A recognition and, where it is requested, the deep feature.
pub(crate) type Recognized = (Recognition, Option<Vec<f64>>);

/// A recording that waits to be recognised.
pub(super) struct ClipJob {
    pub(super) model: Arc<LoadedModel>,
    pub(super) input: ClipInput,
    /// Whether a damaged recording is an error.
    pub(super) strict: bool,
    /// Whether the deep feature is requested.
    pub(super) embed: bool,
    pub(super) reply: oneshot::Sender<Result<Recognized, RecognizeError>>,
}

/// A recording, encoded or decoded.
pub(super) enum ClipInput {
    Encoded(RequestBytes),
    /// At the rate of the model, and what is missing.
    Decoded(Waveform, Option<Damage>),
}

/// A decoded and pre-processed recording.
struct Decoded {
    recording: PreparedRecording,
    embed: bool,
    reply: oneshot::Sender<Result<Recognized, RecognizeError>>,
}

/// Recognises jobs of the same model.
pub(super) fn recognize_batch(jobs: Vec<ClipJob>, long: &Arc<Queue>) {
    let Some(model) = jobs.first().map(|job| job.model.clone()) else { return };
    let mut decoded_clips = Vec::with_capacity(jobs.len());
    for ClipJob { input, strict, embed, reply, .. } in jobs {
        if reply.is_closed() {
            continue;
        }
        match prepare(input, strict, &model.recognizer) {
            Ok(recording) => {
                let decoded = Decoded { recording, embed, reply };
                let clip = decoded.recording.clip();
                if model.info().frontend.windows(clip).len() < MIN_WINDOWS_FOR_OWN_TASK {
                    decoded_clips.push(decoded);
                } else {
                    let model = model.clone();
                    long.push_task(Box::new(move || recognize(&model.recognizer, vec![decoded])));
                }
            }
            // Sending fails if the request was dropped; so below.
            Err(error) => drop(reply.send(Err(error))),
        }
    }
    if !decoded_clips.is_empty() {
        recognize(&model.recognizer, decoded_clips);
    }
}

fn prepare(
    input: ClipInput,
    strict: bool,
    recognizer: &Recognizer,
) -> Result<PreparedRecording, RecognizeError> {
    let recording = match input {
        ClipInput::Decoded(waveform, damage) => recognizer.prepare(waveform)?.with_damage(damage),
        ClipInput::Encoded(bytes) => recognizer.prepare_bytes((*bytes).as_ref(), None)?,
    };
    match recording.damage().filter(|_| strict) {
        Some(damage) => Err(AudioError::from(damage).into()),
        None => Ok(recording),
    }
}

/// Recognises decoded recordings and replies.
fn recognize(recognizer: &Recognizer, decoded: Vec<Decoded>) {
    let (embedded, plain): (Vec<_>, Vec<_>) = decoded.into_iter().partition(|clip| clip.embed);
    if !plain.is_empty() {
        reply(plain, |recordings| {
            let results = recognizer.recognize_prepared(recordings).into_iter();
            results.map(|result| result.map(|recognition| (recognition, None))).collect()
        });
    }
    if !embedded.is_empty() {
        reply(embedded, |recordings| {
            let results = recognizer.embed_prepared(recordings).into_iter();
            results
                .map(|result| result.map(|found| (found.recognition, Some(found.features))))
                .collect()
        });
    }
}

fn reply(
    decoded: Vec<Decoded>,
    recognize: impl FnOnce(&[PreparedRecording]) -> Vec<Result<Recognized, RecognizeError>>,
) {
    let (recordings, replies): (Vec<_>, Vec<_>) =
        decoded.into_iter().map(|decoded| (decoded.recording, decoded.reply)).unzip();
    for (result, reply) in recognize(&recordings).into_iter().zip(replies) {
        drop(reply.send(result));
    }
}
