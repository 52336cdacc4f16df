//! Parts of mono audio.

use clstm_audio::{Resampler, Waveform};

use super::{Span, SpanOutcome};
use crate::{PreparedRecording, Recognition, RecognizeError, Recognizer};

/// Shortest part that gets a prediction, in seconds: a short word.
pub(crate) const MIN_S: f64 = 0.4;

/// Most seconds of audio of a part: it is kept in memory.
const MAX_S: f64 = 3600.0;

/// How far a part may end after the recording without being clipped, in seconds: the frame of a codec.
const TOLERANCE_S: f64 = 0.05;

/// Length of all parts together, as a multiple of the recording.
const MAX_OVERLAP: usize = 32;

/// Parts, and samples of parts, that are recognised together.
const BATCH: usize = 32;
const BATCH_SAMPLES: usize = 60 * 16_000;

/// What was recognised in a part of the audio.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TrackOutcome {
    pub(super) outcome: SpanOutcome,
    /// Share of the part that is speech, 0 to 1.
    pub(super) speech: f64,
    /// Whether the part ends after the audio.
    pub(super) clipped: bool,
}

/// Recognises parts of mono audio while it arrives. Memory is that of the longest part and what overlaps it.
#[derive(Debug)]
pub(super) struct SpanTrack {
    recognizer: Recognizer,
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
    results: Vec<Option<TrackOutcome>>,
}

impl SpanTrack {
    /// For these parts, which may overlap and be in any order.
    pub(super) fn new(recognizer: &Recognizer, spans: &[Span]) -> Self {
        let rate = f64::from(recognizer.sample_rate());
        let sample = |seconds: f64| (seconds.max(0.0) * rate).round() as u64;
        let each = spans.iter().enumerate();
        let mut order: Vec<(u64, u64, usize)> = each
            .map(|(index, span)| {
                let start = sample(span.start_s);
                (start, sample(span.end_s).max(start), index)
            })
            .collect();
        order.sort_by_key(|(start, end, index)| (*end, *start, *index));
        let mut needed: Vec<u64> = order.iter().map(|(start, ..)| *start).collect();
        for index in (1..needed.len()).rev() {
            needed[index - 1] = needed[index - 1].min(needed[index]);
        }
        Self {
            recognizer: recognizer.clone(),
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
        }
    }

    /// Adds mono samples at `rate` Hz, the same at each call.
    ///
    /// # Errors
    /// If the rate is out of its range, the model's output is not finite, the parts overlap too much, or one has more than an
    /// hour of the audio.
    pub(super) fn push(&mut self, samples: &[f32], rate: u32) -> Result<(), RecognizeError> {
        let resampler = match &mut self.resampler {
            Some(resampler) => resampler,
            empty => empty.insert(Resampler::new(rate, self.rate)?),
        };
        resampler.push(samples, &mut self.samples)?;
        self.pushed += samples.len() as u64;
        self.pushed_rate = rate;
        self.advance(false)
    }

    /// Ends the audio, and returns the results in the order of the parts.
    ///
    /// # Errors
    /// Those of [`push`](Self::push).
    pub(super) fn finish(mut self) -> Result<Vec<TrackOutcome>, RecognizeError> {
        if let Some(resampler) = &mut self.resampler {
            resampler.finish(&mut self.samples)?;
        }
        self.advance(true)?;
        self.recognize()?;
        let outside =
            || TrackOutcome { outcome: SpanOutcome::Outside, speech: 0.0, clipped: false };
        Ok(self.results.into_iter().map(|result| result.unwrap_or_else(outside)).collect())
    }

    /// Seconds that were pushed.
    pub(super) fn duration_s(&self) -> f64 {
        self.pushed as f64 / f64::from(self.pushed_rate.max(1))
    }

    /// Cuts the parts that are complete, or all at the end.
    fn advance(&mut self, ended: bool) -> Result<(), RecognizeError> {
        let total = self.first + self.samples.len() as u64;
        let most = (MAX_S * f64::from(self.rate)) as u64;
        // A part may end long after the audio: what matters is how much of it there is.
        while let Some(&(start, end, index)) = self.order.get(self.next) {
            if end.min(total).saturating_sub(start) > most {
                return Err(RecognizeError::SpanTooLong { limit_s: MAX_S });
            }
            if end > total && !ended {
                break;
            }
            self.next += 1;
            if start < total {
                self.cut(start, end, total, index)?;
            }
        }
        let needed = self.needed.get(self.next).copied().unwrap_or(total).min(total);
        // Of a part that has not ended yet.
        if total - needed > most {
            return Err(RecognizeError::SpanTooLong { limit_s: MAX_S });
        }
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
            self.results[index] = Some(TrackOutcome { outcome, speech: 0.0, clipped });
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
            self.results[index] = Some(TrackOutcome { outcome, speech, clipped });
        }
        Ok(())
    }
}
