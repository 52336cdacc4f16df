//! Numbers of channels in files of segments.

use crate::SegmentsError;

/// Largest number of a channel that is read.
const MOST: usize = 65_535;

/// The channel of a text such as `1`; none for an empty one. One that is no number is none as well, unless channels are
/// `needed`.
///
/// # Errors
/// [`SegmentsError::Line`] if channels are needed and this is none.
pub(crate) fn parse(text: &str, line: usize, needed: bool) -> Result<Option<usize>, SegmentsError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<usize>().ok().filter(|channel| *channel <= MOST) {
        None if needed => {
            let reason =
                format!("the channel {text:?} is no number; write 0, 1 and so on, or nothing");
            Err(SegmentsError::line(line, reason))
        }
        channel => Ok(channel),
    }
}
