//! Groups whose time stamp contradicts the sound before them.
//!
//! Ogg gives the time behind each page. A jump of that time where no page is missing is either a stretch without packets (a
//! muted microphone) or a wrong time stamp. The next page decides: its time continues the jump, or returns.

use super::output::{Block, Output, Sink, TOLERANCE_S};
use crate::error::AudioError;
use crate::report::Damage;

/// A decoded group that waits for the next one.
pub(super) struct Doubtful {
    /// `[frames, channels]`
    interleaved: Vec<f32>,
    channels: usize,
    /// In Hz.
    sample_rate: u32,
    /// First frame by the time stamp, and by what came before.
    by_time: i64,
    by_order: i64,
    /// Frame behind the last one, by the time stamp.
    ends_at: i64,
    /// The damage if the time stamp is wrong.
    damage: Damage,
}

impl Doubtful {
    pub(super) fn new(
        block: Block<'_>,
        by_time: i64,
        by_order: i64,
        ends_at: i64,
        damage: Damage,
    ) -> Self {
        let Block { interleaved, channels, sample_rate } = block;
        let interleaved = interleaved.to_vec();
        Self { interleaved, channels, sample_rate, by_time, by_order, ends_at, damage }
    }

    /// Hands the group out: at its time if the next group, which begins at frame `next` by its own, confirms it.
    pub(super) fn place(
        self,
        next: Option<i64>,
        output: &mut Output,
        sink: Sink<'_>,
    ) -> Result<(), AudioError> {
        let Self { interleaved, channels, sample_rate, by_time, by_order, ends_at, damage } = self;
        let is_confirmed = next.is_some_and(|next| is_close(next, ends_at, sample_rate));
        let start = if is_confirmed { by_time } else { by_order };
        if !is_confirmed {
            output.add_damage(damage);
        }
        let block = Block { interleaved: &interleaved, channels, sample_rate };
        output.push_at(sink, block, start, true)
    }
}

/// Whether two frames are at the same time, but for rounding and jitter.
pub(super) fn is_close(a: i64, b: i64, rate: u32) -> bool {
    a.abs_diff(b) as f64 <= TOLERANCE_S * f64::from(rate)
}
