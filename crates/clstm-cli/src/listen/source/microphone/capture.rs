//! What a device's callback does: mixes down, hands over, never waits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rtrb::{Consumer, Producer, RingBuffer};

use crate::listen::feed::Lost;

/// Seconds of sound that may wait for the listener. A machine that is busier for longer loses some.
const ROOM_S: u32 = 10;
/// Frames that are mixed before they are handed over; on the stack.
const BLOCK: usize = 256;

/// Beyond 18 dB above full scale no converter goes: what does is a fault, and is cut off.
const LOUDEST: f32 = 8.0;

/// What the callbacks tell.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Samples that had no room.
    lost: AtomicU64,
    /// Times that the system had none.
    overruns: AtomicU64,
    /// What ended the sound.
    error: Mutex<Option<String>>,
}

impl News {
    /// What had no room, so far.
    pub(super) fn lost(&self) -> Lost {
        Lost {
            samples: self.lost.load(Ordering::Relaxed),
            overruns: self.overruns.load(Ordering::Relaxed),
        }
    }

    /// Notes that the system lost some sound.
    pub(super) fn overrun(&self) {
        self.overruns.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes what ended the sound; the first word counts. Not from the callback of samples: this may wait.
    pub(super) fn end(&self, message: String) {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
    }

    /// What ended the sound, once something has.
    pub(super) fn ended(&self) -> Option<String> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The callback's end.
pub(super) struct Capture {
    ring: Producer<f32>,
    channels: usize,
    news: Arc<News>,
}

impl Capture {
    /// For interleaved samples of so many channels at this rate, and the listener's end.
    pub(super) fn new(channels: usize, rate: u32, news: Arc<News>) -> (Self, Consumer<f32>) {
        let (ring, other_end) = RingBuffer::new((ROOM_S * rate) as usize);
        (Self { ring, channels: channels.max(1), news }, other_end)
    }

    /// Takes interleaved samples, mixes the channels down to their mean and hands them over as far as there is
    /// room. Neither waits nor allocates.
    pub(super) fn take<T: Copy>(&mut self, interleaved: &[T], to_f32: impl Fn(T) -> f32) {
        let share = 1.0 / self.channels as f32;
        let mut mixed = [0.0; BLOCK];
        for block in interleaved.chunks(BLOCK * self.channels) {
            let frames = block.chunks_exact(self.channels);
            let count = frames.len();
            for (mixed, frame) in mixed.iter_mut().zip(frames) {
                let mean = share * frame.iter().map(|&sample| to_f32(sample)).sum::<f32>();
                // A fault of a driver is no reason to stop listening.
                *mixed = if mean.is_nan() { 0.0 } else { mean.clamp(-LOUDEST, LOUDEST) };
            }
            let (_, left) = self.ring.push_partial_slice(&mixed[..count]);
            if !left.is_empty() {
                self.news.lost.fetch_add(left.len() as u64, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, BLOCK, Capture, Consumer, Lost, News, ROOM_S};

    fn all(ring: &mut Consumer<f32>) -> Vec<f32> {
        std::iter::from_fn(|| ring.pop().ok()).collect()
    }

    #[test]
    fn channels_are_mixed_whatever_the_size_of_the_buffers() {
        let news = Arc::new(News::default());
        let (mut capture, mut ring) = Capture::new(3, 8000, Arc::clone(&news));
        let three: Vec<i16> =
            (0..3 * (2 * BLOCK as i32 + 77)).map(|n| (n * 7919 % 30_001 - 15_000) as i16).collect();
        for buffer in three.chunks(3 * 100) {
            capture.take(buffer, |x| f32::from(x) / 32_768.0);
        }
        let mean = |frame: &[i16]| frame.iter().map(|&x| f32::from(x) / 32_768.0).sum::<f32>();
        let expected: Vec<f32> = three.chunks(3).map(|frame| mean(frame) * (1.0 / 3.0)).collect();
        assert!(all(&mut ring) == expected);
        assert_eq!(news.lost(), Lost::default());
    }

    #[test]
    fn what_has_no_room_is_counted_and_what_came_before_kept() {
        let news = Arc::new(News::default());
        let (mut capture, mut ring) = Capture::new(1, 1000, Arc::clone(&news));
        let room = (ROOM_S * 1000) as usize;
        let sound: Vec<f32> = (0..room + 777).map(|n| n as f32 / 65_536.0).collect();
        sound.chunks(480).for_each(|buffer| capture.take(buffer, |x| x));
        assert_eq!(news.lost().samples, 777);
        assert!(all(&mut ring) == sound[..room]);
        // Once somebody has listened, there is room again.
        capture.take(&[0.5_f32, 0.25], |x| x);
        assert_eq!((all(&mut ring), news.lost().samples), (vec![0.5, 0.25], 777));
    }

    #[test]
    fn what_is_no_number_becomes_silence() {
        let (mut capture, mut ring) = Capture::new(1, 1000, Arc::default());
        capture.take(&[0.5, f32::NAN, f32::INFINITY, -1e30, -1.25], |x| x);
        assert_eq!(all(&mut ring), [0.5, 0.0, 8.0, -8.0, -1.25]);
    }

    #[test]
    fn the_first_trouble_is_the_one_that_is_told() {
        let news = News::default();
        assert_eq!(news.ended(), None);
        news.end("unplugged".to_owned());
        news.end("closed".to_owned());
        assert_eq!(news.ended().as_deref(), Some("unplugged"));
        news.overrun();
        assert_eq!(news.lost(), Lost { samples: 0, overruns: 1 });
    }
}
