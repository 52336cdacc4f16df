//! Live audio of one or more channels.

use clstm_audio::{Downmixer, Resampler};

use super::crosstalk::CrosstalkGate;
use super::{ChannelEvent, ChannelSelection, ChannelSplitter};
use crate::{Event, Recognizer, Stream, StreamConfig, StreamError};

/// Predicts emotions along the time of an audio stream of several channels: of their mean, like [`Stream`], or of the selected
/// channels without cross-talk (see [`ChannelSelection`]). The mean has the number 0.
///
/// Memory grows with the number of channels, which the caller bounds, and not with the length.
#[derive(Debug)]
pub struct ChannelStream {
    recognizer: Recognizer,
    selection: ChannelSelection,
    config: StreamConfig,
    /// Of the pushed samples, in Hz.
    rate: u32,
    input: Input,
    latency_s: f64,
    events: Vec<Event>,
}

/// What becomes of the pushed samples.
#[derive(Debug)]
enum Input {
    Mix { mixer: Box<Downmixer>, stream: Box<Stream> },
    Channels(Box<Channels>),
}

#[derive(Debug)]
struct Channels {
    splitter: ChannelSplitter,
    /// One for each selected channel, once there are samples.
    streams: Vec<Stream>,
    samples: Vec<Vec<f32>>,
}

impl ChannelStream {
    /// A stream of samples at `sample_rate` Hz, full scale being ±1.
    ///
    /// # Errors
    /// Those of [`Stream::new`].
    pub fn new(
        recognizer: &Recognizer,
        sample_rate: u32,
        selection: ChannelSelection,
        config: &StreamConfig,
    ) -> Result<Self, StreamError> {
        let (input, latency_s) = match selection {
            ChannelSelection::Mix => {
                let stream = Box::new(Stream::new(recognizer, sample_rate, config)?);
                let latency_s = stream.latency_s();
                (Input::Mix { mixer: Box::default(), stream }, latency_s)
            }
            _ => {
                let rate = recognizer.sample_rate();
                let resampler = Resampler::new(sample_rate, rate)?;
                let latency_s = Stream::new(recognizer, rate, config)?.latency_s()
                    + resampler.latency_s()
                    + CrosstalkGate::LATENCY_S;
                let splitter = ChannelSplitter::new(rate, selection);
                let channels = Channels { splitter, streams: Vec::new(), samples: Vec::new() };
                (Input::Channels(Box::new(channels)), latency_s)
            }
        };
        Ok(Self {
            recognizer: recognizer.clone(),
            selection,
            config: config.clone(),
            rate: sample_rate,
            input,
            latency_s,
            events: Vec::new(),
        })
    }

    /// Rate of the samples, in Hz.
    #[must_use]
    pub fn sample_rate(&self) -> u32 {
        self.rate
    }

    /// Seconds from the end of a frame to the last sample that its final prediction needs, at most: that of [`Stream`] and, of
    /// channels by themselves, 128 ms in which cross-talk is detected.
    #[must_use]
    pub fn latency_s(&self) -> f64 {
        self.latency_s
    }

    /// Number of channels that are recognised: 1 before the first samples.
    #[must_use]
    pub fn channels(&self) -> usize {
        match &self.input {
            Input::Mix { .. } => 1,
            Input::Channels(channels) => channels.streams.len().max(1),
        }
    }

    /// Processes interleaved samples `[frames, channels]` at `sample_rate` Hz and appends the resulting events, channel by
    /// channel.
    ///
    /// A rate other than before begins a new stream: a source may know its rate with its first samples only. The first samples decide
    /// the number of channels: of later ones with more, the others are left out; of later ones with fewer, the last one counts for
    /// the others.
    ///
    /// # Errors
    /// If there is no such channel, the rate is out of its range, or a sample or the model's output is not finite; the stream
    /// cannot continue then.
    pub fn push(
        &mut self,
        interleaved: &[f32],
        channels: usize,
        sample_rate: u32,
        events: &mut Vec<ChannelEvent>,
    ) -> Result<(), StreamError> {
        if sample_rate != self.rate {
            *self = Self::new(&self.recognizer, sample_rate, self.selection, &self.config)?;
        }
        match &mut self.input {
            Input::Mix { mixer, stream } => {
                let mono = mixer.mix(interleaved, channels, sample_rate);
                stream.push(mono, &mut self.events)?;
                append(0, &mut self.events, events);
                Ok(())
            }
            Input::Channels(own) => {
                own.splitter.push(interleaved, channels, sample_rate, &mut own.samples)?;
                self.process(events)
            }
        }
    }

    /// Ends the stream: appends the frames that were waiting for more audio, and the last segments. No samples may follow.
    ///
    /// # Errors
    /// If the model's output is not finite.
    pub fn finish(&mut self, events: &mut Vec<ChannelEvent>) -> Result<(), StreamError> {
        match &mut self.input {
            Input::Mix { stream, .. } => {
                stream.finish(&mut self.events)?;
                append(0, &mut self.events, events);
                return Ok(());
            }
            Input::Channels(own) => own.splitter.finish(&mut own.samples)?,
        }
        self.process(events)?;
        let Input::Channels(own) = &mut self.input else { return Ok(()) };
        for (channel, stream) in own.splitter.selected().zip(&mut own.streams) {
            stream.finish(&mut self.events)?;
            append(channel, &mut self.events, events);
        }
        Ok(())
    }

    /// Processes the samples that were split.
    fn process(&mut self, events: &mut Vec<ChannelEvent>) -> Result<(), StreamError> {
        let Input::Channels(own) = &mut self.input else { return Ok(()) };
        let rate = self.recognizer.sample_rate();
        while own.streams.len() < own.samples.len() {
            own.streams.push(Stream::new(&self.recognizer, rate, &self.config)?);
        }
        let channels = own.splitter.selected().zip(&mut own.streams).zip(&mut own.samples);
        for ((channel, stream), samples) in channels {
            stream.push(samples, &mut self.events)?;
            samples.clear();
            append(channel, &mut self.events, events);
        }
        Ok(())
    }
}

fn append(channel: usize, own: &mut Vec<Event>, events: &mut Vec<ChannelEvent>) {
    events.extend(own.drain(..).map(|event| ChannelEvent { channel, event }));
}
