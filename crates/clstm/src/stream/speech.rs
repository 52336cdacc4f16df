//! Where there is speech.

use std::collections::VecDeque;

use clstm_audio::{AudioError, Resampler};
use earshot::Detector;

use super::config::SpeechConfig;

/// What the detector hears, in Hz, and samples of its frames: 16 ms.
const RATE: u32 = 16_000;
const FRAME: usize = 256;

/// Samples that are worked on at once, however many come.
const PART: usize = 4096;

/// Tells speech from what is none, frame by frame.
pub(super) struct SpeechDetector {
    detector: Box<Detector>,
    config: SpeechConfig,
    /// From the stream's rate to the detector's, where they differ.
    resampler: Option<Resampler>,
    rate: u32,
    /// Samples for the detector that make no frame yet, fewer than [`FRAME`].
    rest: Vec<f32>,
    /// Whether frames are speech, from frame `first` on.
    frames: VecDeque<bool>,
    first: u64,
    /// Frames for which speech still goes on.
    release: usize,
    /// Most frames that wait for their moments when samples come.
    waiting: usize,
}

impl SpeechDetector {
    /// For samples at `rate` Hz, those of the last `held` or fewer of which will be asked for.
    pub(super) fn new(config: &SpeechConfig, rate: u32, held: usize) -> Result<Self, AudioError> {
        Ok(Self {
            detector: Detector::default_boxed(),
            config: config.clone(),
            resampler: (rate != RATE).then(|| Resampler::new(rate, RATE)).transpose()?,
            rate,
            rest: Vec::new(),
            frames: VecDeque::new(),
            first: 0,
            release: 0,
            waiting: held * RATE as usize / rate as usize / FRAME,
        })
    }

    /// Takes the memory for pushes of so many samples.
    pub(super) fn reserve(&mut self, samples: usize) {
        let rated = |samples| (samples as u64 * u64::from(RATE) / u64::from(self.rate)) as usize;
        let held_back = (self.latency_s() * f64::from(RATE)) as usize;
        // Frames are counted from one that began before, to one that ends later.
        let frames = self.waiting + (rated(samples) + held_back) / FRAME + 2;
        let rest = FRAME + rated(samples.min(PART)) + held_back + 1;
        self.frames.reserve(frames.saturating_sub(self.frames.len()));
        self.rest.reserve(rest.saturating_sub(self.rest.len()));
    }

    /// Seconds that a judgement lags behind the sound, at most, besides the rest of its frame.
    pub(super) fn latency_s(&self) -> f64 {
        self.resampler.as_ref().map_or(0.0, Resampler::latency_s)
    }

    /// Hears more samples, of any number.
    pub(super) fn push(&mut self, samples: &[f32]) -> Result<(), AudioError> {
        self.reserve(samples.len());
        for part in samples.chunks(PART) {
            match &mut self.resampler {
                None => self.rest.extend_from_slice(part),
                Some(resampler) => resampler.push(part, &mut self.rest)?,
            }
            self.detect();
        }
        Ok(())
    }

    /// Hears the end.
    pub(super) fn finish(&mut self) -> Result<(), AudioError> {
        if let Some(resampler) = &mut self.resampler {
            resampler.finish(&mut self.rest)?;
        }
        self.detect();
        Ok(())
    }

    /// Forgets what was heard.
    pub(super) fn restart(&mut self) {
        self.detector.reset();
        self.rest.clear();
        self.frames.clear();
        (self.first, self.release) = (0, 0);
    }

    fn detect(&mut self) {
        let release = (self.config.release_s * f64::from(RATE) / FRAME as f64).round() as usize;
        let whole = self.rest.len() / FRAME * FRAME;
        let mut frame = [0.0; FRAME];
        for samples in self.rest[..whole].chunks_exact(FRAME) {
            // Resampled sound may pass full scale, which the detector does not expect.
            frame.iter_mut().zip(samples).for_each(|(to, x)| *to = x.clamp(-1.0, 1.0));
            let voiced = f64::from(self.detector.predict_f32(&frame)) >= self.config.threshold;
            self.frames.push_back(voiced || self.release > 0);
            self.release = if voiced { release } else { self.release.saturating_sub(1) };
        }
        self.rest.drain(..whole);
    }

    /// Frames that end by `sample` of the stream.
    fn frames_by(&self, sample: u64) -> u64 {
        sample * u64::from(RATE) / u64::from(self.rate) / FRAME as u64
    }

    /// Whether everything up to `sample` of the stream has been judged.
    pub(super) fn knows(&self, sample: u64) -> bool {
        self.first + self.frames.len() as u64 >= self.frames_by(sample)
    }

    /// Share of the frames ending in `from..to` that are speech; those before are forgotten.
    pub(super) fn share(&mut self, [from, to]: [u64; 2]) -> f64 {
        let (from, to) = (self.frames_by(from), self.frames_by(to));
        let forget = from.saturating_sub(self.first).min(self.frames.len() as u64);
        self.frames.drain(..forget as usize);
        self.first += forget;
        let count = (to.saturating_sub(self.first) as usize).min(self.frames.len());
        let speech = self.frames.iter().take(count).filter(|speech| **speech).count();
        if count == 0 { 0.0 } else { speech as f64 / count as f64 }
    }
}

impl std::fmt::Debug for SpeechDetector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpeechDetector").field("config", &self.config).finish_non_exhaustive()
    }
}
