//! Sound as browsers record it, while they do.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::opus::{self, Packets};
use super::stream::failure;
use super::webm::{Demuxer, Part};
use crate::error::AudioError;
use crate::level::is_usable;

/// Decodes WebM with Opus in pieces that are cut anywhere, as a browser's `MediaRecorder` hands them out.
///
/// The samples do not depend on how the bytes are cut, and are those of [`decode_bytes`](crate::decode_bytes)
/// for the whole recording. What is held between pieces is less than one packet.
pub struct WebmStream {
    demuxer: Demuxer,
    packets: Option<Packets>,
    /// Samples so far.
    taken: u64,
}

impl WebmStream {
    /// The rate of its samples, in Hz.
    pub const RATE: u32 = opus::RATE;

    /// At the beginning of a recording.
    #[must_use]
    pub fn new() -> Self {
        Self { demuxer: Demuxer::default(), packets: None, taken: 0 }
    }

    /// Takes the next bytes and appends the samples that they complete, the channels mixed down to their mean.
    ///
    /// # Errors
    /// If it is not WebM with Opus of one or two channels, or damaged. The recording cannot go on then.
    pub fn push(&mut self, bytes: &[u8], samples: &mut Vec<f32>) -> Result<(), AudioError> {
        let before = samples.len();
        let Self { demuxer, packets, taken } = self;
        let seconds = |fresh: usize| (*taken + fresh as u64) as f64 / f64::from(opus::RATE);
        let decoded = catch_unwind(AssertUnwindSafe(|| {
            demuxer.push(bytes, |part| match (part, &mut *packets) {
                (Part::Head(head), packets) => {
                    *packets = Some(Packets::new(head).map_err(|error| failure(error, None))?);
                    Ok(())
                }
                (Part::Packet(_), None) => Err(AudioError::damaged("the Opus header is missing")),
                (Part::Packet(packet), Some(packets)) => {
                    let at_s = Some(seconds(samples.len() - before));
                    let channels = packets.channels();
                    let interleaved =
                        packets.decode(packet).map_err(|error| failure(error, at_s))?;
                    let scale = 1.0 / channels as f64;
                    samples.extend(interleaved.chunks_exact(channels).map(|frame| {
                        let sum: f64 = frame.iter().map(|&x| f64::from(x)).sum();
                        (sum * scale) as f32
                    }));
                    Ok(())
                }
            })
        }));
        decoded.unwrap_or_else(|_| {
            Err(AudioError::damaged("the decoder failed on data that break the format's rules"))
        })?;
        let fresh = &samples[before..];
        if let Some(at) = fresh.iter().position(|x| !is_usable(*x)) {
            return Err(AudioError::NonFinite { at: *taken + at as u64 });
        }
        *taken += fresh.len() as u64;
        Ok(())
    }
}

impl Default for WebmStream {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for WebmStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebmStream").field("taken", &self.taken).finish_non_exhaustive()
    }
}
