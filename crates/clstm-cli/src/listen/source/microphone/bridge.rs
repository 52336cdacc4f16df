//! From the callback of a device to the channel.

use std::sync::Arc;
use std::time::Duration;

use rtrb::Consumer;

use super::callback::CallbackStatus;
use crate::listen::channel::{AudioSender, SourceError};

/// Polling interval: half the buffer of most devices, and short against the inference of a window.
const POLL: Duration = Duration::from_millis(5);
/// A device that sends nothing for this long has failed. A muted one sends zeros; some take a second to start.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The receiving end of a device.
pub(super) struct Bridge {
    pub(super) ring: Consumer<f32>,
    /// Interleaved channels.
    channels: usize,
    /// Hz.
    pub(super) rate: u32,
    /// Name of the device, for messages.
    pub(super) name: String,
    pub(super) status: Arc<CallbackStatus>,
    /// Longest time without samples.
    timeout: Duration,
}

impl Bridge {
    pub(super) fn new(
        ring: Consumer<f32>,
        channels: usize,
        rate: u32,
        name: String,
        status: Arc<CallbackStatus>,
    ) -> Self {
        Self { ring, channels, rate, name, status, timeout: TIMEOUT }
    }

    /// Sends audio as it arrives; all of it before an error is returned.
    ///
    /// # Errors
    /// When the device has failed, and when it sends nothing any more.
    pub(super) fn run(mut self, feed: &AudioSender) -> Result<(), SourceError> {
        // At most a tenth of a second, so that the level meter moves smoothly.
        // Whole frames: the ring has no others.
        let mut samples = vec![0.0; (self.rate / 10).max(1) as usize * self.channels];
        // Not by the clock: the process itself may have been stopped for a while.
        let mut silent = Duration::ZERO;
        loop {
            // Read before the ring: no samples follow the end.
            let ended = self.status.ended();
            let (got, _) = self.ring.pop_partial_slice(&mut samples);
            if !got.is_empty() {
                feed.push(got, self.channels, self.rate, self.status.lost())?;
                silent = Duration::ZERO;
                continue;
            }
            let name = &self.name;
            if let Some(message) = ended {
                return Err(SourceError::Failed(format!("{name}: {message}")));
            }
            if silent >= self.timeout {
                let seconds = self.timeout.as_secs_f64();
                let message =
                    format!("{name}: no audio for {seconds} s; check that it is connected");
                return Err(SourceError::Failed(message));
            }
            std::thread::sleep(POLL);
            silent += POLL;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::TryRecvError;

    use super::super::callback::CallbackWriter;
    use super::{Arc, AudioSender, Bridge, CallbackStatus, Duration, SourceError};

    /// A device of two channels at 16 kHz, and its bridge.
    fn device(timeout: Duration) -> (CallbackWriter, Arc<CallbackStatus>, Bridge) {
        stereo(timeout, false)
    }

    /// The same with the channels averaged or apart.
    fn stereo(timeout: Duration, apart: bool) -> (CallbackWriter, Arc<CallbackStatus>, Bridge) {
        let status = Arc::new(CallbackStatus::default());
        let (capture, ring) = CallbackWriter::new(2, apart, 16_000, Arc::clone(&status));
        let (channels, name) = (capture.sent_channels(), "fake".to_owned());
        let bridge = Bridge::new(ring, channels, 16_000, name, Arc::clone(&status));
        (capture, status, Bridge { timeout, ..bridge })
    }

    #[test]
    fn channels_that_stay_apart_arrive_in_whole_frames() {
        let (mut capture, status, bridge) = stereo(Duration::from_secs(60), true);
        // 11 s; 10 s fit.
        let sound: Vec<f32> = (0..2 * 11 * 16_000).map(|n| n as f32 / 1e6).collect();
        sound.chunks(2 * 441).for_each(|buffer| capture.take(buffer, |x| x));
        status.end("the device was disconnected".to_owned());
        let (feed, chunks) = AudioSender::new();
        let bridge = std::thread::spawn(move || bridge.run(&feed));
        let mut received = Vec::new();
        for chunk in &chunks {
            assert!(chunk.channels == 2 && chunk.samples.len().is_multiple_of(2));
            assert_eq!(chunk.lost.samples, 16_000, "of each channel");
            received.extend_from_slice(&chunk.samples);
        }
        assert!(received == sound[..2 * 10 * 16_000]);
        assert!(bridge.join().unwrap().is_err());
    }

    #[test]
    fn all_audio_arrives_and_then_the_error() {
        let (mut capture, status, bridge) = device(Duration::from_secs(60));
        let (feed, chunks) = AudioSender::new();
        // u16 as some devices give it: the middle is silence.
        let sound: Vec<u16> = (0..2 * 40_000_u32).map(|n| (32_768 + n / 2 % 1000) as u16).collect();
        let expected: Vec<f32> = (0..40_000).map(|n| (n % 1000) as f32 / 32_768.0).collect();
        let calls = std::thread::spawn(move || {
            for buffer in sound.chunks(2 * 441) {
                capture.take(buffer, |x| (f32::from(x) - 32_768.0) / 32_768.0);
                std::thread::sleep(Duration::from_micros(300));
            }
            status.end("the device was disconnected".to_owned());
        });
        let bridge = std::thread::spawn(move || bridge.run(&feed));
        let mut received = Vec::new();
        for chunk in &chunks {
            assert!(chunk.rate == 16_000 && chunk.lost.samples == 0);
            assert!((1..=1600).contains(&chunk.samples.len()));
            received.extend_from_slice(&chunk.samples);
        }
        calls.join().unwrap();
        assert!(received == expected);
        let Err(SourceError::Failed(message)) = bridge.join().unwrap() else { panic!("it ended") };
        assert_eq!(message, "fake: the device was disconnected");
    }

    #[test]
    fn a_listener_that_falls_behind_loses_a_known_number_of_samples() {
        let (mut capture, _news, bridge) = device(Duration::from_millis(20));
        // 11 s at once; 10 s fit.
        capture.take(&vec![0.5_f32; 2 * 11 * 16_000], |x| x);
        let (feed, chunks) = AudioSender::new();
        let bridge = std::thread::spawn(move || bridge.run(&feed));
        let (received, lost) = chunks.iter().fold((0, 0), |(received, _), chunk| {
            (received + chunk.samples.len(), chunk.lost.samples)
        });
        assert_eq!((received, lost), (10 * 16_000, 16_000));
        assert!(bridge.join().unwrap().is_err());
    }

    #[test]
    fn a_device_without_samples_ends_and_so_does_one_without_a_listener() {
        let (mut capture, _news, bridge) = device(Duration::from_millis(30));
        capture.take(&[0.0_f32; 2 * 512], |x| x); // zeros are sound
        let (feed, chunks) = AudioSender::new();
        let Err(SourceError::Failed(message)) = bridge.run(&feed) else { panic!("it ended") };
        assert!(message.contains("no audio for 0.03 s"), "{message}");
        assert_eq!(chunks.try_recv().unwrap().samples, [0.0; 512]);
        drop(feed);
        assert_eq!(chunks.try_recv().unwrap_err(), TryRecvError::Disconnected);

        let (mut capture, _news, bridge) = device(Duration::from_secs(60));
        let (feed, chunks) = AudioSender::new();
        drop(chunks);
        capture.take(&[0.0_f32; 2], |x| x);
        assert!(matches!(bridge.run(&feed), Err(SourceError::Disconnected)));
    }
}
