//! From a device's callback to the feed.

use std::sync::Arc;
use std::time::Duration;

use rtrb::Consumer;

use super::capture::News;
use crate::listen::feed::{Feed, SourceError};

/// How often it looks for sound: half the buffer of most devices, and nothing beside the time of an answer.
const LOOK: Duration = Duration::from_millis(5);
/// A device that gives nothing for so long gives nothing any more; a muted one gives zeros. Some take a second to
/// begin.
const PATIENCE: Duration = Duration::from_secs(5);

/// The listener's end of a device.
pub(super) struct Pump {
    pub(super) ring: Consumer<f32>,
    /// Hz.
    pub(super) rate: u32,
    /// The device, for people.
    pub(super) name: String,
    pub(super) news: Arc<News>,
    /// How long the device may say nothing.
    patience: Duration,
}

impl Pump {
    pub(super) fn new(ring: Consumer<f32>, rate: u32, name: String, news: Arc<News>) -> Self {
        Self { ring, rate, name, news, patience: PATIENCE }
    }

    /// Hands sound over as it comes; what came before an end goes before it.
    ///
    /// # Errors
    /// When the device has gone, and when it gives nothing any more.
    pub(super) fn run(mut self, feed: &Feed) -> Result<(), SourceError> {
        // A tenth of a second at most: a level that moves, also when much has come at once.
        let mut samples = vec![0.0; (self.rate / 10).max(1) as usize];
        // Not by the clock: a process that is stopped for a while has not listened.
        let mut silent = Duration::ZERO;
        loop {
            // Before the ring is read: what comes later than the word of the end is not expected.
            let ended = self.news.ended();
            let (got, _) = self.ring.pop_partial_slice(&mut samples);
            if !got.is_empty() {
                feed.push(got, self.rate, self.news.lost())?;
                silent = Duration::ZERO;
                continue;
            }
            let name = &self.name;
            if let Some(message) = ended {
                return Err(SourceError::Failed(format!("{name}: {message}")));
            }
            if silent >= self.patience {
                let seconds = self.patience.as_secs_f64();
                let message =
                    format!("{name}: no sound has come for {seconds} s; is it still plugged in?");
                return Err(SourceError::Failed(message));
            }
            std::thread::sleep(LOOK);
            silent += LOOK;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::TryRecvError;

    use super::super::capture::Capture;
    use super::{Arc, Duration, Feed, News, Pump, SourceError};

    /// A device of two channels at 16 kHz, and the thread that listens to it.
    fn device(patience: Duration) -> (Capture, Arc<News>, Pump) {
        let news = Arc::new(News::default());
        let (capture, ring) = Capture::new(2, 16_000, Arc::clone(&news));
        let pump =
            Pump { patience, ..Pump::new(ring, 16_000, "fake".to_owned(), Arc::clone(&news)) };
        (capture, news, pump)
    }

    #[test]
    fn sound_arrives_whole_and_then_the_end() {
        let (mut capture, news, pump) = device(Duration::from_secs(60));
        let (feed, chunks) = Feed::new();
        // u16 as some devices give it: the middle is silence.
        let sound: Vec<u16> = (0..2 * 40_000_u32).map(|n| (32_768 + n / 2 % 1000) as u16).collect();
        let expected: Vec<f32> = (0..40_000).map(|n| (n % 1000) as f32 / 32_768.0).collect();
        let calls = std::thread::spawn(move || {
            for buffer in sound.chunks(2 * 441) {
                capture.take(buffer, |x| (f32::from(x) - 32_768.0) / 32_768.0);
                std::thread::sleep(Duration::from_micros(300));
            }
            news.end("the device was disconnected".to_owned());
        });
        let pump = std::thread::spawn(move || pump.run(&feed));
        let mut heard = Vec::new();
        for chunk in &chunks {
            assert!(chunk.rate == 16_000 && chunk.lost.samples == 0);
            assert!((1..=1600).contains(&chunk.samples.len()));
            heard.extend_from_slice(&chunk.samples);
        }
        calls.join().unwrap();
        assert!(heard == expected);
        let Err(SourceError::Failed(message)) = pump.join().unwrap() else { panic!("it ended") };
        assert_eq!(message, "fake: the device was disconnected");
    }

    #[test]
    fn a_listener_that_falls_behind_loses_sound_and_hears_how_much() {
        let (mut capture, _news, pump) = device(Duration::from_millis(20));
        // 11 s at once, of which 10 have room.
        capture.take(&vec![0.5_f32; 2 * 11 * 16_000], |x| x);
        let (feed, chunks) = Feed::new();
        let pump = std::thread::spawn(move || pump.run(&feed));
        let (heard, lost) = chunks
            .iter()
            .fold((0, 0), |(heard, _), chunk| (heard + chunk.samples.len(), chunk.lost.samples));
        assert_eq!((heard, lost), (10 * 16_000, 16_000));
        assert!(pump.join().unwrap().is_err());
    }

    #[test]
    fn a_device_that_falls_silent_ends_and_so_does_one_that_nobody_hears() {
        let (mut capture, _news, pump) = device(Duration::from_millis(30));
        capture.take(&[0.0_f32; 2 * 512], |x| x); // zeros are sound
        let (feed, chunks) = Feed::new();
        let Err(SourceError::Failed(message)) = pump.run(&feed) else { panic!("it ended") };
        assert!(message.contains("no sound has come for 0.03 s"), "{message}");
        assert_eq!(chunks.try_recv().unwrap().samples, [0.0; 512]);
        drop(feed);
        assert_eq!(chunks.try_recv().unwrap_err(), TryRecvError::Disconnected);

        let (mut capture, _news, pump) = device(Duration::from_secs(60));
        let (feed, chunks) = Feed::new();
        drop(chunks);
        capture.take(&[0.0_f32; 2], |x| x);
        assert!(matches!(pump.run(&feed), Err(SourceError::Gone)));
    }
}
