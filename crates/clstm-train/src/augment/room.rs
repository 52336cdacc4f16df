//! Reverberation: convolution with a synthetic room impulse response.
//!
//! The response is the direct sound followed by exponentially decaying white noise (Polack 1993; Habets, *Room
//! Impulse Response Generator*, 2006, gives the relation of decay and RT60).

use realfft::RealFftPlanner;
use realfft::num_complex::Complex32;

use super::config::RoomConfig;
use super::random::Random;

/// Gap between the direct sound and the first reflections, in seconds.
const GAP_S: f32 = 0.003;
/// Decay at RT60: 60 dB, in nepers of amplitude.
const DECAY: f32 = 3.0 * std::f32::consts::LN_10;
/// Range of the ratio of direct to reverberant energy above its lowest value, in dB.
const DIRECT_RANGE_DB: f32 = 15.0;

/// Convolves clips with rooms. It keeps its plans and buffers.
pub(super) struct RoomSimulator {
    planner: RealFftPlanner<f32>,
    sample_rate: u32,
    /// The response, then its padding `[fft]`
    response: Vec<f32>,
    /// The clip, then its padding `[fft]`
    clip: Vec<f32>,
    /// `[fft / 2 + 1]`
    response_spectrum: Vec<Complex32>,
    /// `[fft / 2 + 1]`
    clip_spectrum: Vec<Complex32>,
    fft_scratch: Vec<Complex32>,
}

impl RoomSimulator {
    pub(super) fn new(sample_rate: u32) -> Self {
        Self {
            planner: RealFftPlanner::new(),
            sample_rate,
            response: Vec::new(),
            clip: Vec::new(),
            response_spectrum: Vec::new(),
            clip_spectrum: Vec::new(),
            fft_scratch: Vec::new(),
        }
    }

    /// Puts `samples` into a random room, in place. The reverberation after the last sample is cut off.
    pub(super) fn run(&mut self, samples: &mut [f32], config: &RoomConfig, random: &mut Random) {
        let rt60_s = random.uniform(config.min_rt60_s, config.max_rt60_s);
        let direct_db = config.min_direct_db + random.uniform(0.0, DIRECT_RANGE_DB);
        let response_len = (rt60_s * self.sample_rate as f32) as usize;
        if response_len == 0 || samples.is_empty() {
            return;
        }
        let fft = (samples.len() + response_len).next_power_of_two();
        self.response.clear();
        self.response.resize(fft, 0.0);
        self.draw_response(rt60_s, direct_db, response_len, random);
        self.clip.clear();
        self.clip.extend_from_slice(samples);
        self.clip.resize(fft, 0.0);
        self.convolve(fft);
        samples.copy_from_slice(&self.clip[..samples.len()]);
    }

    /// Direct sound of 1 at sample 0, and a decaying tail with the wanted ratio of energies.
    fn draw_response(&mut self, rt60_s: f32, direct_db: f32, len: usize, random: &mut Random) {
        let decay = DECAY / (rt60_s * self.sample_rate as f32);
        let gap = ((GAP_S * self.sample_rate as f32) as usize).clamp(1, len);
        let tail = &mut self.response[gap..len.max(gap)];
        let mut energy = 0.0;
        for (n, tap) in tail.iter_mut().enumerate() {
            *tap = random.uniform(-1.0, 1.0) * (-decay * n as f32).exp();
            energy += *tap * *tap;
        }
        if energy > 0.0 {
            let scale = 10f32.powf(-direct_db / 20.0) / energy.sqrt();
            tail.iter_mut().for_each(|tap| *tap *= scale);
        }
        self.response[0] = 1.0;
    }

    /// `clip = clip * response`, circular over `fft` samples; the padding keeps it linear.
    fn convolve(&mut self, fft: usize) {
        let (forward, inverse) =
            (self.planner.plan_fft_forward(fft), self.planner.plan_fft_inverse(fft));
        let bins = fft / 2 + 1;
        self.response_spectrum.resize(bins, Complex32::ZERO);
        self.clip_spectrum.resize(bins, Complex32::ZERO);
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        self.fft_scratch.resize(scratch, Complex32::ZERO);
        let lengths = "the buffers have the plan's lengths";
        let scratch = &mut self.fft_scratch;
        forward
            .process_with_scratch(&mut self.response, &mut self.response_spectrum, scratch)
            .expect(lengths);
        forward
            .process_with_scratch(&mut self.clip, &mut self.clip_spectrum, scratch)
            .expect(lengths);
        let scale = 1.0 / fft as f32;
        for (x, h) in self.clip_spectrum.iter_mut().zip(&self.response_spectrum) {
            *x = *x * h * scale;
        }
        // The first and last bin are real up to rounding; the inverse transform requires exactly that.
        self.clip_spectrum[0].im = 0.0;
        self.clip_spectrum[bins - 1].im = 0.0;
        inverse
            .process_with_scratch(&mut self.clip_spectrum, &mut self.clip, scratch)
            .expect(lengths);
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Effect;
    use super::*;

    const RATE: u32 = 16_000;

    fn impulse_response(config: &RoomConfig, seed: u64) -> Vec<f32> {
        let mut samples = vec![0.0; RATE as usize];
        samples[0] = 1.0;
        let mut random = Random::new(seed, Effect::Room);
        RoomSimulator::new(RATE).run(&mut samples, config, &mut random);
        samples
    }

    fn energy(samples: &[f32]) -> f64 {
        samples.iter().map(|x| f64::from(*x).powi(2)).sum()
    }

    #[test]
    fn the_tail_decays_by_60_db_in_rt60_and_has_the_energy_ratio() {
        let config = RoomConfig { prob: 1.0, min_rt60_s: 0.5, max_rt60_s: 0.5, min_direct_db: 0.0 };
        for seed in 0..8 {
            let response = impulse_response(&config, seed);
            assert!((response[0] - 1.0).abs() < 1e-4, "direct sound {}", response[0]);
            let ratio_db = -10.0 * energy(&response[1..]).log10();
            assert!((-0.1..=15.1).contains(&ratio_db), "direct to reverberant {ratio_db} dB");
            // 30 dB in a quarter of a second; the energies of 20 ms vary by about 1 dB.
            let window = RATE as usize / 50;
            let early = energy(&response[480..480 + window]);
            let late = energy(&response[480 + 4000..480 + 4000 + window]);
            let fall_db = 10.0 * (early / late).log10();
            assert!((fall_db - 30.0).abs() < 4.0, "{fall_db} dB in RT60 / 2");
        }
    }

    #[test]
    fn convolution_is_linear_and_has_no_wrap_around() {
        let config = RoomConfig { prob: 1.0, ..RoomConfig::default() };
        let response = impulse_response(&config, 3);
        // An impulse at the end must not appear at the start.
        let mut samples = vec![0.0; 5000];
        samples[4990] = 0.5;
        let mut random = Random::new(3, Effect::Room);
        RoomSimulator::new(RATE).run(&mut samples, &config, &mut random);
        assert!(samples[..4990].iter().all(|x| x.abs() < 1e-5));
        for (x, h) in samples[4990..].iter().zip(&response) {
            assert!((x - 0.5 * h).abs() < 1e-5);
        }
    }
}
