//! The callback of a device: averages channels or keeps them apart, sends samples, never blocks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rtrb::{Consumer, Producer, RingBuffer};

use crate::listen::channel::Lost;

/// Capacity in seconds. A machine that is overloaded for longer loses audio.
const CAPACITY_S: u32 = 10;
/// Samples that are sent at once, from the stack.
const BLOCK: usize = 256;

/// Samples beyond 18 dB above full scale are faults of a driver and are clipped.
const LOUDEST: f32 = 8.0;

/// State that the callbacks report.
#[derive(Debug, Default)]
pub(super) struct CallbackStatus {
    /// Samples of each channel that did not fit.
    lost: AtomicU64,
    /// Overruns of the system.
    overruns: AtomicU64,
    /// The error that ended the stream.
    error: Mutex<Option<String>>,
}

impl CallbackStatus {
    /// Audio lost so far.
    pub(super) fn lost(&self) -> Lost {
        Lost {
            samples: self.lost.load(Ordering::Relaxed),
            overruns: self.overruns.load(Ordering::Relaxed),
        }
    }

    /// Counts an overrun.
    pub(super) fn overrun(&self) {
        self.overruns.fetch_add(1, Ordering::Relaxed);
    }

    /// Records the error that ended the stream; the first one counts. It may block: not for the callback of samples.
    pub(super) fn end(&self, message: String) {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
    }

    /// The error that ended the stream, if one has.
    pub(super) fn ended(&self) -> Option<String> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The callback's end.
pub(super) struct CallbackWriter {
    ring: Producer<f32>,
    /// Of the device.
    channels: usize,
    /// Whether the channels are sent apart.
    apart: bool,
    status: Arc<CallbackStatus>,
}

impl CallbackWriter {
    /// For interleaved samples of this many channels, which are averaged or stay apart, and this rate in Hz; also gives the
    /// receiving end.
    pub(super) fn new(
        channels: usize,
        apart: bool,
        rate: u32,
        status: Arc<CallbackStatus>,
    ) -> (Self, Consumer<f32>) {
        // More would not fit a block.
        let channels = channels.clamp(1, BLOCK);
        let sent = if apart { channels } else { 1 };
        let (ring, other_end) = RingBuffer::new((CAPACITY_S * rate) as usize * sent);
        (Self { ring, channels, apart, status }, other_end)
    }

    /// Number of interleaved channels that are sent.
    pub(super) fn sent_channels(&self) -> usize {
        if self.apart { self.channels } else { 1 }
    }

    /// Averages the channels of interleaved samples, or keeps them apart, and sends whole frames as far as they fit. Neither blocks
    /// nor allocates.
    pub(super) fn take<T: Copy>(&mut self, interleaved: &[T], to_f32: impl Fn(T) -> f32) {
        // A fault of a driver does not stop the stream.
        let usable = |x: f32| if x.is_nan() { 0.0 } else { x.clamp(-LOUDEST, LOUDEST) };
        let sent = self.sent_channels();
        let mut samples = [0.0; BLOCK];
        for block in interleaved.chunks(BLOCK / sent * self.channels) {
            let frames = block.chunks_exact(self.channels);
            let count = frames.len() * sent;
            if self.apart {
                let of_block = frames.flatten();
                samples.iter_mut().zip(of_block).for_each(|(to, &x)| *to = usable(to_f32(x)));
            } else {
                let share = 1.0 / self.channels as f32;
                for (to, frame) in samples.iter_mut().zip(frames) {
                    *to = usable(share * frame.iter().map(|&x| to_f32(x)).sum::<f32>());
                }
            }
            // The capacity is a multiple of a frame, and so is what is free.
            let (_, left) = self.ring.push_partial_slice(&samples[..count]);
            if !left.is_empty() {
                self.status.lost.fetch_add((left.len() / sent) as u64, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, BLOCK, CAPACITY_S, CallbackStatus, CallbackWriter, Consumer, Lost};

    fn all(ring: &mut Consumer<f32>) -> Vec<f32> {
        std::iter::from_fn(|| ring.pop().ok()).collect()
    }

    #[test]
    fn channels_are_averaged_for_any_size_of_buffer() {
        let status = Arc::new(CallbackStatus::default());
        let (mut capture, mut ring) = CallbackWriter::new(3, false, 8000, Arc::clone(&status));
        let three: Vec<i16> =
            (0..3 * (2 * BLOCK as i32 + 77)).map(|n| (n * 7919 % 30_001 - 15_000) as i16).collect();
        for buffer in three.chunks(3 * 100) {
            capture.take(buffer, |x| f32::from(x) / 32_768.0);
        }
        let mean = |frame: &[i16]| frame.iter().map(|&x| f32::from(x) / 32_768.0).sum::<f32>();
        let expected: Vec<f32> = three.chunks(3).map(|frame| mean(frame) * (1.0 / 3.0)).collect();
        assert!(all(&mut ring) == expected);
        assert_eq!(status.lost(), Lost::default());
    }

    #[test]
    fn samples_that_do_not_fit_are_counted_and_earlier_ones_kept() {
        let status = Arc::new(CallbackStatus::default());
        let (mut capture, mut ring) = CallbackWriter::new(1, false, 1000, Arc::clone(&status));
        let capacity = (CAPACITY_S * 1000) as usize;
        let sound: Vec<f32> = (0..capacity + 777).map(|n| n as f32 / 65_536.0).collect();
        sound.chunks(480).for_each(|buffer| capture.take(buffer, |x| x));
        assert_eq!(status.lost().samples, 777);
        assert!(all(&mut ring) == sound[..capacity]);
        // Once the queue has been read, it has space again.
        capture.take(&[0.5_f32, 0.25], |x| x);
        assert_eq!((all(&mut ring), status.lost().samples), (vec![0.5, 0.25], 777));
    }

    #[test]
    fn nan_becomes_silence() {
        let (mut capture, mut ring) = CallbackWriter::new(1, false, 1000, Arc::default());
        capture.take(&[0.5, f32::NAN, f32::INFINITY, -1e30, -1.25], |x| x);
        assert_eq!(all(&mut ring), [0.5, 0.0, 8.0, -8.0, -1.25]);
    }

    #[test]
    fn the_first_error_is_reported() {
        let status = CallbackStatus::default();
        assert_eq!(status.ended(), None);
        status.end("unplugged".to_owned());
        status.end("closed".to_owned());
        assert_eq!(status.ended().as_deref(), Some("unplugged"));
        status.overrun();
        assert_eq!(status.lost(), Lost { samples: 0, overruns: 1 });
    }
}
