//! Decoding of live WebM recordings.

use super::limits::DecodeLimits;
use super::mix::Mixer;
use super::opus::Packets;
use super::opus_head::{Head, RATE};
use super::output::{Block, Output, Sink};
use super::stream::{PANICKED, contain};
use super::webm::{Demuxer, Part};
use crate::error::AudioError;
use crate::report::Damage;

/// Seconds of gaps that are filled with silence for one piece of bytes: a jump of the time stamps cannot
/// ask for more memory.
pub(super) const MAX_GAP_S: f64 = 5.0;

/// Decodes WebM with Opus in pieces that are cut anywhere, as a browser's `MediaRecorder` hands them out.
///
/// The samples do not depend on how the bytes are cut, and are those of [`decode_bytes`](crate::decode_bytes)
/// for the whole recording, gaps of more than 5 s aside, which are not filled. What is held between
/// pieces is less than one packet.
pub struct WebmStream {
    demuxer: Demuxer,
    packets: Option<Packets>,
    /// Frames that are still to be discarded.
    delay_left: usize,
    output: Output,
    mixer: Mixer,
}

impl WebmStream {
    /// The rate of its samples, in Hz.
    pub const RATE: u32 = RATE;

    /// A decoder at the beginning of a recording.
    #[must_use]
    pub fn new() -> Self {
        let limits = DecodeLimits { max_duration_s: f64::INFINITY, ..DecodeLimits::default() };
        Self {
            demuxer: Demuxer::default(),
            packets: None,
            delay_left: 0,
            output: Output::new(limits),
            mixer: Mixer::default(),
        }
    }

    /// Takes the next bytes and appends the samples that they complete, mixed down to one channel.
    ///
    /// # Errors
    /// If it is not WebM with Opus of one or two channels, or damaged. The recording cannot continue then.
    pub fn push(&mut self, bytes: &[u8], samples: &mut Vec<f32>) -> Result<(), AudioError> {
        let mut mixer = std::mem::take(&mut self.mixer);
        let decoded = self.push_blocks(bytes, &mut |block| {
            samples.extend_from_slice(mixer.mix(block));
            Ok(())
        });
        self.mixer = mixer;
        decoded
    }

    /// What is wrong with the time stamps so far.
    pub(super) fn damage(&self) -> Option<&Damage> {
        self.output.damage()
    }

    /// [`push`](Self::push), without mixing the channels.
    pub(super) fn push_blocks(&mut self, bytes: &[u8], sink: Sink<'_>) -> Result<(), AudioError> {
        let Self { demuxer, packets, delay_left, output, .. } = self;
        let mut gap_left_s = MAX_GAP_S;
        output.set_max_gap(gap_left_s);
        let decoded = contain(|| {
            demuxer.push(bytes, |part| match (part, &mut *packets) {
                (Part::Head(head), packets) => {
                    *delay_left = Head::read(head)?.pre_skip;
                    let made = Packets::new(head);
                    *packets = Some(made.map_err(|error| AudioError::damaged(error.to_string()))?);
                    Ok(())
                }
                (Part::Packet(..), None) => {
                    Err(AudioError::damaged("the header of the Opus stream is missing"))
                }
                (Part::Packet(packet, time), Some(packets)) => {
                    let channels = packets.channels();
                    let at_s = output.seconds();
                    let interleaved = packets.decode(packet).map_err(|error| {
                        AudioError::Decode { reason: super::demux::reason(&error), at_s }
                    })?;
                    let frames = interleaved.len() / channels;
                    output.admit(RATE, channels, frames)?;
                    let lead = (*delay_left).min(frames);
                    *delay_left -= lead;
                    let interleaved = &interleaved[lead * channels..];
                    let block = Block { interleaved, channels, sample_rate: RATE };
                    if interleaved.is_empty() {
                        return Ok(());
                    }
                    let start = time.frames(RATE).saturating_add(lead as i64);
                    let filled = output.filled();
                    output.push_at(&mut *sink, block, start, false)?;
                    gap_left_s -= (output.filled() - filled) as f64 / f64::from(RATE);
                    output.set_max_gap(gap_left_s.max(0.0));
                    Ok(())
                }
            })
        });
        decoded.unwrap_or_else(|| Err(AudioError::damaged(PANICKED)))
    }
}

impl Default for WebmStream {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for WebmStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebmStream")
            .field("seconds", &self.output.seconds())
            .finish_non_exhaustive()
    }
}
