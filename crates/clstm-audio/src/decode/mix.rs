//! Mixing channels down to one.

use super::high_pass::HighPass;
use super::output::Block;

/// Time over which the correlation of channels is measured, in seconds.
const MEMORY_S: f64 = 0.2;
/// Correlation with the strongest channel below which a channel is inverted.
const INVERT_BELOW: f64 = -0.8;
/// Correlation above which it is no longer inverted.
const RESTORE_ABOVE: f64 = -0.4;
/// Share of the aligned mix that the plain mix has left, in energy, below which channels are aligned,
/// and above which they are mixed as they are again.
const ALIGN_BELOW: f64 = 0.1;
const PLAIN_ABOVE: f64 = 0.4;
/// Share of the energy above hum and rumble below which a block changes no decision: hum in phase opposition
/// beside speech in phase is to cancel.
const HIGH_SHARE: f64 = 0.01;
/// Time of the change between the two, in seconds, so that it makes no click.
const FADE_S: f64 = 0.01;

/// Mixes samples that are not decoded here, such as those of a microphone, down to one channel, as decoded ones are: the
/// mean of the channels, those in phase opposition aligned first.
#[derive(Debug, Default)]
pub struct Downmixer(Mixer);

impl Downmixer {
    /// The mono samples of interleaved ones `[frames, channels]` at `sample_rate` Hz. The result depends on the samples before,
    /// which are those of the calls before.
    pub fn mix(&mut self, interleaved: &[f32], channels: usize, sample_rate: u32) -> &[f32] {
        self.0.mix(Block { interleaved, channels, sample_rate })
    }
}

/// Mixes blocks down to the mean of their channels, channels in phase opposition aligned first.
///
/// The mean keeps speech within full scale whether it is on one channel or on all. Without the
/// alignment a recording whose right channel is the inverted left one (a wrongly wired microphone, a
/// "karaoke" export) would cancel to silence. A block decides with what came before it, never with
/// what follows: a live stream is mixed as the whole recording is.
#[derive(Debug, Default)]
pub(super) struct Mixer {
    /// Energy of each channel and its product with the reference, decaying.
    energy: Vec<f64>,
    product: Vec<f64>,
    /// Channel that the others are compared with.
    reference: usize,
    inverted: Vec<bool>,
    /// Energies of the sum of the channels as they are, and of the aligned ones, decaying.
    plain: f64,
    aligned: f64,
    /// Whether the inverted channels are inverted in the mix: the plain one cancels.
    cancels: bool,
    /// Factor of each channel at the end of the last block, from -1 to 1.
    factor: Vec<f32>,
    any_inverted: bool,
    mono: Vec<f32>,
    /// Leave out hum and rumble, by channel; their output is what decides.
    high_pass: Vec<HighPass>,
    high: Vec<f32>,
    /// Channels that are left out, and the samples of the others.
    left_out: Vec<bool>,
    kept: Vec<f32>,
}

impl Mixer {
    /// Whether any channel was inverted so far.
    pub(super) fn any_inverted(&self) -> bool {
        self.any_inverted
    }

    /// A mixer that leaves out the channels that are marked, if there are others.
    pub(super) fn leaving_out(channels: Vec<bool>) -> Self {
        let is_any_kept = channels.contains(&false);
        Self { left_out: if is_any_kept { channels } else { Vec::new() }, ..Self::default() }
    }

    /// The mono samples of a block.
    pub(super) fn mix(&mut self, block: Block<'_>) -> &[f32] {
        if self.left_out.len() != block.channels || !self.left_out.contains(&true) {
            return self.mix_all(block);
        }
        let mut kept = std::mem::take(&mut self.kept);
        kept.clear();
        for frame in block.interleaved.chunks_exact(block.channels) {
            let samples = frame.iter().zip(&self.left_out);
            kept.extend(samples.filter(|(_, left_out)| !**left_out).map(|(x, _)| *x));
        }
        let channels = self.left_out.iter().filter(|left_out| !**left_out).count();
        self.mix_all(Block { interleaved: &kept, channels, ..block });
        self.kept = kept;
        &self.mono
    }

    /// The mono samples of a block of which no channel is left out.
    fn mix_all(&mut self, block: Block<'_>) -> &[f32] {
        let channels = block.channels.max(1);
        self.mono.clear();
        if channels == 1 {
            self.mono.extend_from_slice(block.interleaved);
            return &self.mono;
        }
        let first = self.factor.len() != channels;
        if first {
            *self = Self {
                mono: std::mem::take(&mut self.mono),
                left_out: std::mem::take(&mut self.left_out),
                any_inverted: self.any_inverted,
                ..Self::default()
            };
            self.energy.resize(channels, 0.0);
            self.product.resize(channels, 0.0);
            self.inverted.resize(channels, false);
            self.factor.resize(channels, 1.0);
            self.high_pass.resize(channels, HighPass::new(block.sample_rate));
        }
        let mut high = std::mem::take(&mut self.high);
        if self.above_hum(block, &mut high) {
            self.observe(Block { interleaved: &high, ..block });
        }
        self.high = high;
        if first {
            // Nothing came before that a change could click against.
            self.factor = (0..channels).map(|channel| self.target(channel)).collect();
        }
        // In f64 the sum of large finite samples cannot overflow.
        let scale = 1.0 / channels as f64;
        if !self.cancels && self.factor.iter().all(|factor| *factor == 1.0) {
            self.mono.extend(block.interleaved.chunks_exact(channels).map(|frame| {
                let sum: f64 = frame.iter().map(|&x| f64::from(x)).sum();
                (sum * scale) as f32
            }));
            return &self.mono;
        }
        let step = (1.0 / (FADE_S * f64::from(block.sample_rate)).max(1.0)) as f32;
        for frame in block.interleaved.chunks_exact(channels) {
            let mut sum = 0.0;
            for (channel, &x) in frame.iter().enumerate() {
                let target = self.target(channel);
                let factor = &mut self.factor[channel];
                *factor += (target - *factor).clamp(-2.0 * step, 2.0 * step);
                sum += f64::from(x) * f64::from(*factor);
            }
            self.mono.push((sum * scale) as f32);
        }
        &self.mono
    }

    /// The factor of a channel in the mix.
    fn target(&self, channel: usize) -> f32 {
        if self.cancels && self.inverted[channel] { -1.0 } else { 1.0 }
    }

    /// The block without hum and rumble; whether enough of it is left to decide by.
    fn above_hum(&mut self, block: Block<'_>, high: &mut Vec<f32>) -> bool {
        high.clear();
        let (mut all, mut above) = (0.0, 0.0);
        for frame in block.interleaved.chunks_exact(block.channels) {
            for (&x, filter) in frame.iter().zip(&mut self.high_pass) {
                let y = filter.next(f64::from(x));
                all += f64::from(x) * f64::from(x);
                above += y * y;
                high.push(y as f32);
            }
        }
        above >= HIGH_SHARE * all
    }

    /// Updates the correlations with a block and decides which channels are inverted.
    fn observe(&mut self, block: Block<'_>) {
        let channels = block.channels;
        let frames = block.interleaved.len() / channels;
        let decay = (-(frames as f64) / (MEMORY_S * f64::from(block.sample_rate))).exp();
        self.energy.iter_mut().chain(&mut self.product).for_each(|sum| *sum *= decay);
        let reference = self.reference;
        for frame in block.interleaved.chunks_exact(channels) {
            let with = f64::from(frame[reference]);
            for (channel, &x) in frame.iter().enumerate() {
                self.energy[channel] += f64::from(x) * f64::from(x);
                self.product[channel] += f64::from(x) * with;
            }
        }
        let loudest = (0..channels).fold(0, |best, channel| {
            if self.energy[channel] > 4.0 * self.energy[best] { channel } else { best }
        });
        if self.energy[loudest] > 4.0 * self.energy[reference] {
            // The products start again with the new reference; signs stay relative to channel 0.
            self.reference = loudest;
            self.product.fill(0.0);
            for frame in block.interleaved.chunks_exact(channels) {
                let with = f64::from(frame[loudest]);
                for (product, &x) in self.product.iter_mut().zip(frame) {
                    *product += f64::from(x) * with;
                }
            }
        }
        let base = self.inverted[self.reference];
        for channel in 0..channels {
            let power = (self.energy[channel] * self.energy[self.reference]).sqrt();
            // The phase of silence is undefined.
            if channel == self.reference || power < 1e-12 * frames as f64 {
                continue;
            }
            let correlation = self.product[channel] / power;
            if correlation < INVERT_BELOW {
                self.inverted[channel] = !base;
            } else if correlation > RESTORE_ABOVE {
                self.inverted[channel] = base;
            }
        }
        (self.plain, self.aligned) = (self.plain * decay, self.aligned * decay);
        for frame in block.interleaved.chunks_exact(channels) {
            let (mut plain, mut aligned) = (0.0, 0.0);
            for (&x, &inverted) in frame.iter().zip(&self.inverted) {
                plain += f64::from(x);
                aligned += if inverted { -f64::from(x) } else { f64::from(x) };
            }
            self.plain += plain * plain;
            self.aligned += aligned * aligned;
        }
        if self.plain < ALIGN_BELOW * self.aligned {
            self.cancels = true;
        } else if self.plain > PLAIN_ABOVE * self.aligned {
            self.cancels = false;
        }
        self.any_inverted |= self.cancels;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(n: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        (0..n)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect()
    }

    fn mix(mixer: &mut Mixer, channels: &[Vec<f32>]) -> Vec<f32> {
        let n = channels[0].len();
        let interleaved: Vec<f32> =
            (0..n).flat_map(|i| channels.iter().map(move |channel| channel[i])).collect();
        let mut mono = Vec::new();
        for part in interleaved.chunks(960 * channels.len()) {
            let block = Block { interleaved: part, channels: channels.len(), sample_rate: 48_000 };
            mono.extend_from_slice(mixer.mix(block));
        }
        mono
    }

    fn inverted(x: &[f32]) -> Vec<f32> {
        x.iter().map(|x| -x).collect()
    }

    #[test]
    fn channels_in_phase_opposition_give_the_signal() {
        let left = noise(10_000, 1);
        let mut mixer = Mixer::default();
        assert_eq!(mix(&mut mixer, &[left.clone(), inverted(&left)]), left);
        assert!(mixer.any_inverted());
    }

    #[test]
    fn marked_channels_are_left_out() {
        let (left, right) = (noise(10_000, 1), noise(10_000, 2));
        let mut mixer = Mixer::leaving_out(vec![false, true]);
        assert_eq!(mix(&mut mixer, &[left.clone(), right.clone()]), left);
        let mut mixer = Mixer::leaving_out(vec![true, false, false]);
        assert_eq!(mix(&mut mixer, &[right.clone(), left.clone(), inverted(&left)]), left);
        // A part with another number of channels is mixed whole, and so is one without any other channel.
        for left_out in [vec![false, true, false], vec![true, true]] {
            let mut mixer = Mixer::leaving_out(left_out);
            assert_eq!(mix(&mut mixer, &[left.clone(), left.clone()]), left);
        }
    }

    #[test]
    fn ordinary_stereo_is_the_mean() {
        let (left, right) = (noise(10_000, 1), noise(10_000, 2));
        for right in [left.clone(), right, vec![0.0; 10_000]] {
            let mut mixer = Mixer::default();
            let mono = mix(&mut mixer, &[left.clone(), right.clone()]);
            assert!(!mixer.any_inverted());
            let means = left.iter().zip(&right).map(|(l, r)| (l + r) / 2.0);
            assert!(mono.iter().zip(means).all(|(got, want)| (got - want).abs() < 1e-6));
        }
    }

    #[test]
    fn a_change_of_phase_is_followed_without_a_click() {
        let rate = 48_000.0;
        let tone: Vec<f32> =
            (0..96_000).map(|n| (n as f32 * 200.0 * std::f32::consts::TAU / rate).sin()).collect();
        let mut right = tone.clone();
        right[48_000..].iter_mut().for_each(|x| *x = -*x);
        let mono = mix(&mut Mixer::default(), &[tone.clone(), right]);
        let power = |x: &[f32]| x.iter().map(|x| x * x).sum::<f32>() / x.len() as f32;
        assert!((power(&mono[..48_000]) - 0.5).abs() < 0.01);
        assert!((power(&mono[80_000..]) - 0.5).abs() < 0.01);
        let step = mono.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
        assert!(step < 0.1, "{step}");
    }

    #[test]
    fn silence_stays_silent_and_changes_nothing() {
        let mut mixer = Mixer::default();
        assert_eq!(mix(&mut mixer, &[vec![0.0; 3000], vec![0.0; 3000]]), vec![0.0; 3000]);
        assert!(!mixer.any_inverted());
    }
}
