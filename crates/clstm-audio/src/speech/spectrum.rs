//! Features of 32 ms of audio, for the speech gate.

use std::f32::consts::{LN_10, TAU};
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::RATE;

/// Samples of a frame of the speech gate: 32 ms, 31.25 Hz a bin. Frames do not overlap.
pub(super) const FFT: usize = 512;

/// Bins from DC to half the sample rate.
const BINS: usize = FFT / 2 + 1;

/// Bands of the spectrum.
pub(super) const BANDS: usize = 15;

/// Their edges in Hz, a third of an octave to an octave apart.
const EDGES_HZ: [f32; BANDS + 1] = [
    60.0, 150.0, 250.0, 350.0, 500.0, 650.0, 850.0, 1100.0, 1400.0, 1800.0, 2300.0, 2900.0, 3700.0,
    4800.0, 6200.0, 7800.0,
];

/// Bands from 150 to 650 Hz (pitch and first formant), to 2.3 kHz (second formant) and to 7.8 kHz (fricatives).
pub(super) const GROUPS: [[usize; 2]; 3] = [[1, 5], [5, 10], [10, 15]];

/// Lags, in samples, at which a pitch is searched: 500 Hz down to 67 Hz.
const LAGS: std::ops::Range<usize> = 32..240;

/// Level of digital silence, in dB.
pub(super) const SILENCE_DB: f32 = -120.0;

/// Features of a frame. Levels are in dB relative to the power of a full-scale sine, but for a constant.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameFeatures {
    /// Level of each band.
    pub(super) bands: [f32; BANDS],
    /// Level of each group of bands, and of the whole frame.
    pub(super) levels: [f32; 4],
    /// Height of the highest peak of the normalised autocorrelation among [`LAGS`], 0 to 1.
    pub(super) harmonicity: f32,
    /// Pitch at that peak, as the base-2 logarithm of its frequency in Hz.
    pub(super) pitch: f32,
    /// Spectral flatness from 200 to 4000 Hz: geometric over arithmetic mean of the power, in dB.
    pub(super) flatness: f32,
    /// Share of the power in the four strongest bins.
    pub(super) peak_share: f32,
    /// Share of the power below 110 Hz.
    pub(super) low_share: f32,
}

impl FrameFeatures {
    pub(super) const SILENCE: Self = Self {
        bands: [SILENCE_DB; BANDS],
        levels: [SILENCE_DB; 4],
        harmonicity: 0.0,
        pitch: 7.0,
        flatness: 0.0,
        peak_share: 0.0,
        low_share: 0.0,
    };

    /// Level of the whole frame.
    pub(super) fn level(&self) -> f32 {
        self.levels[3]
    }
}

/// Computes [`FrameFeatures`] without allocating.
pub(super) struct FrameAnalyzer {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    hann: [f32; FFT],
    /// Reciprocal of the normalised autocorrelation of the Hann window: a factor on that of a windowed frame.
    untaper: [f32; LAGS.end + 1],
    windowed: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    power: [f32; BINS],
}

impl FrameAnalyzer {
    pub(super) fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(FFT), planner.plan_fft_inverse(FFT));
        let hann: [f32; FFT] =
            std::array::from_fn(|i| 0.5 - 0.5 * (TAU * i as f32 / FFT as f32).cos());
        let product = |lag: usize| (lag..FFT).map(|i| hann[i] * hann[i - lag]).sum::<f32>();
        let energy = product(0);
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self {
            untaper: std::array::from_fn(|lag| energy / product(lag)),
            hann,
            windowed: vec![0.0; FFT],
            spectrum: vec![Complex::default(); BINS],
            scratch: vec![Complex::default(); scratch],
            power: [0.0; BINS],
            forward,
            inverse,
        }
    }

    /// Features of a frame.
    pub(super) fn analyze(&mut self, frame: &[f32; FFT]) -> FrameFeatures {
        for ((to, x), weight) in self.windowed.iter_mut().zip(frame).zip(&self.hann) {
            *to = x * weight;
        }
        let Self { forward, windowed, spectrum, scratch, .. } = self;
        // Fails for buffers of other lengths only.
        if forward.process_with_scratch(windowed, spectrum, scratch).is_err() {
            return FrameFeatures::SILENCE;
        }
        for (power, value) in self.power.iter_mut().zip(&self.spectrum) {
            *power = value.norm_sqr() / (FFT * FFT / 4) as f32;
        }
        self.power[0] = 0.0;
        let total: f32 = self.power.iter().sum();
        if total < 1e-11 {
            return FrameFeatures::SILENCE;
        }
        let bands = std::array::from_fn(|band| decibels(self.band_power(band, band + 1)));
        let [low, middle, high] = GROUPS.map(|[from, to]| decibels(self.band_power(from, to)));
        let (harmonicity, pitch) = self.pitch();
        FrameFeatures {
            bands,
            levels: [low, middle, high, decibels(total)],
            harmonicity,
            pitch,
            flatness: self.flatness(),
            peak_share: self.strongest_bins() / total,
            low_share: self.power[..bin(110.0)].iter().sum::<f32>() / total,
        }
    }

    /// Power of the bands `from..to`.
    fn band_power(&self, from: usize, to: usize) -> f32 {
        self.power[bin(EDGES_HZ[from])..bin(EDGES_HZ[to])].iter().sum()
    }

    fn flatness(&self) -> f32 {
        let power = &self.power[bin(200.0)..bin(4000.0)];
        let mean = power.iter().sum::<f32>() / power.len() as f32 + 1e-20;
        let per_mean = mean.recip();
        // One logarithm of four factors instead of four logarithms.
        let product = |four: &[f32]| four.iter().map(|p| p * per_mean + 1e-6).product::<f32>();
        let logs: f32 = power.chunks(4).map(|four| product(four).ln()).sum();
        10.0 / LN_10 * logs / power.len() as f32
    }

    /// Power of the four strongest bins.
    fn strongest_bins(&self) -> f32 {
        let mut strongest = [0.0_f32; 4];
        for &power in &self.power {
            if power > strongest[3] {
                strongest[3] = power;
                strongest.sort_unstable_by(|a, b| b.total_cmp(a));
            }
        }
        strongest.iter().sum()
    }

    /// Height and log-frequency of the autocorrelation's highest peak. The autocorrelation is the inverse
    /// transform of the power (Wiener-Khinchin).
    fn pitch(&mut self) -> (f32, f32) {
        for (value, power) in self.spectrum.iter_mut().zip(&self.power) {
            *value = Complex::new(*power, 0.0);
        }
        let Self { inverse, windowed, spectrum, scratch, .. } = self;
        if inverse.process_with_scratch(spectrum, windowed, scratch).is_err() {
            return (0.0, FrameFeatures::SILENCE.pitch);
        }
        let Some(correlation) = windowed.first_chunk_mut::<{ LAGS.end + 1 }>() else {
            return (0.0, FrameFeatures::SILENCE.pitch);
        };
        correlation.iter_mut().zip(&self.untaper).for_each(|(value, factor)| *value *= factor);
        let at = |lag: usize| correlation[lag];
        let energy = at(0).max(1e-20);
        let mut best = (0.0, LAGS.start);
        for lag in LAGS {
            // A multiple of a period correlates as well as the period: the shortest is the pitch's.
            let height = at(lag) - 0.0004 * energy * lag as f32;
            if height > best.0 && at(lag) >= at(lag - 1) && at(lag) >= at(lag + 1) {
                best = (height, lag);
            }
        }
        // The maximum of a parabola through three points, because a lag is 1 to 6% of a period.
        let [before, here, after] = [best.1 - 1, best.1, best.1 + 1].map(at);
        let curvature = before - 2.0 * here + after;
        let shift = if curvature < 0.0 {
            (0.5 * (before - after) / curvature).clamp(-0.5, 0.5)
        } else {
            0.0
        };
        let frequency = RATE as f32 / (best.1 as f32 + shift);
        ((here / energy).clamp(0.0, 1.0), frequency.log2())
    }
}

/// The bin of a frequency.
fn bin(hz: f32) -> usize {
    (hz * FFT as f32 / RATE as f32).round() as usize
}

fn decibels(power: f32) -> f32 {
    10.0 * (power + 1e-12).log10()
}
