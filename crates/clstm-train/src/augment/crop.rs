//! Cropping or padding a clip to the length of a network input, without randomness.

use std::ops::Range;

/// Writes `clean` into `out`, center-cropped or zero-padded at its end to `span` samples.
///
/// Returns the part of `out` that holds the clip; the rest is padding.
pub fn center_crop(clean: &[f32], span: usize, out: &mut Vec<f32>) -> Range<usize> {
    let start = clean.len().saturating_sub(span) / 2;
    let n = clean.len().min(span);
    out.clear();
    out.extend_from_slice(&clean[start..start + n]);
    out.resize(span, 0.0);
    0..n
}
