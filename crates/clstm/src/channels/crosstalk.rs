//! Cross-talk between channels: a microphone or a line that also carries the voice of the other side.

use std::fmt;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

/// Length of the stretches that are judged, in seconds: long enough that two voices do not resemble each other by chance.
const BLOCK_S: f64 = 0.128;

/// Longest delay of a copy behind its source, in seconds: the echo of a telephone line.
const DELAY_S: f64 = 0.1;

/// How much louder the source is than its copy, as a ratio of powers: 12 dB. Two people who speak at the same time differ by less.
const LOUDER: f64 = 15.85;

/// Normalised cross-correlation from which a stretch is a copy.
const RESEMBLANCE: f64 = 0.5;

/// Mean square below which a stretch is silent anyway: -80 dBFS.
const SILENCE: f64 = 1e-8;

/// Length of the ramp between sound and silence, in seconds.
const RAMP_S: f64 = 0.004;

/// Replaces cross-talk by silence. All channels have the same rate and advance together.
pub(super) struct CrosstalkGate {
    block: usize,
    delay: usize,
    ramp: usize,
    /// What is left for the next block, by channel.
    pending: Vec<Vec<f32>>,
    /// The last [`DELAY_S`] before the pending samples, by channel.
    history: Vec<Vec<f32>>,
    /// The gain at the end of the last block, by channel.
    gains: Vec<f32>,
    correlator: Correlator,
}

impl CrosstalkGate {
    /// How long samples are held back, at most.
    pub(super) const LATENCY_S: f64 = BLOCK_S;

    /// For channels at `rate` Hz.
    pub(super) fn new(channels: usize, rate: u32) -> Self {
        let samples = |seconds: f64| ((seconds * f64::from(rate)).round() as usize).max(1);
        let (block, delay) = (samples(BLOCK_S), samples(DELAY_S));
        Self {
            block,
            delay,
            ramp: samples(RAMP_S),
            pending: vec![Vec::new(); channels],
            history: vec![vec![0.0; delay]; channels],
            gains: vec![1.0; channels],
            correlator: Correlator::new(block, delay),
        }
    }

    /// Adds samples, the same number to each channel, and appends those of complete blocks to `out`.
    pub(super) fn push(&mut self, samples: &mut [Vec<f32>], out: &mut [Vec<f32>]) {
        for (pending, samples) in self.pending.iter_mut().zip(samples) {
            pending.append(samples);
        }
        let count = self.pending.first().map_or(0, Vec::len);
        let whole = count / self.block * self.block;
        for start in (0..whole).step_by(self.block) {
            self.process(start, start + self.block, out);
        }
        self.forget(whole);
    }

    /// Appends what is left.
    pub(super) fn finish(&mut self, out: &mut [Vec<f32>]) {
        let count = self.pending.first().map_or(0, Vec::len);
        self.process(0, count, out);
        self.forget(count);
    }

    fn forget(&mut self, count: usize) {
        for (pending, history) in self.pending.iter_mut().zip(&mut self.history) {
            history.extend(pending.drain(..count.min(pending.len())));
            history.drain(..history.len() - self.delay);
        }
    }

    /// Judges the pending samples `start..end` of all channels.
    fn process(&mut self, start: usize, end: usize, out: &mut [Vec<f32>]) {
        if start == end {
            return;
        }
        let power = |samples: &[f32]| {
            let sum: f64 = samples.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
            sum / samples.len() as f64
        };
        let powers: Vec<f64> =
            self.pending.iter().map(|samples| power(&samples[start..end])).collect();
        for channel in 0..self.pending.len() {
            let own = powers[channel];
            let copied = own > SILENCE
                && (0..self.pending.len())
                    .any(|other| other != channel && self.resembles(channel, other, start, end));
            let gain = if copied { 0.0 } else { 1.0 };
            let before = std::mem::replace(&mut self.gains[channel], gain);
            let ramp = self.ramp;
            let block = self.pending[channel][start..end].iter().enumerate().map(|(index, x)| {
                let share = ((index + 1) as f32 / ramp as f32).min(1.0);
                x * (before + share * (gain - before))
            });
            out[channel].extend(block);
        }
    }

    /// Whether a channel's block is a delayed, quieter copy of another channel.
    fn resembles(&mut self, channel: usize, source: usize, start: usize, end: usize) -> bool {
        let from = &mut self.correlator.source;
        from.clear();
        // The source's block and the delay before it.
        let (history, pending) = (&self.history[source], &self.pending[source]);
        let reach = start.min(self.delay);
        from.extend_from_slice(&history[reach..]);
        from.extend_from_slice(&pending[start - reach..end]);
        self.correlator.largest(&self.pending[channel][start..end]) >= RESEMBLANCE
    }
}

impl fmt::Debug for CrosstalkGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrosstalkGate")
            .field("channels", &self.pending.len())
            .finish_non_exhaustive()
    }
}

/// Cross-correlation of a block with a longer stretch of another channel, by Fourier transform.
struct Correlator {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    /// The stretch that ends with the block.
    source: Vec<f32>,
    buffer: Vec<f32>,
    spectra: [Vec<Complex<f32>>; 2],
}

impl Correlator {
    fn new(block: usize, delay: usize) -> Self {
        let size = (2 * block + delay).next_power_of_two();
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(size), planner.plan_fft_inverse(size));
        let spectrum = forward.make_output_vec();
        Self {
            buffer: vec![0.0; size],
            spectra: [spectrum.clone(), spectrum],
            source: Vec::new(),
            forward,
            inverse,
        }
    }

    /// The largest normalised cross-correlation of `copy` with any stretch of the source that is [`LOUDER`], in
    /// magnitude: a copy may be inverted. Levels are compared at the delay of the copy, for the source may have paused
    /// since.
    fn largest(&mut self, copy: &[f32]) -> f64 {
        let Self { forward, inverse, source, buffer, spectra } = self;
        let square = |x: &f32| f64::from(*x) * f64::from(*x);
        let own: f64 = copy.iter().map(square).sum();
        // Most blocks are decided without a transform.
        if source.iter().map(square).sum::<f64>() < LOUDER * own {
            return 0.0;
        }
        for (samples, spectrum) in [&source[..], copy].into_iter().zip(spectra.iter_mut()) {
            buffer.fill(0.0);
            buffer[..samples.len()].copy_from_slice(samples);
            if forward.process(buffer, spectrum).is_err() {
                return 0.0;
            }
        }
        let [ours, theirs] = spectra;
        ours.iter_mut().zip(theirs.iter()).for_each(|(a, b)| *a *= b.conj());
        // Rounding may leave a trace of an imaginary part where a real spectrum has none.
        if let [first, .., last] = &mut ours[..] {
            (first.im, last.im) = (0.0, 0.0);
        }
        if inverse.process(ours, buffer).is_err() {
            return 0.0;
        }
        let scale = 1.0 / buffer.len() as f64;
        let mut energy: f64 = source[..copy.len().min(source.len())].iter().map(square).sum();
        let mut largest = 0.0_f64;
        for lag in 0..=source.len().saturating_sub(copy.len()) {
            if lag > 0 {
                energy += square(&source[lag + copy.len() - 1]) - square(&source[lag - 1]);
            }
            let product = (own * energy).sqrt();
            if product > 0.0 && energy >= LOUDER * own {
                largest = largest.max((f64::from(buffer[lag]) * scale).abs() / product);
            }
        }
        largest
    }
}

#[cfg(test)]
mod tests {
    use super::CrosstalkGate;

    const RATE: u32 = 16_000;

    /// Noise in syllables, smoothed to the band of a voice.
    fn voice(seed: u32, seconds: usize) -> Vec<f32> {
        let (mut state, mut low) = (seed, 0.0_f32);
        (0..seconds * RATE as usize)
            .map(|i| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                low += 0.3 * ((state >> 8) as f32 / (1 << 23) as f32 - 1.0 - low);
                let syllable = (i as f32 / RATE as f32 * (3.0 + seed as f32) * 3.1).sin().abs();
                low * syllable
            })
            .collect()
    }

    fn gated(channels: &[Vec<f32>], chunk: usize) -> Vec<Vec<f32>> {
        let mut gate = CrosstalkGate::new(channels.len(), RATE);
        let mut out = vec![Vec::new(); channels.len()];
        for start in (0..channels[0].len()).step_by(chunk) {
            let end = (start + chunk).min(channels[0].len());
            let mut part: Vec<Vec<f32>> = channels.iter().map(|c| c[start..end].to_vec()).collect();
            gate.push(&mut part, &mut out);
        }
        gate.finish(&mut out);
        out
    }

    fn power(samples: &[f32]) -> f32 {
        samples.iter().map(|x| x * x).sum::<f32>() / samples.len().max(1) as f32
    }

    #[test]
    fn a_quiet_copy_is_silenced_and_a_quiet_voice_stays() {
        let (loud, own) = (voice(1, 4), voice(2, 4));
        let delayed = |delay: usize, gain: f32| -> Vec<f32> {
            (0..loud.len()).map(|i| if i < delay { 0.0 } else { gain * loud[i - delay] }).collect()
        };
        for (delay, gain) in [(0, 0.1), (37, -0.05), (1200, 0.15)] {
            let copy = delayed(delay, gain);
            let out = gated(&[loud.clone(), copy.clone()], 1000);
            assert_eq!(out[0], loud, "the source stays");
            assert_eq!(out[1].len(), loud.len());
            let left = power(&out[1]) / power(&copy);
            assert!(left < 0.05, "{delay} {gain}: {left}");
        }
        // Another voice, 20 dB below.
        let quiet: Vec<f32> = own.iter().map(|x| 0.1 * x).collect();
        let out = gated(&[loud.clone(), quiet.clone()], 1000);
        assert!(power(&out[1]) > 0.9 * power(&quiet), "{}", power(&out[1]) / power(&quiet));
        // A copy as loud as the source: both channels have the same voice.
        assert_eq!(gated(&[loud.clone(), loud.clone()], 1000)[1], loud);
    }

    #[test]
    fn a_voice_over_the_copy_stays() {
        let (loud, own) = (voice(1, 4), voice(2, 4));
        let both: Vec<f32> = loud.iter().zip(&own).map(|(l, o)| 0.05 * l + o).collect();
        let out = gated(&[loud, both.clone()], 4096);
        assert!(power(&out[1]) > 0.9 * power(&both));
    }

    #[test]
    fn the_size_of_chunks_does_not_matter() {
        let loud = voice(3, 2);
        let copy: Vec<f32> = loud.iter().map(|x| 0.1 * x).collect();
        let channels = [loud.clone(), copy, voice(4, 2)];
        let once = gated(&channels, usize::MAX / 2);
        for chunk in [1, 777, 2048, 5000] {
            assert_eq!(gated(&channels, chunk), once, "{chunk}");
        }
        assert_eq!(gated(std::slice::from_ref(&loud), 100), [loud]);
    }
}
