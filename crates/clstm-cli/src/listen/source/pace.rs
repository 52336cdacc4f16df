//! Recordings in real time.

use std::time::{Duration, Instant};

use crate::listen::channel::{AudioSender, Lost, SourceError};

/// Pieces a second: for a smooth level meter and a short delay of frames.
const PIECES: u32 = 20;

/// Sends samples at the time when a microphone would.
pub(super) struct Pace {
    begun: Option<Instant>,
    /// Samples of each channel that were sent.
    given: u64,
    /// Whether to send without waiting.
    fast: bool,
}

impl Pace {
    pub(super) fn new(fast: bool) -> Self {
        Self { begun: None, given: 0, fast }
    }

    /// Sends interleaved samples piece by piece, each when its time since the first has passed.
    pub(super) fn push(
        &mut self,
        feed: &AudioSender,
        samples: &[f32],
        channels: usize,
        rate: u32,
    ) -> Result<(), SourceError> {
        if self.fast {
            return feed.push(samples, channels, rate, Lost::default());
        }
        let begun = *self.begun.get_or_insert_with(Instant::now);
        for piece in samples.chunks((rate / PIECES).max(1) as usize * channels.max(1)) {
            self.given += (piece.len() / channels.max(1)) as u64;
            let due = begun + Duration::from_secs_f64(self.given as f64 / f64::from(rate));
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            feed.push(piece, channels, rate, Lost::default())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{AudioSender, Pace};

    #[test]
    fn audio_is_sent_in_real_time_unless_it_is_fast() {
        let samples: Vec<f32> = (0..1600).map(|n| n as f32).collect();
        for fast in [false, true] {
            let (feed, chunks) = AudioSender::new();
            let begun = Instant::now();
            let mut pace = Pace::new(fast);
            samples.chunks(123).for_each(|chunk| pace.push(&feed, chunk, 1, 8000).unwrap());
            drop(feed);
            let all: Vec<_> = chunks.iter().collect();
            let received: Vec<f32> = all.iter().flat_map(|chunk| chunk.samples.clone()).collect();
            assert_eq!(received, samples);
            if !fast {
                // However late a machine is, nothing comes before its time.
                let mut samples = 0;
                for chunk in all {
                    samples += chunk.samples.len();
                    assert!((chunk.arrived - begun).as_secs_f64() >= samples as f64 / 8000.0);
                }
            }
        }
    }
}
