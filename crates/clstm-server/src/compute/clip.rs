//! Recordings that are heard whole, several at a time.

use std::sync::Arc;

use clstm::audio::{AudioError, DecodeLimits, load_bytes};
use clstm::{Clip, Recognition, RecognizeError, Recognizer};
use tokio::sync::oneshot;

use super::Held;
use super::queue::Queue;
use crate::models::Served;

/// Spans from which a clip is long: alone it fills the groups that others would share, for a tenth of a second
/// or more.
const LONG: usize = 32;

/// A recording that waits for its answer.
pub(super) struct ClipJob {
    pub(super) served: Arc<Served>,
    pub(super) bytes: Held,
    pub(super) reply: oneshot::Sender<Result<Recognition, RecognizeError>>,
}

/// A recording that was decoded.
struct Decoded {
    duration_s: f64,
    clip: Clip,
    reply: oneshot::Sender<Result<Recognition, RecognizeError>>,
}

/// Answers jobs for the same model.
pub(super) fn answer_all(jobs: Vec<ClipJob>, long: &Arc<Queue>) {
    let Some(served) = jobs.first().map(|job| job.served.clone()) else { return };
    let mut heard = Vec::with_capacity(jobs.len());
    for ClipJob { bytes, reply, .. } in jobs {
        if reply.is_closed() {
            continue;
        }
        match decode(&served.recognizer, (*bytes).as_ref(), &served.limits) {
            Ok((duration_s, clip)) => {
                let decoded = Decoded { duration_s, clip, reply };
                if served.info().frontend.windows(&decoded.clip).len() < LONG {
                    heard.push(decoded);
                } else {
                    let served = served.clone();
                    long.push_live(Box::new(move || recognize(&served.recognizer, vec![decoded])));
                }
            }
            // Nobody listens where the connection has gone; so below.
            Err(error) => drop(reply.send(Err(error))),
        }
    }
    if !heard.is_empty() {
        recognize(&served.recognizer, heard);
    }
}

/// What [`Recognizer::recognize_bytes`] does before the network.
fn decode(
    recognizer: &Recognizer,
    bytes: &[u8],
    limits: &DecodeLimits,
) -> Result<(f64, Clip), RecognizeError> {
    let frontend = &recognizer.info().frontend;
    let recording = load_bytes(bytes, None, frontend.sample_rate, limits)?;
    let duration_s = recording.duration_s();
    if let Some(at) = recording.samples.iter().position(|x| !x.is_finite()) {
        return Err(AudioError::NonFinite { at: at as u64 }.into());
    }
    let clip = frontend.preprocess(recording.samples);
    if clip.silent { Err(RecognizeError::Silent) } else { Ok((duration_s, clip)) }
}

/// The network, and what [`Recognizer::recognize_bytes`] does behind it.
fn recognize(recognizer: &Recognizer, heard: Vec<Decoded>) {
    let clips: Vec<_> = heard.iter().map(|decoded| &decoded.clip).collect();
    let all = recognizer.recognize_clips(&clips);
    for (Decoded { duration_s, reply, .. }, logits) in heard.into_iter().zip(all) {
        drop(reply.send(judge(recognizer, duration_s, &logits)));
    }
}

fn judge(
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
