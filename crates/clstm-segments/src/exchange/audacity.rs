//! Label tracks of Audacity.

use super::PreAnnotation;
use crate::WriteOptions;
use crate::caption::caption;

/// A label track with the parts of a recording that have a prediction.
#[must_use]
pub fn label_track(recording: &PreAnnotation, labels: &[String]) -> String {
    let spoken = recording.parts.iter().filter(|(.., part)| part.emotion().is_some());
    let line = |(start, end, part): &(f64, f64, crate::Annotation)| {
        format!("{start:.6}\t{end:.6}\t{}\n", caption(part, labels, &WriteOptions::default()))
    };
    spoken.map(line).collect()
}
