//! The compression of the waveform's dynamic range.

use clstm_nn::{CompressionConfig, NetworkError, Preset, reference};

use crate::network::small;
use crate::random::Random;
use crate::{floats, tensor};

fn compressed(x: &[f32], batch: usize, ratio: f64, hop: usize) -> Vec<f32> {
    let waveform = tensor(x, [batch, x.len() / batch]);
    floats(reference::compression(waveform, CompressionConfig { ratio, hop }))
}

fn level_db(x: &[f32]) -> f64 {
    let square = x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / x.len() as f64;
    10.0 * square.log10()
}

/// A tone of 1 kHz at 16 kHz of this RMS level, in dBFS.
fn tone(samples: usize, db: f64) -> Vec<f32> {
    let peak = 2.0_f64.sqrt() * 10.0_f64.powf(db / 20.0);
    let sample = |t| (peak * (t as f64 * std::f64::consts::TAU / 16.0).sin()) as f32;
    (0..samples).map(sample).collect()
}

#[test]
fn every_sample_follows_the_definition() {
    let (samples, ratio) = (333, 0.5);
    let x = Random::new(3).vec(2 * samples, 0.3);
    for hop in [1, 40, 160, 333, 1000] {
        let y = compressed(&x, 2, ratio, hop);
        for (x, y) in x.chunks_exact(samples).zip(y.chunks_exact(samples)) {
            let gain = |k: usize| {
                let window = &x[(k * hop).saturating_sub(hop)..samples.min(k * hop + hop)];
                let square = window.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
                ((square / window.len() as f64 + 1e-6) / 0.01).powf(-ratio / 2.0)
            };
            for (t, (x, y)) in x.iter().zip(y).enumerate() {
                let way = (t % hop) as f64 / hop as f64;
                let gain = gain(t / hop) * (1.0 - way) + gain(t / hop + 1) * way;
                let expected = f64::from(*x) * gain;
                assert!((f64::from(*y) - expected).abs() < 1e-5, "hop {hop}, sample {t}");
            }
        }
    }
}

#[test]
fn differences_in_level_shrink_by_the_amount() {
    let x = [tone(8_000, -20.0), tone(8_000, -40.0)].concat();
    for (ratio, between) in [(0.0, 20.0), (0.5, 10.0), (1.0, 0.0)] {
        let y = compressed(&x, 1, ratio, 160);
        let [loud, quiet] = [&y[1_000..7_000], &y[9_000..15_000]].map(level_db);
        assert!((loud + 20.0).abs() < 0.1, "{ratio}: {loud} dBFS, which is to stay");
        assert!((loud - quiet - between).abs() < 0.1, "{ratio}: {} dB", loud - quiet);
    }
    assert_eq!(compressed(&x, 1, 0.0, 160), x);
}

#[test]
fn silence_stays_silent_and_noise_below_the_floor_quiet() {
    assert_eq!(compressed(&[0.0; 1_000], 1, 1.0, 160), [0.0; 1_000]);
    let y = compressed(&tone(1_600, -90.0), 1, 1.0, 160);
    assert!(level_db(&y) < -49.0, "{} dBFS", level_db(&y));
}

#[test]
fn senseless_ones_are_refused() {
    for (ratio, hop, named) in [(1.5, 160, "ratio"), (-0.1, 160, "ratio"), (0.5, 0, "hop")] {
        let compression = Some(CompressionConfig { ratio, hop });
        let config = clstm_nn::NetworkConfig { compression, ..small(Preset::Clstm) };
        match config.validate() {
            Err(NetworkError::Config(message)) => assert!(message.contains(named), "{message}"),
            other => panic!("{other:?}"),
        }
    }
}
