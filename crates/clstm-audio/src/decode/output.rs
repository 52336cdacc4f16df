//! The output timeline: where decoded blocks go, what fills the gaps between them, and the limits.

use std::time::Instant;

use super::limits::DecodeLimits;
use crate::error::AudioError;
use crate::level::{is_usable, replace_unusable};
use crate::report::{Damage, DecodeNote, DecodeReport};
use crate::sniff::ContainerKind;

/// Decoded samples in their time order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'a> {
    /// `[frames, channels]`
    pub(super) interleaved: &'a [f32],
    pub(super) channels: usize,
    /// In Hz; the same for all blocks of a recording.
    pub(super) sample_rate: u32,
}

/// Takes the blocks of a recording.
pub(super) type Sink<'a> = &'a mut dyn FnMut(Block<'_>) -> Result<(), AudioError>;

/// Differences up to this many seconds between a time stamp and the decoded samples before it are
/// rounding (WebM counts milliseconds) and jitter, not gaps.
pub(super) const TOLERANCE_S: f64 = 0.015;
/// Gaps above this many seconds are a wrong time stamp, not silence.
const MAX_GAP_S: f64 = 3600.0;
/// Seconds that may be decoded and discarded beside what is presented: encoder delay, edits.
const MAX_DISCARDED_S: f64 = 30.0;
/// Frames of silence handed out at once.
const SILENCE_FRAMES: u64 = 16 << 10;

/// Places decoded samples on the timeline of the recording.
pub(super) struct Output {
    limits: DecodeLimits,
    /// Longest gap that is filled, in seconds.
    max_gap_s: f64,
    sample_rate: u32,
    channels: usize,
    /// Frames handed out.
    position: u64,
    /// Frames that came from the decoder and were handed out.
    decoded: u64,
    /// Frames that came from the decoder, handed out or not.
    work: u64,
    /// Output frame at time 0 of the current stream.
    origin: i64,
    /// Whether the current stream has had a group.
    begun: bool,
    damage: Option<Damage>,
    notes: Vec<DecodeNote>,
    silence: Vec<f32>,
    /// Samples of a block of which some were replaced.
    repaired: Vec<f32>,
    /// Whether any decoded sample was a usable number.
    any_usable: bool,
}

impl Output {
    pub(super) fn new(limits: DecodeLimits) -> Self {
        Self {
            limits,
            max_gap_s: MAX_GAP_S,
            sample_rate: 0,
            channels: 0,
            position: 0,
            decoded: 0,
            work: 0,
            origin: 0,
            begun: false,
            damage: None,
            notes: Vec::new(),
            silence: Vec::new(),
            repaired: Vec::new(),
            any_usable: false,
        }
    }

    /// Sets how much of the gaps to come is filled, in seconds.
    #[cfg(feature = "opus")]
    pub(super) fn set_max_gap(&mut self, seconds: f64) {
        self.max_gap_s = seconds;
    }

    /// Frames of silence handed out.
    #[cfg(feature = "opus")]
    pub(super) fn filled(&self) -> u64 {
        self.position - self.decoded
    }

    /// What is missing so far.
    #[cfg(feature = "opus")]
    pub(super) fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    /// Ends the decoding if the deadline has passed.
    pub(super) fn check_deadline(&self) -> Result<(), AudioError> {
        match self.limits.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(AudioError::DeadlineExceeded),
            _ => Ok(()),
        }
    }

    /// Seconds handed out, once the rate is known.
    pub(super) fn seconds(&self) -> Option<f64> {
        (self.sample_rate > 0).then(|| self.position as f64 / f64::from(self.sample_rate))
    }

    pub(super) fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.damage.is_some()
    }

    pub(super) fn stream_has_begun(&self) -> bool {
        self.begun
    }

    pub(super) fn mark_begun(&mut self) {
        self.begun = true;
    }

    /// Frames handed out since the stream began.
    pub(super) fn stream_frames(&self) -> i64 {
        // Time stamps near the largest number move the origin as far.
        self.position().saturating_sub(self.origin)
    }

    fn position(&self) -> i64 {
        i64::try_from(self.position).unwrap_or(i64::MAX)
    }

    /// Whether any decoded sample was handed out.
    pub(super) fn has_samples(&self) -> bool {
        self.decoded > 0
    }

    /// The first frame of the stream has time `start`: times are relative to it.
    pub(super) fn remove_offset(&mut self, start: i64) {
        self.origin = self.origin.saturating_sub(start);
        let seconds = start as f64 / f64::from(self.sample_rate.max(1));
        if seconds > TOLERANCE_S {
            self.note(DecodeNote::OffsetRemoved { seconds });
        }
    }

    /// Times of the next block are relative to the end of what was handed out.
    pub(super) fn begin_stream(&mut self) {
        self.origin = self.position();
        self.begun = false;
    }

    pub(super) fn note(&mut self, note: DecodeNote) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub(super) fn add_damage(&mut self, mut damage: Damage) {
        damage.at_s = damage.at_s.or(self.seconds());
        Damage::add(&mut self.damage, damage);
    }

    /// Checks rate and channels of a decoded block, and the work done so far. The first block decides the rate of
    /// the recording.
    pub(super) fn admit(
        &mut self,
        sample_rate: u32,
        channels: usize,
        frames: usize,
    ) -> Result<(), AudioError> {
        self.limits.max_frames(sample_rate, channels)?;
        if self.sample_rate == 0 {
            self.sample_rate = sample_rate;
        }
        if self.channels == 0 {
            self.channels = channels;
        }
        let scaled = frames as u64 * u64::from(self.sample_rate) / u64::from(sample_rate.max(1));
        self.count_work(scaled)
    }

    /// Counts frames that were decoded, or that could not be: an input of which nearly all is discarded
    /// is made to keep the decoder busy.
    pub(super) fn count_work(&mut self, frames: u64) -> Result<(), AudioError> {
        self.work = self.work.saturating_add(frames);
        let slack = (MAX_DISCARDED_S * f64::from(self.sample_rate.max(8_000))) as u64;
        if self.work > self.decoded.saturating_mul(2).saturating_add(slack) {
            return Err(AudioError::TooComplex { what: "audio that is decoded and discarded" });
        }
        Ok(())
    }

    /// Whether any decoded sample was a usable number.
    pub(super) fn has_usable_samples(&self) -> bool {
        self.any_usable
    }

    /// Hands out a block that follows what was handed out before. Samples that are no usable numbers become silence.
    pub(super) fn push(&mut self, sink: Sink<'_>, block: Block<'_>) -> Result<(), AudioError> {
        let frames = (block.interleaved.len() / block.channels.max(1)) as u64;
        if frames == 0 {
            return Ok(());
        }
        self.check_length(block.sample_rate, block.channels, frames)?;
        let at = self.position;
        self.position += frames;
        self.decoded += frames;
        if block.interleaved.iter().all(|x| is_usable(*x)) {
            self.any_usable = true;
            return sink(block);
        }
        let frames = block.interleaved.chunks(block.channels);
        let frames = frames.filter(|frame| !frame.iter().all(|x| is_usable(*x))).count();
        let mut repaired = std::mem::take(&mut self.repaired);
        repaired.clear();
        repaired.extend_from_slice(block.interleaved);
        if let Some((first, count)) = replace_unusable(&mut repaired) {
            self.any_usable |= count < repaired.len();
            let at = at + (first / block.channels) as u64;
            let at_s = at as f64 / f64::from(block.sample_rate.max(1));
            self.add_damage(Damage::unusable_samples(count, frames, block.sample_rate, at_s));
        }
        let taken = sink(Block { interleaved: &repaired, ..block });
        self.repaired = repaired;
        taken
    }

    /// Hands out a block whose first frame belongs to frame `start` of the stream: silence fills the
    /// time before it, and what lies before frame 0 is left out.
    ///
    /// A start that is not `exact` may lie before frame 0 by rounding alone.
    pub(super) fn push_at(
        &mut self,
        sink: Sink<'_>,
        block: Block<'_>,
        start: i64,
        exact: bool,
    ) -> Result<(), AudioError> {
        let frames = (block.interleaved.len() / block.channels.max(1)) as u64;
        let tolerance = (TOLERANCE_S * f64::from(block.sample_rate)) as i64;
        if start < 0 && (exact || start < -tolerance) {
            let skipped = start.unsigned_abs().min(frames) as usize;
            let interleaved = &block.interleaved[skipped * block.channels..];
            return self.push(sink, Block { interleaved, ..block });
        }
        let gap = start.saturating_sub(self.stream_frames());
        self.fill_gap(sink, gap, block.sample_rate, block.channels)?;
        self.push(sink, block)
    }

    /// Fills a gap with silence, unless it is too short to be one or too long to be true.
    fn fill_gap(
        &mut self,
        sink: Sink<'_>,
        gap: i64,
        rate: u32,
        channels: usize,
    ) -> Result<(), AudioError> {
        let seconds = gap as f64 / f64::from(rate.max(1));
        if seconds <= TOLERANCE_S {
            return Ok(());
        }
        if seconds > self.max_gap_s {
            // The next time stamps are relative to this one.
            self.origin = self.origin.saturating_sub(gap);
            if self.position == 0 {
                self.note(DecodeNote::OffsetRemoved { seconds });
            } else {
                let message = format!("a time stamp jumps by {seconds:.0} s and was ignored");
                self.add_damage(Damage::new(message));
            }
            return Ok(());
        }
        self.push_silence(sink, gap.unsigned_abs(), rate, channels)
    }

    /// Hands out `frames` of silence.
    pub(super) fn push_silence(
        &mut self,
        sink: Sink<'_>,
        frames: u64,
        sample_rate: u32,
        channels: usize,
    ) -> Result<(), AudioError> {
        self.check_length(sample_rate, channels, frames)?;
        let mut left = frames;
        while left > 0 {
            self.check_deadline()?;
            let n = left.min(SILENCE_FRAMES);
            let samples = n as usize * channels;
            if self.silence.len() < samples {
                self.silence.resize(samples, 0.0);
            }
            self.position += n;
            let interleaved = &self.silence[..samples];
            sink(Block { interleaved, channels, sample_rate })?;
            left -= n;
        }
        Ok(())
    }

    fn check_length(&self, rate: u32, channels: usize, frames: u64) -> Result<(), AudioError> {
        match self.position + frames > self.limits.max_frames(rate, channels)? {
            true => Err(AudioError::TooLong { limit_s: self.limits.max_duration_s }),
            false => Ok(()),
        }
    }

    /// What is reported beside the samples.
    pub(super) fn finish(self, container: ContainerKind) -> DecodeReport {
        DecodeReport {
            container,
            channels: self.channels,
            sample_rate: self.sample_rate,
            duration_s: self.seconds().unwrap_or(0.0),
            damage: self.damage,
            notes: self.notes,
        }
    }

    /// The first damage as an error, for a recording without any sample.
    pub(super) fn into_damage(self) -> Option<AudioError> {
        let Damage { message, at_s, .. } = self.damage?;
        Some(AudioError::Decode { reason: message, at_s: at_s.filter(|s| *s > 0.0) })
    }
}
