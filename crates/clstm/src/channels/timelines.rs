//! Timelines of the channels of a recording.

use std::path::Path;

use clstm_audio::{AudioError, DecodeLimits, DecodeReport, EncodedAudio};
use clstm_audio::{stream_channels_bytes, stream_channels_file};

use super::{ChannelSelection, ChannelSplitter};
use crate::{
    Event, RecognizeError, Recognizer, StreamConfig, StreamError, TimelineBuilder, TimelineSummary,
};

/// An event of a channel's timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelEvent {
    /// Number of the channel, from 0.
    pub channel: usize,
    /// What happened.
    pub event: Event,
}

/// Makes the timelines of the channels of decoded audio, like [`TimelineBuilder`] for one. Memory grows with the number of
/// channels, not with the length.
#[derive(Debug)]
pub struct ChannelTimelineBuilder {
    recognizer: Recognizer,
    config: StreamConfig,
    splitter: ChannelSplitter,
    builders: Vec<TimelineBuilder>,
    samples: Vec<Vec<f32>>,
    /// Samples of each channel that were added, and their rate in Hz. A sum of seconds would depend on the chunks.
    frames: u64,
    rate: u32,
}

impl ChannelTimelineBuilder {
    /// A builder without audio.
    ///
    /// # Errors
    /// If a setting is out of its range.
    pub fn new(
        recognizer: &Recognizer,
        selection: ChannelSelection,
        config: &StreamConfig,
    ) -> Result<Self, StreamError> {
        TimelineBuilder::new(recognizer, config)?;
        Ok(Self {
            recognizer: recognizer.clone(),
            config: config.clone(),
            splitter: ChannelSplitter::new(recognizer.sample_rate(), selection),
            builders: Vec::new(),
            samples: Vec::new(),
            frames: 0,
            rate: 0,
        })
    }

    /// Adds interleaved samples `[frames, channels]` at `rate` Hz. Returns whether there are enough to
    /// [`process`](Self::process).
    ///
    /// # Errors
    /// If there is no such channel, or the rate is out of its range.
    pub fn add(
        &mut self,
        interleaved: &[f32],
        channels: usize,
        rate: u32,
    ) -> Result<bool, StreamError> {
        self.splitter.push(interleaved, channels, rate, &mut self.samples)?;
        self.frames += (interleaved.len() / channels.max(1)) as u64;
        self.rate = rate;
        self.distribute()
    }

    fn distribute(&mut self) -> Result<bool, StreamError> {
        while self.builders.len() < self.samples.len() {
            self.builders.push(TimelineBuilder::new(&self.recognizer, &self.config)?);
        }
        let rate = self.recognizer.sample_rate();
        let mut enough = false;
        for (builder, samples) in self.builders.iter_mut().zip(&mut self.samples) {
            enough |= !samples.is_empty() && builder.add(samples, rate);
            samples.clear();
        }
        Ok(enough)
    }

    /// Processes the samples that were added, and appends the resulting events, channel by channel.
    ///
    /// # Errors
    /// Those of [`TimelineBuilder::process`].
    pub fn process(&mut self, events: &mut Vec<ChannelEvent>) -> Result<(), StreamError> {
        let mut own = Vec::new();
        for (channel, builder) in self.splitter.selected().zip(&mut self.builders) {
            builder.process(&mut own)?;
            events.extend(own.drain(..).map(|event| ChannelEvent { channel, event }));
        }
        Ok(())
    }

    /// Processes what was added, and appends the last events. All channels have the same duration.
    ///
    /// # Errors
    /// Those of [`TimelineBuilder::finish`].
    pub fn finish(
        mut self,
        events: &mut Vec<ChannelEvent>,
    ) -> Result<TimelineSummary, StreamError> {
        self.splitter.finish(&mut self.samples)?;
        self.distribute()?;
        let mut own = Vec::new();
        for (channel, builder) in self.splitter.selected().zip(self.builders) {
            builder.finish(&mut own)?;
            events.extend(own.drain(..).map(|event| ChannelEvent { channel, event }));
        }
        let duration_s = self.frames as f64 / f64::from(self.rate.max(1));
        Ok(TimelineSummary { duration_s, damage: None, notes: Vec::new() })
    }
}

impl Recognizer {
    /// The timelines of the channels of a recording in a file, event by event: see [`ChannelSelection`] and
    /// [`timeline_file`](Self::timeline_file).
    ///
    /// # Errors
    /// Those of [`timeline_file`](Self::timeline_file), and if there is no such channel.
    pub fn channel_timelines_file<E: From<StreamError>>(
        &self,
        path: &Path,
        limits: &DecodeLimits,
        selection: ChannelSelection,
        config: &StreamConfig,
        on_event: impl FnMut(ChannelEvent) -> Result<(), E>,
    ) -> Result<TimelineSummary, E> {
        let mut driver = Driver::new(self, selection, config, on_event)?;
        let report = stream_channels_file(path, limits, |chunk, channels, rate| {
            driver.push(chunk, channels, rate)
        })
        .map_err(|Stop(error)| error)?;
        driver.finish(report)
    }

    /// The timelines of the channels of a recording in memory, like
    /// [`channel_timelines_file`](Self::channel_timelines_file).
    ///
    /// # Errors
    /// Those of [`channel_timelines_file`](Self::channel_timelines_file).
    pub fn channel_timelines_bytes<E: From<StreamError>>(
        &self,
        bytes: impl EncodedAudio,
        limits: &DecodeLimits,
        selection: ChannelSelection,
        config: &StreamConfig,
        on_event: impl FnMut(ChannelEvent) -> Result<(), E>,
    ) -> Result<TimelineSummary, E> {
        let mut driver = Driver::new(self, selection, config, on_event)?;
        let report = stream_channels_bytes(bytes, None, limits, |chunk, channels, rate| {
            driver.push(chunk, channels, rate)
        })
        .map_err(|Stop(error)| error)?;
        driver.finish(report)
    }
}

/// A builder and the callback that receives its events.
struct Driver<F> {
    builder: ChannelTimelineBuilder,
    strict: bool,
    events: Vec<ChannelEvent>,
    on_event: F,
}

impl<E: From<StreamError>, F: FnMut(ChannelEvent) -> Result<(), E>> Driver<F> {
    fn new(
        recognizer: &Recognizer,
        selection: ChannelSelection,
        config: &StreamConfig,
        on_event: F,
    ) -> Result<Self, E> {
        let builder = ChannelTimelineBuilder::new(recognizer, selection, config)?;
        Ok(Self { builder, strict: recognizer.is_strict(), events: Vec::new(), on_event })
    }

    fn push(&mut self, chunk: &[f32], channels: usize, rate: u32) -> Result<(), Stop<E>> {
        let enough = self.builder.add(chunk, channels, rate).map_err(|error| Stop(error.into()))?;
        if enough {
            self.builder.process(&mut self.events).map_err(|error| Stop(error.into()))?;
            self.events.drain(..).try_for_each(&mut self.on_event).map_err(Stop)?;
        }
        Ok(())
    }

    fn finish(mut self, report: DecodeReport) -> Result<TimelineSummary, E> {
        if self.strict {
            report.strict().map_err(StreamError::from)?;
        }
        let summary = self.builder.finish(&mut self.events)?;
        self.events.into_iter().try_for_each(&mut self.on_event)?;
        Ok(TimelineSummary { damage: report.damage, notes: report.notes, ..summary })
    }
}

/// An error of the callback, or of the audio as the callback's error type.
struct Stop<E>(E);

impl<E: From<StreamError>> From<AudioError> for Stop<E> {
    fn from(error: AudioError) -> Self {
        Self(StreamError::from(RecognizeError::from(error)).into())
    }
}
