//! Where a clip stands in its span.

use std::ops::Range;

/// Puts `clean` into `out` of `span` samples, without chance: the placement of evaluation.
///
/// A clip that fits starts at 0 and zeros follow; of a longer one the middle is taken. Returns the
/// part of `out` that the clip fills.
pub fn place(clean: &[f32], span: usize, out: &mut Vec<f32>) -> Range<usize> {
    let start = clean.len().saturating_sub(span) / 2;
    let n = clean.len().min(span);
    out.clear();
    out.extend_from_slice(&clean[start..start + n]);
    out.resize(span, 0.0);
    0..n
}
