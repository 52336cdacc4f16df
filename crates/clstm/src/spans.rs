//! Given parts of a recording, each recognised by itself.

use std::path::Path;

use clstm_audio::{
    AudioError, Damage, DecodeLimits, DecodeReport, EncodedAudio, Resampler, Waveform,
    stream_bytes, stream_channels_bytes, stream_channels_file, stream_file,
};

use crate::channels::ChannelSplitter;
use crate::{
    ChannelSelection, LabelPrediction, PreparedRecording, Recognition, RecognizeError, Recognizer,
};

/// Shortest part that gets a prediction, in seconds: a short word.
pub(crate) const MIN_S: f64 = 0.4;

/// Longest part, in seconds: it is kept in memory.
const MAX_S: f64 = 3600.0;

/// How far a part may end after the recording without being clipped, in seconds: the frame of a codec.
const TOLERANCE_S: f64 = 0.05;

/// Length of all parts together, as a multiple of the recording.
const MAX_OVERLAP: usize = 32;

/// Parts, and samples of parts, that are recognised together.
const BATCH: usize = 32;
const BATCH_SAMPLES: usize = 60 * 16_000;

/// A part of a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Start, in seconds from the first sample.
    pub start_s: f64,
    /// End, in seconds from the first sample.
    pub end_s: f64,
}

/// What was recognised in a part.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanRecognition {
    /// The prediction, or why there is none.
    pub outcome: SpanOutcome,
    /// Share of the part that is speech, 0 to 1.
    pub speech: f64,
    /// Whether the part ends after the recording.
    pub clipped: bool,
}

/// The result for a part.
#[derive(Clone, Debug, PartialEq)]
pub enum SpanOutcome {
    /// A prediction.
    Labelled(LabelPrediction),
    /// There is no speech, or too little.
    NoSpeech,
    /// Shorter than 0.4 s within the recording.
    TooShort,
    /// The part begins after the end of the recording.
    Outside,
}

/// The parts of a recording.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SpanSummary {
    /// In the order of the parts.
    pub spans: Vec<SpanRecognition>,
    /// Length of the recording, in seconds.
    pub duration_s: f64,
    /// What is missing of a damaged recording.
    pub damage: Option<Damage>,
}

/// Recognises parts of audio while it is decoded. Memory is that of the longest part and what overlaps it.
#[derive(Debug)]
pub struct SpanRecognizer {
    recognizer: Recognizer,
    /// For one channel of several.
    splitter: Option<ChannelSplitter>,
    channel: Vec<Vec<f32>>,
    /// First and last sample of each part, and its place in the order that was given; by the last sample.
    order: Vec<(u64, u64, usize)>,
    /// The smallest first sample of the parts from each place of `order` on.
    needed: Vec<u64>,
    /// The next part of `order`.
    next: usize,
    resampler: Option<Resampler>,
    rate: u32,
    /// Samples at the rate of the model, from sample `first` on.
    samples: Vec<f32>,
    first: u64,
    /// Samples that were pushed, and their rate in Hz. A sum of seconds would depend on the chunks.
    pushed: u64,
    pushed_rate: u32,
    /// Samples of all parts that were cut.
    cut: u64,
    pending: Vec<(usize, bool, PreparedRecording)>,
    pending_samples: usize,
    results: Vec<Option<SpanRecognition>>,
}

impl SpanRecognizer {
    /// For these parts, which may overlap and be in any order.
    ///
    /// # Errors
    /// [`AudioError::TooLong`] for a part that is longer than an hour.
    pub fn new(recognizer: &Recognizer, spans: &[Span]) -> Result<Self, RecognizeError> {
        let rate = f64::from(recognizer.sample_rate());
        let sample = |seconds: f64| (seconds.max(0.0) * rate).round() as u64;
        let mut order = Vec::with_capacity(spans.len());
        for (index, span) in spans.iter().enumerate() {
            if span.end_s - span.start_s > MAX_S {
                return Err(AudioError::TooLong { limit_s: MAX_S }.into());
            }
            order.push((sample(span.start_s), sample(span.end_s), index));
        }
        order.sort_by_key(|(start, end, index)| (*end, *start, *index));
        let mut needed: Vec<u64> = order.iter().map(|(start, ..)| *start).collect();
        for index in (1..needed.len()).rev() {
            needed[index - 1] = needed[index - 1].min(needed[index]);
        }
        Ok(Self {
            recognizer: recognizer.clone(),
            splitter: None,
            channel: Vec::new(),
            needed,
            next: 0,
            resampler: None,
            rate: recognizer.sample_rate(),
            samples: Vec::new(),
            first: 0,
            pushed: 0,
            pushed_rate: 0,
            cut: 0,
            pending: Vec::new(),
            pending_samples: 0,
            results: vec![None; order.len()],
            order,
        })
    }

    /// Adds mono samples at `rate` Hz, the same at each call.
    ///
    /// # Errors
    /// If the rate is out of its range, the model's output is not finite, or the parts overlap too much.
    pub fn push(&mut self, samples: &[f32], rate: u32) -> Result<(), RecognizeError> {
        let resampler = match &mut self.resampler {
            Some(resampler) => resampler,
            empty => empty.insert(Resampler::new(rate, self.rate)?),
        };
        resampler.push(samples, &mut self.samples)?;
        self.pushed += samples.len() as u64;
        self.pushed_rate = rate;
        self.advance(false)
    }

    /// Of interleaved samples `[frames, channels]` at `rate` Hz, adds one channel without cross-talk: the same `channel` at each
    /// call, and no other samples.
    ///
    /// # Errors
    /// Those of [`push`](Self::push), and if there is no such channel.
    pub fn push_channel(
        &mut self,
        channel: usize,
        interleaved: &[f32],
        channels: usize,
        rate: u32,
    ) -> Result<(), RecognizeError> {
        let selection = ChannelSelection::One(channel);
        let splitter =
            self.splitter.get_or_insert_with(|| ChannelSplitter::new(self.rate, selection));
        splitter.push(interleaved, channels, rate, &mut self.channel)?;
        self.push_split()
    }

    fn push_split(&mut self) -> Result<(), RecognizeError> {
        let mut channel = std::mem::take(&mut self.channel);
        for samples in channel.iter_mut().filter(|samples| !samples.is_empty()) {
            self.push(samples, self.rate)?;
            samples.clear();
        }
        self.channel = channel;
        Ok(())
    }

    /// Ends the recording, and returns the results in the order of the parts.
    ///
    /// # Errors
    /// Those of [`push`](Self::push).
    pub fn finish(mut self) -> Result<SpanSummary, RecognizeError> {
        if let Some(splitter) = &mut self.splitter {
            splitter.finish(&mut self.channel)?;
            self.push_split()?;
        }
        if let Some(resampler) = &mut self.resampler {
            resampler.finish(&mut self.samples)?;
        }
        self.advance(true)?;
        self.recognize()?;
        let outside =
            || SpanRecognition { outcome: SpanOutcome::Outside, speech: 0.0, clipped: false };
        let duration_s = self.duration_s();
        let spans = self.results.into_iter().map(|result| result.unwrap_or_else(outside)).collect();
        Ok(SpanSummary { spans, duration_s, damage: None })
    }

    /// Seconds that were pushed.
    fn duration_s(&self) -> f64 {
        self.pushed as f64 / f64::from(self.pushed_rate.max(1))
    }

    /// Cuts the parts that are complete, or all at the end.
    fn advance(&mut self, ended: bool) -> Result<(), RecognizeError> {
        let total = self.first + self.samples.len() as u64;
        while let Some(&(start, end, index)) = self.order.get(self.next) {
            if end > total && !ended {
                break;
            }
            self.next += 1;
            if start < total {
                self.cut(start, end, total, index)?;
            }
        }
        let needed = self.needed.get(self.next).copied().unwrap_or(total).min(total);
        let old = (needed.saturating_sub(self.first)) as usize;
        // Not at every chunk, because the samples behind are moved to the front each time.
        if old > self.samples.len() / 2 {
            self.samples.drain(..old);
            self.first = needed;
        }
        Ok(())
    }

    fn cut(
        &mut self,
        start: u64,
        end: u64,
        total: u64,
        index: usize,
    ) -> Result<(), RecognizeError> {
        let rate = f64::from(self.rate);
        let clipped = (end.saturating_sub(total)) as f64 / rate > TOLERANCE_S;
        let end = end.min(total);
        self.cut += end - start;
        if self.cut > (MAX_OVERLAP as u64).saturating_mul(total) {
            return Err(RecognizeError::Overlap { most: MAX_OVERLAP });
        }
        if ((end - start) as f64) < MIN_S * rate {
            let outcome = SpanOutcome::TooShort;
            self.results[index] = Some(SpanRecognition { outcome, speech: 0.0, clipped });
            return Ok(());
        }
        let part = (start - self.first) as usize..(end - self.first) as usize;
        let samples = self.samples[part].to_vec();
        self.pending_samples += samples.len();
        let waveform = Waveform { samples, sample_rate: self.rate };
        self.pending.push((index, clipped, self.recognizer.prepare(waveform)?));
        match self.pending.len() >= BATCH || self.pending_samples >= BATCH_SAMPLES {
            true => self.recognize(),
            false => Ok(()),
        }
    }

    fn recognize(&mut self) -> Result<(), RecognizeError> {
        let pending = std::mem::take(&mut self.pending);
        self.pending_samples = 0;
        let mut places = Vec::with_capacity(pending.len());
        let mut recordings = Vec::with_capacity(pending.len());
        for (index, clipped, recording) in pending {
            places.push((index, clipped));
            recordings.push(recording);
        }
        let recognitions = self.recognizer.recognize_prepared(&recordings);
        for ((index, clipped), recognition) in places.into_iter().zip(recognitions) {
            let Recognition { speech, prediction, .. } = recognition?;
            let outcome = prediction.map_or(SpanOutcome::NoSpeech, SpanOutcome::Labelled);
            self.results[index] = Some(SpanRecognition { outcome, speech, clipped });
        }
        Ok(())
    }
}

impl Recognizer {
    /// Recognises parts of a recording in a file, each as if it were a recording of its own: of the mean of its channels, or of
    /// one channel without cross-talk (see [`ChannelSelection`]). `on_progress` receives the seconds that were decoded.
    ///
    /// # Errors
    /// If the file cannot be decoded within the limits, those of [`SpanRecognizer`], and that of `on_progress`, which ends
    /// the decoding.
    pub fn recognize_spans_file<E: From<RecognizeError>>(
        &self,
        path: &Path,
        limits: &DecodeLimits,
        channel: Option<usize>,
        spans: &[Span],
        on_progress: impl FnMut(f64) -> Result<(), E>,
    ) -> Result<SpanSummary, E> {
        let mut feed = Feed::new(self, channel, spans, on_progress)?;
        let report = match channel {
            None => stream_file(path, limits, |chunk, rate| feed.push(chunk, 1, rate)),
            Some(_) => stream_channels_file(path, limits, |chunk, channels, rate| {
                feed.push(chunk, channels, rate)
            }),
        };
        feed.finish(self, report.map_err(|Stop(error)| error)?)
    }

    /// Recognises parts of a recording in memory, like [`recognize_spans_file`](Self::recognize_spans_file).
    ///
    /// # Errors
    /// Those of [`recognize_spans_file`](Self::recognize_spans_file).
    pub fn recognize_spans_bytes<E: From<RecognizeError>>(
        &self,
        bytes: impl EncodedAudio,
        limits: &DecodeLimits,
        channel: Option<usize>,
        spans: &[Span],
        on_progress: impl FnMut(f64) -> Result<(), E>,
    ) -> Result<SpanSummary, E> {
        let mut feed = Feed::new(self, channel, spans, on_progress)?;
        let report = match channel {
            None => stream_bytes(bytes, None, limits, |chunk, rate| feed.push(chunk, 1, rate)),
            Some(_) => stream_channels_bytes(bytes, None, limits, |chunk, channels, rate| {
                feed.push(chunk, channels, rate)
            }),
        };
        feed.finish(self, report.map_err(|Stop(error)| error)?)
    }
}

/// Passes decoded audio on.
struct Feed<F> {
    spans: SpanRecognizer,
    channel: Option<usize>,
    on_progress: F,
}

impl<E: From<RecognizeError>, F: FnMut(f64) -> Result<(), E>> Feed<F> {
    fn new(
        recognizer: &Recognizer,
        channel: Option<usize>,
        spans: &[Span],
        on_progress: F,
    ) -> Result<Self, E> {
        Ok(Self { spans: SpanRecognizer::new(recognizer, spans)?, channel, on_progress })
    }

    fn push(&mut self, chunk: &[f32], channels: usize, rate: u32) -> Result<(), Stop<E>> {
        match self.channel {
            None => self.spans.push(chunk, rate)?,
            Some(channel) => self.spans.push_channel(channel, chunk, channels, rate)?,
        }
        (self.on_progress)(self.spans.duration_s()).map_err(Stop)
    }

    fn finish(self, recognizer: &Recognizer, report: DecodeReport) -> Result<SpanSummary, E> {
        if recognizer.is_strict() {
            report.strict().map_err(RecognizeError::from)?;
        }
        Ok(SpanSummary { damage: report.damage, ..self.spans.finish()? })
    }
}

/// An error of the callback, or of the audio as the callback's error type.
struct Stop<E>(E);

impl<E: From<RecognizeError>> From<AudioError> for Stop<E> {
    fn from(error: AudioError) -> Self {
        Self(RecognizeError::from(error).into())
    }
}

impl<E: From<RecognizeError>> From<RecognizeError> for Stop<E> {
    fn from(error: RecognizeError) -> Self {
        Self(error.into())
    }
}
