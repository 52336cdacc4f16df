//! Parts of the mean of all channels, or of channels by themselves.

use clstm_audio::AudioError;

use super::track::{SpanTrack, TrackOutcome};
use super::{Span, SpanRecognition, SpanSummary};
use crate::channels::ChannelSplitter;
use crate::{ChannelSelection, RecognizeError, Recognizer};

/// Most results of a recording: a part of every channel has one for each.
const MAX_RESULTS: usize = 1_000_000;

/// Recognises parts of audio while it is decoded. Memory is that of the longest part and what overlaps it, for each
/// channel that is recognised by itself.
#[derive(Debug)]
pub struct SpanRecognizer {
    recognizer: Recognizer,
    selection: ChannelSelection,
    spans: Vec<Span>,
    /// For channels by themselves.
    splitter: Option<ChannelSplitter>,
    /// Samples of the selected channels.
    samples: Vec<Vec<f32>>,
    /// One for each selected channel, or for the mean; empty before the first samples, which have the number of channels.
    tracks: Vec<Track>,
    /// Most seconds of all channels together.
    limit_s: f64,
}

/// The parts that are recognised in a channel, or in the mean.
#[derive(Debug)]
struct Track {
    channel: Option<usize>,
    /// Indices of its parts.
    spans: Vec<usize>,
    track: SpanTrack,
}

impl SpanRecognizer {
    /// For these parts, which may overlap, be in any order, and end after the audio.
    #[must_use]
    pub fn new(recognizer: &Recognizer, selection: ChannelSelection, spans: &[Span]) -> Self {
        let rate = recognizer.sample_rate();
        Self {
            recognizer: recognizer.clone(),
            selection,
            spans: spans.to_vec(),
            splitter: (selection != ChannelSelection::Mix)
                .then(|| ChannelSplitter::new(rate, selection)),
            samples: Vec::new(),
            tracks: Vec::new(),
            limit_s: f64::INFINITY,
        }
    }

    /// The same with a limit for the seconds of all channels together that are recognised by themselves.
    #[must_use]
    pub fn with_limit(self, limit_s: f64) -> Self {
        Self { limit_s, ..self }
    }

    /// Adds interleaved samples `[frames, channels]` at `rate` Hz, the same rate at each call. For
    /// [`ChannelSelection::Mix`] the samples are mono: the mean of all channels.
    ///
    /// # Errors
    /// If there is no such channel, the rate is out of its range, the model's output is not finite, the parts overlap too
    /// much, one has more than an hour of the audio, there are more than a million parts of channels, or all channels together are longer than the limit.
    ///
    /// # Panics
    /// If `channels` is 0, or not 1 for the mean.
    pub fn push(
        &mut self,
        interleaved: &[f32],
        channels: usize,
        rate: u32,
    ) -> Result<(), RecognizeError> {
        if interleaved.is_empty() {
            return Ok(());
        }
        if self.tracks.is_empty() {
            self.start(channels)?;
        }
        let Some(splitter) = &mut self.splitter else {
            assert_eq!(channels, 1, "the mean of all channels is mono");
            let Some(mean) = self.tracks.first_mut() else { return Ok(()) };
            return mean.track.push(interleaved, rate);
        };
        splitter.push(interleaved, channels, rate, &mut self.samples)?;
        self.push_split()
    }

    fn push_split(&mut self) -> Result<(), RecognizeError> {
        let rate = self.recognizer.sample_rate();
        for (track, samples) in self.tracks.iter_mut().zip(&mut self.samples) {
            if !samples.is_empty() {
                track.track.push(samples, rate)?;
                samples.clear();
            }
        }
        let channels = self.tracks.len() as f64;
        match self.duration_s() * channels > self.limit_s {
            true => Err(AudioError::TooLong { limit_s: self.limit_s / channels }.into()),
            false => Ok(()),
        }
    }

    /// Distributes the parts to the channels of a recording.
    fn start(&mut self, channels: usize) -> Result<(), RecognizeError> {
        let numbers: Vec<Option<usize>> = match self.selection {
            ChannelSelection::Mix => vec![None],
            ChannelSelection::One(channel) if channel >= channels => {
                return Err(RecognizeError::NoChannel { channel, channels });
            }
            ChannelSelection::One(channel) => vec![Some(channel)],
            ChannelSelection::Each => {
                let missing = self.spans.iter().filter_map(|span| span.channel);
                if let Some(channel) = missing.into_iter().find(|channel| *channel >= channels) {
                    return Err(RecognizeError::NoChannel { channel, channels });
                }
                let every = self.spans.iter().filter(|span| span.channel.is_none()).count();
                let results = self.spans.len() - every + every.saturating_mul(channels);
                if results > MAX_RESULTS {
                    return Err(RecognizeError::TooManySpans { most: MAX_RESULTS });
                }
                (0..channels).map(Some).collect()
            }
        };
        for channel in numbers {
            let own = |span: &Span| match self.selection {
                ChannelSelection::Each => span.channel.is_none() || span.channel == channel,
                _ => true,
            };
            let spans: Vec<usize> =
                (0..self.spans.len()).filter(|index| own(&self.spans[*index])).collect();
            let parts: Vec<Span> = spans.iter().map(|index| self.spans[*index]).collect();
            let track = SpanTrack::new(&self.recognizer, &parts);
            self.tracks.push(Track { channel, spans, track });
        }
        Ok(())
    }

    /// Seconds that were pushed.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        self.tracks.first().map_or(0.0, |track| track.track.duration_s())
    }

    /// Ends the recording, and returns the results in the order of the parts.
    ///
    /// # Errors
    /// Those of [`push`](Self::push).
    pub fn finish(mut self) -> Result<SpanSummary, RecognizeError> {
        if self.tracks.is_empty() {
            self.start(1)?;
        }
        if let Some(splitter) = &mut self.splitter {
            splitter.finish(&mut self.samples)?;
            self.push_split()?;
        }
        let (duration_s, channels) = (self.duration_s(), self.tracks.len());
        let mut all: Vec<SpanRecognition> = Vec::new();
        for Track { channel, spans, track } in self.tracks {
            let found = track.finish()?.into_iter();
            all.extend(found.zip(spans).map(|(found, span)| {
                let TrackOutcome { outcome, speech, clipped } = found;
                SpanRecognition { span, channel, outcome, speech, clipped }
            }));
        }
        // Stable: the channels of a part keep their order.
        all.sort_by_key(|recognition| recognition.span);
        Ok(SpanSummary { spans: all, duration_s, channels, damage: None, notes: Vec::new() })
    }
}
