//! Formant shift: moves the formants of a voice and keeps its pitch.
//!
//! Speed perturbation scales pitch and formants by one factor; between speakers the two vary independently.
//! Here the spectral envelope of each frame is scaled along the frequency axis, and the fine structure, which
//! carries the pitch, is kept. The envelope is the log spectrum liftered to low quefrencies (Oppenheim &
//! Schafer, *Discrete-Time Signal Processing*, ch. 13).

use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

/// Shortest frame, in seconds; frames have the next power of two of samples.
const FRAME_S: f32 = 0.03;
/// Longest quefrency of the envelope, in seconds. Pitch up to 500 Hz has longer quefrencies. So does the shape
/// of a narrow resonance: it moves by about half of the factor.
const QUEFRENCY_S: f32 = 0.002;
/// Largest gain of a frequency bin, up or down: 20 dB, in nepers.
const MAX_GAIN: f32 = std::f32::consts::LN_10;
/// Power floor of a bin relative to the mean power of the frame: -60 dB.
const FLOOR: f32 = 1e-6;

/// Moves formants. It allocates its buffers once.
pub(super) struct FormantShifter {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    /// Root of Hann's window `[frame]`: applied twice at a hop of half a frame, it sums to 1.
    window: Vec<f32>,
    /// Weight of each quefrency up to half a frame.
    lifter: Vec<f32>,
    /// `[frame]`
    time: Vec<f32>,
    /// `[frame / 2 + 1]`
    spectrum: Vec<Complex32>,
    /// `[frame / 2 + 1]`
    cepstrum: Vec<Complex32>,
    /// `[frame / 2 + 1]`, in nepers
    envelope: Vec<f32>,
    fft_scratch: Vec<Complex32>,
}

impl FormantShifter {
    pub(super) fn new(sample_rate: u32) -> Self {
        let frame = ((FRAME_S * sample_rate as f32) as usize).next_power_of_two().max(16);
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(frame), planner.plan_fft_inverse(frame));
        let turn = |n: usize, of: f32| (std::f32::consts::PI * n as f32 / of).sin();
        let cut = QUEFRENCY_S * sample_rate as f32;
        let lifter = |n: usize| match n as f32 / cut {
            x if x >= 1.0 => 0.0,
            // A raised-cosine roll-off over the upper half: a sharp cut would make the envelope ring.
            x => (0.5 + 0.5 * (std::f32::consts::TAU * (x - 0.5).max(0.0)).cos()) / frame as f32,
        };
        let scratch_len = forward.get_scratch_len().max(inverse.get_scratch_len());
        let half = frame / 2 + 1;
        Self {
            forward,
            inverse,
            window: (0..frame).map(|n| turn(n, frame as f32)).collect(),
            lifter: (0..half).map(lifter).collect(),
            time: vec![0.0; frame],
            spectrum: vec![Complex32::ZERO; half],
            cepstrum: vec![Complex32::ZERO; half],
            envelope: vec![0.0; half],
            fft_scratch: vec![Complex32::ZERO; scratch_len],
        }
    }

    /// Moves a formant at `f` Hz to `factor * f`, in place; `scratch` keeps its capacity.
    pub(super) fn shift(&mut self, samples: &mut [f32], factor: f32, scratch: &mut Vec<f32>) {
        let frame = self.window.len();
        scratch.clear();
        scratch.extend_from_slice(samples);
        samples.fill(0.0);
        // The first frame begins half a frame before the clip: each sample lies in two frames.
        for start in (0..samples.len() + frame / 2).step_by(frame / 2) {
            let outside = (frame / 2).saturating_sub(start);
            let from = (start + outside) - frame / 2;
            let len = (frame - outside).min(samples.len().saturating_sub(from));
            let inside = outside..outside + len;
            self.time.fill(0.0);
            self.time[inside.clone()].copy_from_slice(&scratch[from..from + len]);
            self.reshape(factor);
            for (y, x) in samples[from..from + len].iter_mut().zip(&self.time[inside]) {
                *y += x;
            }
        }
    }

    /// Shifts the frame in `time`, windowed before and after.
    fn reshape(&mut self, factor: f32) {
        let frame = self.window.len();
        let whole = "the buffers have the plan's lengths";
        self.time.iter_mut().zip(&self.window).for_each(|(x, w)| *x *= w);
        self.forward
            .process_with_scratch(&mut self.time, &mut self.spectrum, &mut self.fft_scratch)
            .expect(whole);
        let mean = self.spectrum.iter().map(Complex32::norm_sqr).sum::<f32>() / frame as f32;
        let floor = FLOOR * mean + f32::MIN_POSITIVE;
        for (log, bin) in self.cepstrum.iter_mut().zip(&self.spectrum) {
            *log = Complex32::new(0.5 * (bin.norm_sqr() + floor).ln(), 0.0);
        }
        self.smooth();
        let last = self.envelope.len() - 1;
        let envelope = &self.envelope;
        for (k, bin) in self.spectrum.iter_mut().enumerate() {
            let at = (k as f32 / factor).min(last as f32);
            let (below, share) = (at as usize, at.fract());
            let above = (below + 1).min(last);
            let source = envelope[below] + share * (envelope[above] - envelope[below]);
            let gain = (source - envelope[k]).clamp(-MAX_GAIN, MAX_GAIN).exp();
            *bin *= gain / frame as f32;
        }
        // The transform requires real values here; they are not if a sample was NaN.
        (self.spectrum[0].im, self.spectrum[last].im) = (0.0, 0.0);
        self.inverse
            .process_with_scratch(&mut self.spectrum, &mut self.time, &mut self.fft_scratch)
            .expect(whole);
        self.time.iter_mut().zip(&self.window).for_each(|(x, w)| *x *= w);
    }

    /// Computes `envelope` from the log spectrum in `cepstrum`.
    fn smooth(&mut self) {
        let whole = "the buffers have the plan's lengths";
        let frame = self.window.len();
        self.inverse
            .process_with_scratch(&mut self.cepstrum, &mut self.time, &mut self.fft_scratch)
            .expect(whole);
        for (n, weight) in self.lifter.iter().enumerate() {
            self.time[n] *= weight;
            if n > 0 && n < frame / 2 {
                self.time[frame - n] *= weight;
            }
        }
        self.forward
            .process_with_scratch(&mut self.time, &mut self.cepstrum, &mut self.fft_scratch)
            .expect(whole);
        for (envelope, bin) in self.envelope.iter_mut().zip(&self.cepstrum) {
            *envelope = bin.re;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 16_000;

    /// A synthetic vowel: pulses at `pitch` Hz through resonances of 100 Hz width.
    fn vowel(pitch: f32, formants: &[f32]) -> Vec<f32> {
        let period = RATE as f32 / pitch;
        let mut voice: Vec<f32> =
            (0..RATE).map(|n| if (n as f32 % period) < 1.0 { 1.0 } else { 0.0 }).collect();
        for &formant in formants {
            let radius = (-std::f32::consts::PI * 100.0 / RATE as f32).exp();
            let turn = std::f32::consts::TAU * formant / RATE as f32;
            let (mut last, mut before) = (0.0, 0.0);
            for x in &mut voice {
                let y = *x + 2.0 * radius * turn.cos() * last - radius * radius * before;
                (before, last) = (last, y);
                *x = y;
            }
        }
        voice
    }

    /// Amplitude of a frequency over the middle half of a second.
    fn amplitude(voice: &[f32], hz: f32) -> f32 {
        let middle = &voice[RATE as usize / 4..RATE as usize * 3 / 4];
        let mut sum = Complex32::ZERO;
        for (n, x) in middle.iter().enumerate() {
            let hann = (std::f32::consts::PI * n as f32 / middle.len() as f32).sin().powi(2);
            let turn = std::f32::consts::TAU * ((hz * n as f32 / RATE as f32) % 1.0);
            sum += Complex32::from_polar(x * hann, -turn);
        }
        4.0 * sum.norm() / middle.len() as f32
    }

    /// Spectral centroid of the harmonics around `near` Hz.
    fn resonance(voice: &[f32], pitch: f32, near: f32) -> f32 {
        let (mut sum, mut total) = (0.0, 0.0);
        for k in 1.. {
            let hz = pitch * k as f32;
            if hz > 1.4 * near {
                return sum / total;
            }
            if hz > near / 1.4 {
                let power = amplitude(voice, hz).powi(2);
                (sum, total) = (sum + hz * power, total + power);
            }
        }
        unreachable!("the harmonics have no end")
    }

    fn shifted(voice: &[f32], factor: f32) -> Vec<f32> {
        let mut out = voice.to_vec();
        FormantShifter::new(RATE).shift(&mut out, factor, &mut Vec::new());
        out
    }

    #[test]
    fn formants_move_and_the_pitch_stays() {
        for pitch in [100.0, 160.0] {
            let voice = vowel(pitch, &[700.0, 1800.0]);
            for factor in [0.85, 1.15] {
                let moved = shifted(&voice, factor);
                // The lower formant is narrow for the resolution of the envelope and moves less.
                for (formant, least) in [(700.0, 0.2), (1800.0, 0.5)] {
                    let before = resonance(&voice, pitch, formant);
                    let moved = resonance(&moved, pitch, formant * factor) / before - 1.0;
                    let share = moved / (factor - 1.0);
                    assert!((least..1.5).contains(&share), "{pitch} {formant} {factor}: {share}");
                }
                // No energy appears between the harmonics.
                for k in [2.5, 6.5] {
                    let next = amplitude(&moved, pitch * (k + 0.5));
                    let between = amplitude(&moved, pitch * k);
                    assert!(between < 0.01 * next, "{pitch} {k}: {between} for {next}");
                }
            }
        }
    }

    #[test]
    fn a_factor_of_one_is_the_identity_and_silence_stays_silent() {
        let voice = vowel(120.0, &[500.0, 1500.0]);
        let loudest = voice.iter().fold(0.0f32, |most, x| most.max(x.abs()));
        let same = shifted(&voice, 1.0);
        for (x, y) in voice.iter().zip(&same) {
            assert!((x - y).abs() < 1e-5 * loudest, "{x} {y}");
        }
        for len in [0, 1, 511, 512, 513] {
            assert_eq!(shifted(&vec![0.0; len], 1.2), vec![0.0; len]);
            assert!(shifted(&voice[..len], 1.2).iter().all(|x| x.is_finite()));
        }
    }

    #[test]
    fn a_nan_sample_stays_local() {
        let mut voice = vowel(120.0, &[500.0]);
        voice[3000] = f32::NAN;
        let out = shifted(&voice, 1.1);
        assert!(out[..2000].iter().chain(&out[4000..]).all(|x| x.is_finite()));
    }
}
