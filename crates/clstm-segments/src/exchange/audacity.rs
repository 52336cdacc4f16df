//! Label tracks of Audacity.

use super::PreAnnotation;
use crate::caption::caption;
use crate::{Names, WriteOptions};

/// A label track with the parts of a recording that have a prediction.
#[must_use]
pub fn label_track<'a>(recording: &PreAnnotation, names: impl Into<Names<'a>>) -> String {
    let names = names.into();
    let spoken = recording.parts.iter().filter(|(.., part)| part.emotion().is_some());
    let line = |(start, end, part): &(f64, f64, crate::Annotation)| {
        let caption = caption(std::slice::from_ref(part), names, &WriteOptions::default());
        format!("{start:.6}\t{end:.6}\t{caption}\n")
    };
    spoken.map(line).collect()
}
