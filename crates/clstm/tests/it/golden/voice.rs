//! Utterances by a source and resonances: pulses at the pitch of a voice, filtered by three formants.

use std::f64::consts::TAU;

/// Numbers in [0, 1) from a linear congruential generator (Knuth, MMIX).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }
}

/// A resonance of a vocal tract (a digital resonator, Klatt 1980).
struct Formant {
    a: f64,
    b: f64,
    c: f64,
    one: f64,
    two: f64,
}

impl Formant {
    /// At a frequency and with a bandwidth, in Hz.
    fn new(frequency: f64, bandwidth: f64, rate: f64) -> Self {
        let c = -(-TAU * bandwidth / rate).exp();
        let b = 2.0 * (-TAU / 2.0 * bandwidth / rate).exp() * (TAU * frequency / rate).cos();
        Self { a: 1.0 - b - c, b, c, one: 0.0, two: 0.0 }
    }

    fn next(&mut self, x: f64) -> f64 {
        let y = self.a * x + self.b * self.one + self.c * self.two;
        (self.two, self.one) = (self.one, y);
        y
    }
}

/// Frequencies of the first three formants of vowels, in Hz (Peterson & Barney 1952, men).
const VOWELS: [[f64; 3]; 5] = [
    [730.0, 1090.0, 2440.0],
    [270.0, 2290.0, 3010.0],
    [300.0, 870.0, 2240.0],
    [530.0, 1840.0, 2480.0],
    [570.0, 840.0, 2410.0],
];

/// One to two seconds of syllables at a rate in Hz: pitch, range, tempo, loudness and breath depend on the number.
pub(super) fn utterance(number: u32, rate: u32) -> Vec<i16> {
    let mut random = Random(u64::from(number) + 1);
    for _ in 0..8 {
        random.next();
    }
    let rate = f64::from(rate);
    let pitch = random.between(90.0, 260.0);
    let (range, breath) = (random.between(0.05, 0.5), random.between(0.01, 0.2));
    let (syllable_s, loudness) = (random.between(0.12, 0.3), random.between(0.05, 0.3));
    let seconds = random.between(1.0, 2.0);
    let mut signal = Vec::new();
    let mut phase = 0.0_f64;
    while (signal.len() as f64) < seconds * rate {
        let vowel = VOWELS[(random.next() * 5.0) as usize % 5];
        // A formant above half of the rate does not exist there.
        let mut formants: Vec<Formant> = vowel
            .iter()
            .filter(|frequency| **frequency < 0.45 * rate)
            .map(|frequency| Formant::new(*frequency, 0.06 * frequency + 50.0, rate))
            .collect();
        let bend = random.between(-range, range);
        let frames = (syllable_s * rate) as usize;
        for frame in 0..frames {
            let at = frame as f64 / frames as f64;
            phase += pitch * (1.0 + bend * (at - 0.5)) / rate;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase -= phase.floor();
            let source = pulse * rate / 16_000.0 * 8.0 + breath * random.between(-1.0, 1.0);
            let voiced = formants.iter_mut().fold(source, |x, formant| formant.next(x));
            signal.push(voiced * (TAU / 2.0 * at).sin());
        }
    }
    let power = signal.iter().map(|x| x * x).sum::<f64>() / signal.len() as f64;
    let gain = loudness / power.sqrt();
    signal.iter().map(|x| (x * gain * 32_767.0).clamp(-32_767.0, 32_767.0) as i16).collect()
}
