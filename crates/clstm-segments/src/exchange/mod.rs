//! The annotator's loop: pre-annotations for annotation tools, and what people corrected in them.

pub mod audacity;
pub mod audformat;
pub mod elan;
mod judgement;
pub mod label_studio;

pub use judgement::{Judgement, Utterance, gather};

use crate::Annotation;

/// A recording with what was recognised in it.
#[derive(Clone, Debug, PartialEq)]
pub struct PreAnnotation {
    /// The recording as the tool finds it: a path or an address.
    pub path: String,
    /// Length in seconds.
    pub duration_s: f64,
    /// The result for the whole recording.
    pub whole: Annotation,
    /// Parts with their times in seconds.
    pub parts: Vec<(f64, f64, Annotation)>,
}

/// Sorts recordings for annotation: the lowest confidence first, those without a prediction last.
pub fn sort_by_confidence(recordings: &mut [PreAnnotation]) {
    let confidence = |recording: &PreAnnotation| {
        recording.whole.emotion().map_or(f64::INFINITY, |emotion| emotion.confidence())
    };
    recordings
        .sort_by(|a, b| confidence(a).total_cmp(&confidence(b)).then_with(|| a.path.cmp(&b.path)));
}
