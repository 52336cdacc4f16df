//! Edit lists: which part of the media is presented when (ISO/IEC 14496-12, section 8.6.6).

use super::moov::Track;

/// An entry as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EditEntry {
    /// In ticks of the movie; 0 for the rest of the media.
    pub(super) duration: u64,
    /// First tick of the media; -1 for nothing.
    pub(super) media_time: i64,
}

/// A part of the media and its place in the presentation, in ticks of the track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) media_start: i64,
    /// First tick that is not presented.
    pub(super) media_end: i64,
    pub(super) presented_at: i64,
}

/// The parts of a track that are presented. Without an edit list it is all of the media, without the
/// encoder's delay of `priming` frames if a tag gives it.
pub(super) fn resolve(track: &Track, movie_scale: u32, priming: Option<u32>) -> Vec<Edit> {
    let scale = |ticks: u64| {
        let scaled = u128::from(ticks) * u128::from(track.time_scale) / u128::from(movie_scale);
        i64::try_from(scaled).unwrap_or(i64::MAX)
    };
    let whole = |media_start: i64| Edit { media_start, media_end: i64::MAX, presented_at: 0 };
    if track.edits.is_empty() {
        let frames = priming.filter(|_| track.entry.has_encoder_delay()).unwrap_or(0);
        let rate = u64::from(track.entry.sample_rate.max(1));
        let ticks = u64::from(frames) * u64::from(track.time_scale) / rate;
        return vec![whole(ticks as i64)];
    }
    let (mut edits, mut presented_at) = (Vec::new(), 0_i64);
    for EditEntry { duration, media_time } in &track.edits {
        let len = scale(*duration);
        if *media_time >= 0 {
            let media_end = match len {
                0 => i64::MAX,
                len => media_time.saturating_add(len),
            };
            edits.push(Edit { media_start: *media_time, media_end, presented_at });
        }
        presented_at = presented_at.saturating_add(len);
    }
    // A list of nothing but empty edits presents nothing, but is a writer's mistake.
    if edits.is_empty() { vec![whole(0)] } else { edits }
}
