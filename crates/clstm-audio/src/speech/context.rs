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
    /// Cosines and sines of the modulation frequencies, from one period per context on.
    waves: [[[f32; CONTEXT]; 2]; SYLLABLES],
}

impl Context {
    pub(super) fn new() -> Self {
        let wave = |k: usize, shift: usize| {
            std::array::from_fn(|t| {
                let phase = (k * t + shift) % CONTEXT;
                (TAU * phase as f32 / CONTEXT as f32).cos()
            })
        };
        Self {
            frames: [FrameFeatures::SILENCE; CONTEXT],
            next: 0,
            count: 0,
            waves: std::array::from_fn(|i| [wave(i + 1, 0), wave(i + 1, CONTEXT / 4)]),
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
        let floor = loudest - 55.0;
        self.add_spectrum(&mut summary, loudest - PAUSE_DB, floor);
        self.add_modulation(&mut summary, floor);
        self.add_texture(&mut summary, loudest - PAUSE_DB);
        Some(summary.values)
    }

    /// Mean and spread of each band's level relative to the frame's, and how fast the spectrum's shape changes. Frames
    /// below `pause` have no spectrum of the sound.
    fn add_spectrum(&self, summary: &mut Summary, pause: f32, floor: f32) {
        let mut bands = [Moments::default(); BANDS];
        let (mut changes, mut pairs) = ([0.0_f32; GROUPS.len()], 0.0_f32);
        let mut before: Option<[f32; BANDS]> = None;
        for frame in self.frames() {
            let level = frame.level();
            if level <= pause {
                before = None;
                continue;
            }
            let shape = frame.bands.map(|band| band.max(floor) - level);
            bands.iter_mut().zip(&shape).for_each(|(moments, value)| moments.add(*value));
            if let Some(before) = before {
                for (change, [from, to]) in changes.iter_mut().zip(GROUPS) {
                    let pairs = before[from..to].iter().zip(&shape[from..to]);
                    *change += pairs.map(|(a, b)| (a - b).abs()).sum::<f32>() / (to - from) as f32;
                }
                pairs += 1.0;
            }
            before = Some(shape);
        }
        for moments in bands {
            let (mean, spread) = moments.mean_and_spread();
            summary.add([mean / 20.0 + 0.5, spread / 10.0]);
        }
        for change in changes {
            summary.add([change / pairs.max(1.0) / 10.0]);
        }
    }

    /// Of the level of each group and of the whole: its spread, and the shares of its modulation at the rate of
    /// syllables and above.
    fn add_modulation(&self, summary: &mut Summary, floor: f32) {
        for group in 0..4 {
            let level = |frame: &FrameFeatures| frame.levels[group].max(floor);
            let mut moments = Moments::default();
            self.frames().for_each(|frame| moments.add(level(frame)));
            let (mean, spread) = moments.mean_and_spread();
            let mut levels = [0.0; CONTEXT];
            levels.iter_mut().zip(self.frames()).for_each(|(to, frame)| *to = level(frame) - mean);
            let (mut slow, mut syllables) = (0.0, 0.0);
            for (index, [cosine, sine]) in self.waves.iter().enumerate() {
                let (re, im) = (dot(&levels, cosine), dot(&levels, sine));
                let power = re * re + im * im;
                if index == 0 { slow = power } else { syllables += power }
            }
            // Parseval's theorem gives the rest.
            let squares: f32 = levels.iter().map(|x| x * x).sum();
            let all = CONTEXT as f32 * squares / 2.0;
            let fast = (all - slow - syllables).max(0.0);
            summary.add([spread / 10.0, syllables / (all + 1.0), fast / (all + 1.0)]);
        }
    }

    /// Harmonicity, flatness, pitch, and concentration of the power, of the frames above `pause`.
    fn add_texture(&self, summary: &mut Summary, pause: f32) {
        let mut harmonicity = Moments::default();
        let (mut flatness, mut pitch) = (Moments::default(), Moments::default());
        let (mut peak_share, mut low_share) = (Moments::default(), Moments::default());
        let mut highest = 0.0_f32;
        let (mut change, mut rests, mut jumps, mut pairs) = (0.0, 0.0, 0.0, 0.0_f32);
        let mut before: Option<f32> = None;
        for frame in self.frames() {
            let is_active = frame.level() > pause;
            if is_active {
                harmonicity.add(frame.harmonicity);
                highest = highest.max(frame.harmonicity);
                flatness.add(frame.flatness);
                peak_share.add(frame.peak_share);
                low_share.add(frame.low_share);
            }
            if !is_active || frame.harmonicity <= 0.5 {
                before = None;
                continue;
            }
            pitch.add(frame.pitch);
            if let Some(before) = before {
                let octaves = (before - frame.pitch).abs();
                change += octaves.min(0.3);
                rests += f32::from(octaves < 0.004);
                jumps += f32::from(octaves > 0.2);
                pairs += 1.0;
            }
            before = Some(frame.pitch);
        }
        let count = harmonicity.count;
        summary.add([count / CONTEXT as f32]);
        let (mean, spread) = harmonicity.mean_and_spread();
        summary.add([mean, 2.0 * spread, highest]);
        let (mean, spread) = flatness.mean_and_spread();
        summary.add([mean / 20.0 + 0.5, spread / 5.0]);
        let pairs = pairs.max(1.0);
        let share = pitch.count / count.max(1.0);
        let (_, spread) = pitch.mean_and_spread();
        summary.add([spread, 5.0 * change / pairs, rests / pairs, jumps / pairs, share]);
        let (mean, spread) = peak_share.mean_and_spread();
        summary.add([mean, 3.0 * spread]);
        summary.add([low_share.mean_and_spread().0]);
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

/// Number, sum and sum of squares of some values.
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f32,
    sum: f32,
    squares: f32,
}

impl Moments {
    fn add(&mut self, value: f32) {
        self.count += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    /// Mean and standard deviation; zeros for no values.
    fn mean_and_spread(&self) -> (f32, f32) {
        let count = self.count.max(1.0);
        let mean = self.sum / count;
        (mean, (self.squares / count - mean * mean).max(0.0).sqrt())
    }
}

/// The sum of products, in sums that can be computed side by side.
fn dot(a: &[f32; CONTEXT], b: &[f32; CONTEXT]) -> f32 {
    let mut sums = [0.0; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}
