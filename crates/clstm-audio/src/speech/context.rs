//! The last second of frames, summarised for the classifier of the speech gate.
//!
//! What separates speech from other sound over a second (the classifier weighs these; see [`super::gate`]):
//! - its spectrum changes shape, in all bands, at the rate of syllables (2 to 8 Hz: Scheirer & Slaney, *Construction and
//!   evaluation of a robust multifeature speech/music discriminator*, ICASSP 1997); hum and noise keep theirs, and a tone that
//!   is switched changes in level alone;
//! - its pitch is present and moves all the time; that of tones and of notes rests, then jumps;
//! - it is neither flat like noise nor concentrated in a few lines like tones.

use std::f32::consts::TAU;

use super::spectrum::{BANDS, FrameFeatures, GROUPS, SILENCE_DB};

/// Frames of the context: 1.02 s.
pub(super) const CONTEXT: usize = 32;

/// Values of a summary.
pub(super) const SUMMARY: usize = 2 * BANDS + GROUPS.len() + 4 * 3 + 14;

/// Highest modulation frequency of syllables, in periods per context: 7.8 Hz.
const SYLLABLES: usize = 8;

/// Level of the loudest frame, in dB, below which a context is silence.
const AUDIBLE_DB: f32 = -85.0;

/// How far below the loudest frame, in dB, pauses are.
const PAUSE_DB: f32 = 30.0;

/// The latest frames, in a ring.
pub(super) struct Context {
    frames: [FrameFeatures; CONTEXT],
    /// Where the next frame goes.
    next: usize,
    count: usize,
    /// One period of a cosine.
    cosine: [f32; CONTEXT],
}

impl Context {
    pub(super) fn new() -> Self {
        Self {
            frames: [FrameFeatures::SILENCE; CONTEXT],
            next: 0,
            count: 0,
            cosine: std::array::from_fn(|i| (TAU * i as f32 / CONTEXT as f32).cos()),
        }
    }

    pub(super) fn reset(&mut self) {
        (self.next, self.count) = (0, 0);
    }

    pub(super) fn push(&mut self, frame: FrameFeatures) {
        self.frames[self.next] = frame;
        self.next = (self.next + 1) % CONTEXT;
        self.count = (self.count + 1).min(CONTEXT);
    }

    /// Whether the latest two frames are louder than pauses of the context.
    pub(super) fn is_active(&self) -> bool {
        let latest = self.frames().skip(self.count.saturating_sub(2)).map(FrameFeatures::level);
        latest.fold(SILENCE_DB, f32::max) > self.loudest() - PAUSE_DB
    }

    /// Level of the loudest frame, in dB.
    fn loudest(&self) -> f32 {
        self.frames().map(FrameFeatures::level).fold(SILENCE_DB, f32::max)
    }

    /// The frames, oldest first.
    fn frames(&self) -> impl Iterator<Item = &FrameFeatures> + Clone {
        let (newer, older) = self.frames.split_at(self.next);
        // A ring that is not full has no older half.
        let older = if self.count == CONTEXT { older } else { &[] };
        older.iter().chain(&newer[..newer.len().min(self.count)])
    }

    /// The classifier's input, each value of about the size of 1; `None` for silence.
    pub(super) fn summary(&self) -> Option<[f32; SUMMARY]> {
        let loudest = self.loudest();
        if loudest < AUDIBLE_DB {
            return None;
        }
        let mut summary = Summary { values: [0.0; SUMMARY], len: 0 };
        // Pauses have no spectrum and no pitch of the sound.
        let active = |frame: &&FrameFeatures| frame.level() > loudest - PAUSE_DB;
        let floor = loudest - 55.0;
        self.add_spectrum(&mut summary, active, floor);
        self.add_modulation(&mut summary, floor);
        self.add_texture(&mut summary, active);
        Some(summary.values)
    }

    /// Mean and spread of each band's level relative to the frame's, and how fast the spectrum's shape changes.
    fn add_spectrum(
        &self,
        summary: &mut Summary,
        active: impl Fn(&&FrameFeatures) -> bool,
        floor: f32,
    ) {
        let shape =
            |frame: &FrameFeatures, band: usize| frame.bands[band].max(floor) - frame.level();
        for band in 0..BANDS {
            let levels = self.frames().filter(&active).map(|frame| shape(frame, band));
            let (mean, spread) = mean_and_spread(levels);
            summary.add([mean / 20.0 + 0.5, spread / 10.0]);
        }
        for [from, to] in GROUPS {
            let (mut change, mut pairs) = (0.0, 0.0_f32);
            for (a, b) in self.frames().zip(self.frames().skip(1)) {
                if active(&a) && active(&b) {
                    let bands = (from..to).map(|band| (shape(a, band) - shape(b, band)).abs());
                    change += bands.sum::<f32>() / (to - from) as f32;
                    pairs += 1.0;
                }
            }
            summary.add([change / pairs.max(1.0) / 10.0]);
        }
    }

    /// Of the level of each group and of the whole: its spread, and the shares of its modulation at the rate of
    /// syllables and above.
    fn add_modulation(&self, summary: &mut Summary, floor: f32) {
        for group in 0..4 {
            let level = |frame: &FrameFeatures| frame.levels[group].max(floor);
            let (mean, spread) = mean_and_spread(self.frames().map(level));
            let mut levels = [0.0; CONTEXT];
            levels.iter_mut().zip(self.frames()).for_each(|(to, frame)| *to = level(frame) - mean);
            let (mut slow, mut syllables) = (0.0, 0.0);
            for k in 1..=SYLLABLES {
                let (mut re, mut im) = (0.0, 0.0);
                for (t, x) in levels.iter().enumerate() {
                    re += x * self.cosine[k * t % CONTEXT];
                    im += x * self.cosine[(k * t + CONTEXT / 4) % CONTEXT];
                }
                let power = re * re + im * im;
                if k == 1 { slow = power } else { syllables += power }
            }
            // Parseval's theorem gives the rest.
            let squares: f32 = levels.iter().map(|x| x * x).sum();
            let all = CONTEXT as f32 * squares / 2.0;
            let fast = (all - slow - syllables).max(0.0);
            summary.add([spread / 10.0, syllables / (all + 1.0), fast / (all + 1.0)]);
        }
    }

    /// Harmonicity, flatness, pitch, and concentration of the power.
    fn add_texture(&self, summary: &mut Summary, active: impl Fn(&&FrameFeatures) -> bool) {
        let count = self.frames().filter(&active).count() as f32;
        summary.add([count / CONTEXT as f32]);
        let actives = || self.frames().filter(&active);
        let (mean, spread) = mean_and_spread(actives().map(|frame| frame.harmonicity));
        let highest = actives().map(|frame| frame.harmonicity).fold(0.0, f32::max);
        summary.add([mean, 2.0 * spread, highest]);
        let (mean, spread) = mean_and_spread(actives().map(|frame| frame.flatness));
        summary.add([mean / 20.0 + 0.5, spread / 5.0]);

        let voiced = |frame: &&FrameFeatures| active(frame) && frame.harmonicity > 0.5;
        let (_, spread) = mean_and_spread(self.frames().filter(voiced).map(|frame| frame.pitch));
        let (mut change, mut rests, mut jumps, mut pairs) = (0.0, 0.0, 0.0, 0.0_f32);
        for (a, b) in self.frames().zip(self.frames().skip(1)) {
            if voiced(&a) && voiced(&b) {
                let octaves = (a.pitch - b.pitch).abs();
                change += octaves.min(0.3);
                rests += f32::from(octaves < 0.004);
                jumps += f32::from(octaves > 0.2);
                pairs += 1.0;
            }
        }
        let pairs = pairs.max(1.0);
        let share = self.frames().filter(voiced).count() as f32 / count.max(1.0);
        summary.add([spread, 5.0 * change / pairs, rests / pairs, jumps / pairs, share]);

        let (mean, spread) = mean_and_spread(actives().map(|frame| frame.peak_share));
        summary.add([mean, 3.0 * spread]);
        summary.add([mean_and_spread(actives().map(|frame| frame.low_share)).0]);
    }
}

/// A summary while it is made.
struct Summary {
    values: [f32; SUMMARY],
    len: usize,
}

impl Summary {
    fn add<const N: usize>(&mut self, values: [f32; N]) {
        self.values[self.len..][..N].copy_from_slice(&values);
        self.len += N;
    }
}

/// Mean and standard deviation; zeros for no values.
fn mean_and_spread(values: impl Iterator<Item = f32>) -> (f32, f32) {
    let (mut count, mut sum, mut squares) = (0.0_f32, 0.0, 0.0);
    for value in values {
        count += 1.0;
        sum += value;
        squares += value * value;
    }
    let count = count.max(1.0);
    let mean = sum / count;
    (mean, (squares / count - mean * mean).max(0.0).sqrt())
}
