//! Speech and other sound.

use std::f32::consts::TAU;

use clstm::{Event, NoPrediction, Recognizer, Stream, StreamConfig};

use crate::support::{RATE, conversation, tiny};

const SECONDS: usize = 4;

fn signal(value: impl FnMut(f32) -> f32) -> Vec<f32> {
    (0..SECONDS * RATE as usize).map(|n| n as f32 / RATE as f32).map(value).collect()
}

fn tones(frequencies: &[f32], t: f32) -> f32 {
    frequencies.iter().map(|f| 0.1 * (TAU * f * t).sin()).sum()
}

/// White noise.
fn random() -> impl FnMut() -> f32 {
    let mut state = 1_u32;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state as f32 / (1_u32 << 31) as f32 - 1.0
    }
}

/// Sound without speech, by name.
fn other_sound() -> Vec<(&'static str, Vec<f32>)> {
    let hum = |t| (1..=6).map(|k| tones(&[50.0 * k as f32], t) / k as f32).sum();
    let mut white = random();
    let (mut brown, mut noise) = (0.0, random());
    let mut pink = [0.0_f32; 3];
    let mut source = random();
    // Keys of 100 ms with pauses of 100 ms.
    let dtmf = |t: f32| {
        let key = (t / 0.2) as usize;
        let frequencies =
            [[697.0, 770.0, 852.0, 941.0][key % 4], [1209.0, 1336.0, 1477.0][key % 3]];
        if t % 0.2 < 0.1 { tones(&frequencies, t) } else { 0.0 }
    };
    let chord = |t: f32| {
        let root = [220.0, 174.6, 261.6, 196.0][(t as usize) % 4];
        tones(&[root, root * 1.26, root * 1.498, 2.0 * root], t) * (1.0 - 0.7 * (t % 1.0))
    };
    let melody = |t: f32| {
        let note = 261.6
            * 2.0_f32
                .powf([0.0, 4.0, 7.0, 12.0, 7.0, 4.0, 2.0, 5.0][(t / 0.25) as usize % 8] / 12.0);
        let decay = (-6.0 * (t % 0.25)).exp();
        decay * (1..=5).map(|k| tones(&[note * k as f32], t) / k as f32).sum::<f32>()
    };
    vec![
        ("silence", signal(|_| 0.0)),
        ("hum", signal(hum)),
        ("white noise", signal(|_| 0.1 * white())),
        (
            "brown noise",
            signal(|_| {
                brown = 0.995 * brown + 0.02 * noise();
                brown
            }),
        ),
        (
            "pink noise",
            signal(|_| {
                let x = source();
                // Kellet's filter, http://www.firstpr.com.au/dsp/pink-noise/
                pink[0] = 0.99765 * pink[0] + x * 0.099_046;
                pink[1] = 0.963 * pink[1] + x * 0.296_516_4;
                pink[2] = 0.57 * pink[2] + x * 1.052_691_3;
                0.05 * (pink.iter().sum::<f32>() + 0.1848 * x)
            }),
        ),
        ("dial tone", signal(|t| tones(&[350.0, 440.0], t))),
        ("European dial tone", signal(|t| tones(&[425.0], t))),
        ("busy tone", signal(|t| if t % 1.0 < 0.5 { tones(&[480.0, 620.0], t) } else { 0.0 })),
        ("ringback", signal(|t| if t % 3.0 < 1.0 { tones(&[440.0, 480.0], t) } else { 0.0 })),
        ("DTMF", signal(dtmf)),
        ("chords", signal(chord)),
        ("melody", signal(melody)),
        ("engine drone", signal(drone())),
        ("modem, 100 baud in bursts", keyed(100.0, 1000.0, [0.1, 0.15])),
        ("modem, 300 baud in bursts", keyed(300.0, 500.0, [0.6, 0.8])),
        ("siren", signal(siren)),
    ]
}

/// Harmonics of 70 Hz of which pitch and level move slowly, with some noise.
fn drone() -> impl FnMut(f32) -> f32 {
    let mut noise = random();
    move |t| {
        let swing = 0.15 / (TAU * 0.3) * (1.0 - (TAU * 0.3 * t).cos());
        let phase = TAU * 70.0 * (t + swing);
        let harmonic = |k: f32| (k * phase + k * k).sin() / k.sqrt();
        let sum: f32 = (1..=30).map(|k| harmonic(k as f32)).sum();
        0.05 * (1.0 + 0.8 * (TAU * 0.7 * t).sin()) * sum + 0.003 * noise()
    }
}

/// Two tones, 850 Hz apart, keyed by random bits, for `on` seconds in every `period`.
fn keyed(baud: f32, low_hz: f32, [on, period]: [f32; 2]) -> Vec<f32> {
    let mut source = random();
    let bits: Vec<bool> = (0..SECONDS * 1200).map(|_| source() > 0.0).collect();
    let mut phase = 0.0;
    signal(|t| {
        let high = bits[(t * baud) as usize];
        phase += TAU * (low_hz + if high { 850.0 } else { 0.0 }) / RATE as f32;
        phase %= TAU;
        if t % period < on { 0.1 * phase.sin() } else { 0.0 }
    })
}

/// A wail from 400 to 1400 Hz with harmonics.
fn siren(t: f32) -> f32 {
    let phase = TAU * (900.0 * t - 500.0 / (TAU * 0.5) * (TAU * 0.5 * t).cos());
    (1..=6).map(|k| 0.05 * (k as f32 * phase).sin() / k as f32).sum()
}

fn recognizer() -> Recognizer {
    Recognizer::new(tiny()).expect("a model")
}

#[test]
fn other_sound_gets_no_label() {
    let recognizer = recognizer();
    for (name, samples) in other_sound() {
        let recognition = recognizer.recognize(&samples, RATE).expect("a recording");
        assert!(recognition.speech < 0.1, "{name}: {}", recognition.speech);
        assert_eq!(recognition.prediction, None, "{name}");
        let mut stream = Stream::new(&recognizer, RATE, &StreamConfig::live()).expect("a stream");
        let mut events = Vec::new();
        stream.push(&samples, &mut events).expect("audio");
        stream.finish(&mut events).expect("an end");
        for event in events {
            if let Event::Frame(frame) = event {
                assert_eq!(frame.prediction, None, "{name} at {} s", frame.start_s);
            }
        }
    }
}

#[test]
fn speech_gets_a_label_in_noise_too() {
    let recognizer = recognizer();
    let speech = conversation();
    let speech = &speech[..speech.len() / 2 - 3 * RATE as usize / 2];
    let clean = recognizer.recognize(speech, RATE).expect("a recording");
    assert!(clean.prediction.is_some() && clean.speech > 0.5, "{}", clean.speech);
    let level = (speech.iter().map(|x| x * x).sum::<f32>() / speech.len() as f32).sqrt();
    for snr_db in [20, 10, 5] {
        // A uniform variable in -1..1 has a variance of 1/3.
        let gain = level * 3.0_f32.sqrt() * 10.0_f32.powf(-snr_db as f32 / 20.0);
        let mut white = random();
        let noisy: Vec<f32> = speech.iter().map(|x| x + gain * white()).collect();
        let noisy = recognizer.recognize(&noisy, RATE).expect("a recording");
        assert!(noisy.prediction.is_some() && noisy.speech > 0.3, "{snr_db} dB: {}", noisy.speech);
    }
}

#[test]
fn a_word_between_silence_gets_a_label() {
    let speech = conversation();
    // Half a second of the sample, within 10 s.
    let word = &speech[RATE as usize / 2..RATE as usize];
    let samples = [&vec![0.0; 5 * RATE as usize], word, &vec![0.0; 4 * RATE as usize]].concat();
    let recognition = recognizer().recognize(&samples, RATE).expect("a recording");
    assert!(recognition.prediction.is_some(), "{recognition:?}");
    assert!((0.01..=0.08).contains(&recognition.speech), "{}", recognition.speech);
}

/// A word of 0.3 s got no label and no reason.
#[test]
fn recordings_without_a_label_have_a_reason() {
    let speech = conversation();
    let recognizer = recognizer();
    let reason = |samples: &[f32]| {
        let found = recognizer.recognize(samples, RATE).expect("a recording");
        assert_eq!(found.prediction.is_none(), found.reason.is_some(), "{found:?}");
        found.reason
    };
    assert_eq!(reason(&speech[..2 * RATE as usize]), None);
    assert_eq!(reason(&[0.0; RATE as usize]), Some(NoPrediction::Silent));
    let tone = signal(|t| tones(&[425.0], t));
    assert_eq!(reason(&tone), Some(NoPrediction::NoSpeech));
    assert_eq!(reason(&tone[..RATE as usize / 5]), Some(NoPrediction::TooShort));
    // 0.1 s of speech is too short with and without silence around it.
    let word = &speech[RATE as usize / 2..][..RATE as usize / 10];
    assert_eq!(reason(word), Some(NoPrediction::TooShort));
    assert_eq!(NoPrediction::TooShort.kind(), "too_short");
}

#[test]
fn without_the_gate_every_sound_gets_a_label() {
    let recognizer = recognizer().with_min_speech(0.0);
    let tone = signal(|t| tones(&[425.0], t));
    let recognition = recognizer.recognize(&tone, RATE).expect("a recording");
    assert!(recognition.prediction.is_some() && recognition.speech < 0.1);
}
