//! Speech and pauses along a stream.

use std::collections::VecDeque;
use std::ops::Range;

use clstm_audio::{AudioError, Resampler, SpeechGate};
use earshot::Detector;

use super::RATE;
use crate::SpeechConfig;

/// Samples of a frame of the voice activity detector: 16 ms.
const FRAME: usize = 256;

/// Samples that are processed at once, however many are pushed: bounds the memory.
const PART: usize = 4096;

/// Frames that the speech gate judges together.
const BLOCK: usize = SpeechGate::BLOCK / FRAME;

/// Marks the frames of a stream that are speech.
pub(crate) struct SpeechDetector {
    detector: Box<Detector>,
    gate: Box<SpeechGate>,
    config: SpeechConfig,
    /// From the stream's rate to [`RATE`], where they differ.
    resampler: Option<Resampler>,
    rate: u32,
    /// Samples at [`RATE`] that do not fill a frame yet.
    rest: Vec<f32>,
    /// A block that is not full: its samples, and whether its frames are voiced.
    block: [f32; SpeechGate::BLOCK],
    voiced: [bool; BLOCK],
    block_frames: usize,
    /// Whether frames are speech, from frame `first` on.
    frames: VecDeque<bool>,
    first: u64,
    /// Frames for which speech is extended.
    release: usize,
    /// Frames that are kept while samples arrive.
    kept: usize,
}

impl SpeechDetector {
    /// A detector for samples at `rate` Hz, of which the last `kept` may be requested.
    pub(crate) fn new(config: &SpeechConfig, rate: u32, kept: usize) -> Result<Self, AudioError> {
        Ok(Self {
            detector: Detector::default_boxed(),
            gate: Box::new(SpeechGate::new()),
            config: config.clone(),
            resampler: (rate != RATE).then(|| Resampler::new(rate, RATE)).transpose()?,
            rate,
            rest: Vec::new(),
            block: [0.0; SpeechGate::BLOCK],
            voiced: [false; BLOCK],
            block_frames: 0,
            frames: VecDeque::new(),
            first: 0,
            release: 0,
            kept: (kept as u64 * u64::from(RATE) / u64::from(rate)) as usize / FRAME,
        })
    }

    /// Reserves the memory for pushes of up to `samples` samples.
    pub(crate) fn reserve(&mut self, samples: usize) {
        let rated = |samples| (samples as u64 * u64::from(RATE) / u64::from(self.rate)) as usize;
        let held_back = (self.resampler_latency_s() * f64::from(RATE)) as usize;
        // Frames are counted from one that begins before, to one that ends later.
        let frames = self.kept + (rated(samples) + held_back) / FRAME + BLOCK + 2;
        let rest = FRAME + rated(samples.min(PART)) + held_back + 1;
        self.frames.reserve(frames.saturating_sub(self.frames.len()));
        self.rest.reserve(rest.saturating_sub(self.rest.len()));
    }

    /// Seconds from a sample to the judgement of the block that it is in, at most.
    pub(crate) fn latency_s(&self) -> f64 {
        self.resampler_latency_s() + (BLOCK * FRAME) as f64 / f64::from(RATE)
    }

    fn resampler_latency_s(&self) -> f64 {
        self.resampler.as_ref().map_or(0.0, Resampler::latency_s)
    }

    /// Processes more samples, of any number.
    pub(crate) fn push(&mut self, samples: &[f32]) -> Result<(), AudioError> {
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

    /// Processes what is left at the end of the stream.
    pub(crate) fn finish(&mut self) -> Result<(), AudioError> {
        if let Some(resampler) = &mut self.resampler {
            resampler.finish(&mut self.rest)?;
        }
        self.detect();
        self.judge_block();
        Ok(())
    }

    /// Prepares for another stream.
    pub(crate) fn restart(&mut self) {
        self.detector.reset();
        self.gate.reset();
        self.rest.clear();
        self.frames.clear();
        (self.first, self.release, self.block_frames) = (0, 0, 0);
    }

    fn detect(&mut self) {
        let release = (self.config.release_s * f64::from(RATE) / FRAME as f64).round() as usize;
        let whole = self.rest.len() / FRAME * FRAME;
        for start in (0..whole).step_by(FRAME) {
            let frame = &mut self.block[self.block_frames * FRAME..][..FRAME];
            // Resampled audio may exceed full scale, which the detector does not expect.
            let samples = &self.rest[start..][..FRAME];
            frame.iter_mut().zip(samples).for_each(|(to, x)| *to = x.clamp(-1.0, 1.0));
            let score = f64::from(self.detector.predict_f32(frame));
            let voiced = score >= self.config.threshold;
            self.voiced[self.block_frames] = voiced || self.release > 0;
            self.block_frames += 1;
            self.release = if voiced { release } else { self.release.saturating_sub(1) };
            if self.block_frames == BLOCK {
                self.judge_block();
            }
        }
        self.rest.drain(..whole);
    }

    /// Decides whether the voiced frames of the block are speech.
    fn judge_block(&mut self) {
        self.gate.push(&self.block[..self.block_frames * FRAME]);
        let voiced = &self.voiced[..self.block_frames];
        let speech = voiced.contains(&true) && self.gate.is_speech();
        self.frames.extend(voiced.iter().map(|voiced| *voiced && speech));
        self.block_frames = 0;
    }

    /// Frames that a pause of `seconds` has.
    pub(crate) fn pause(seconds: f64) -> u64 {
        ((seconds * f64::from(RATE) / FRAME as f64).ceil() as u64).max(1)
    }

    /// Frames that have been judged.
    pub(crate) fn known(&self) -> u64 {
        self.first + self.frames.len() as u64
    }

    /// Whether a frame is speech; forgotten ones and those to come are none.
    pub(crate) fn is_speech(&self, frame: u64) -> bool {
        let index = frame.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        index.and_then(|index| self.frames.get(index)).copied().unwrap_or(false)
    }

    /// Frames that end by `sample` of the stream.
    pub(crate) fn frames_by(&self, sample: u64) -> u64 {
        sample * u64::from(RATE) / u64::from(self.rate) / FRAME as u64
    }

    /// First sample of the stream that is in a frame.
    pub(crate) fn sample_of(&self, frame: u64) -> u64 {
        frame * FRAME as u64 * u64::from(self.rate) / u64::from(RATE)
    }

    /// Whether every frame that ends by `sample` of the stream has been judged.
    pub(crate) fn knows(&self, sample: u64) -> bool {
        self.known() >= self.frames_by(sample)
    }

    /// Drops frames that end before `sample` of the stream.
    pub(crate) fn forget(&mut self, sample: u64) {
        let frames = self.frames_by(sample).saturating_sub(self.first);
        let frames = frames.min(self.frames.len() as u64);
        self.frames.drain(..frames as usize);
        self.first += frames;
    }

    /// Indices into `frames` of those that end in `from..to`.
    fn range(&self, [from, to]: [u64; 2]) -> Range<usize> {
        let index = |sample| self.frames_by(sample).saturating_sub(self.first) as usize;
        let end = index(to).min(self.frames.len());
        index(from).min(end)..end
    }

    /// Share of the frames that end in `from..to` that are speech; 0 where none ends there.
    pub(crate) fn share(&self, samples: [u64; 2]) -> f64 {
        let range = self.range(samples);
        let count = range.len().max(1) as f64;
        self.frames.range(range).filter(|speech| **speech).count() as f64 / count
    }

    /// The part of `within` that has the speech of `samples` and no pause of `pause_s` or longer before or behind
    /// it. Half of such a pause belongs to the part, but at most 0.1 s.
    pub(crate) fn utterance(&self, samples: [u64; 2], within: [u64; 2], pause_s: f64) -> [u64; 2] {
        let pause = Self::pause(pause_s) as usize;
        let margin = (pause / 2).min(6);
        let (core, all) = (self.range(samples), self.range(within));
        let speech = |frame: &usize| self.frames[*frame];
        let Some(inside) = core.clone().find(speech) else { return within };
        let last = core.rev().find(speech).unwrap_or(inside);
        let [mut start, mut end] = within;
        let mut edge = inside;
        for frame in (all.start..inside).rev() {
            if self.frames[frame] {
                edge = frame;
            } else if edge - frame >= pause {
                start = start.max(self.sample_of(self.first + (edge - margin) as u64));
                break;
            }
        }
        edge = last;
        for frame in last + 1..all.end {
            if self.frames[frame] {
                edge = frame;
            } else if frame - edge >= pause {
                end = end.min(self.sample_of(self.first + (edge + 1 + margin) as u64));
                break;
            }
        }
        [start, end]
    }
}

impl std::fmt::Debug for SpeechDetector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpeechDetector").field("config", &self.config).finish_non_exhaustive()
    }
}
