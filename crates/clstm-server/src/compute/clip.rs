//! Recognition of whole recordings, several in one batch.

use std::sync::Arc;

use clstm::audio::{AudioError, Waveform, load_bytes};
use clstm::{Clip, Recognition, RecognizeError, Recognizer};
use tokio::sync::oneshot;

use super::RequestBytes;
use super::queue::Queue;
use crate::models::LoadedModel;

/// Number of windows from which a clip is recognised as a task of its own. It would fill several batches of
/// the kernels by itself, for 100 ms or more, and delay the other clips.
const MIN_WINDOWS_FOR_OWN_TASK: usize = 32;

/// A recording that waits to be recognised.
pub(super) struct ClipJob {
    pub(super) model: Arc<LoadedModel>,
    pub(super) input: ClipInput,
    pub(super) reply: oneshot::Sender<Result<Recognition, RecognizeError>>,
}

/// A recording, encoded or decoded.
pub(super) enum ClipInput {
    Encoded(RequestBytes),
    /// At the rate of the model.
    Decoded(Waveform),
}

/// A decoded and pre-processed recording.
struct Decoded {
    duration_s: f64,
    clip: Clip,
    reply: oneshot::Sender<Result<Recognition, RecognizeError>>,
}

/// Recognises jobs of the same model.
pub(super) fn recognize_batch(jobs: Vec<ClipJob>, long: &Arc<Queue>) {
    let Some(model) = jobs.first().map(|job| job.model.clone()) else { return };
    let mut decoded_clips = Vec::with_capacity(jobs.len());
    for ClipJob { input, reply, .. } in jobs {
        if reply.is_closed() {
            continue;
        }
        let clip = decode(input, &model).and_then(|waveform| prepare(&model.recognizer, waveform));
        match clip {
            Ok((duration_s, clip)) => {
                let decoded = Decoded { duration_s, clip, reply };
                if model.info().frontend.windows(&decoded.clip).len() < MIN_WINDOWS_FOR_OWN_TASK {
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

fn decode(input: ClipInput, model: &LoadedModel) -> Result<Waveform, RecognizeError> {
    match input {
        ClipInput::Decoded(waveform) => Ok(waveform),
        ClipInput::Encoded(bytes) => {
            let rate = model.info().frontend.sample_rate;
            Ok(load_bytes((*bytes).as_ref(), None, rate, &model.limits)?)
        }
    }
}

/// Pre-processing, as in [`Recognizer::recognize_bytes`].
fn prepare(recognizer: &Recognizer, waveform: Waveform) -> Result<(f64, Clip), RecognizeError> {
    let duration_s = waveform.duration_s();
    if let Some(at) = waveform.samples.iter().position(|x| !x.is_finite()) {
        return Err(AudioError::NonFinite { at: at as u64 }.into());
    }
    let clip = recognizer.info().frontend.preprocess(waveform.samples);
    if clip.silent { Err(RecognizeError::Silent) } else { Ok((duration_s, clip)) }
}

/// Inference and calibration, as in [`Recognizer::recognize_bytes`].
fn recognize(recognizer: &Recognizer, decoded_clips: Vec<Decoded>) {
    let clips: Vec<_> = decoded_clips.iter().map(|decoded| &decoded.clip).collect();
    let all = recognizer.recognize_clips(&clips);
    for (Decoded { duration_s, reply, .. }, logits) in decoded_clips.into_iter().zip(all) {
        drop(reply.send(to_recognition(recognizer, duration_s, &logits)));
    }
}

fn to_recognition(
    recognizer: &Recognizer,
    duration_s: f64,
    logits: &[f64],
) -> Result<Recognition, RecognizeError> {
    if !logits.iter().all(|logit| logit.is_finite()) {
        return Err(RecognizeError::NonFiniteLogits);
    }
    let probabilities = recognizer.probabilities(logits);
    let best = probabilities.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    let (label_index, confidence) = best.ok_or(RecognizeError::NonFiniteLogits)?;
    let label = recognizer.labels().get(label_index).cloned();
    let label = label.ok_or(RecognizeError::NonFiniteLogits)?;
    Ok(Recognition { duration_s, label, label_index, confidence, probabilities })
}
