//! The resampler against exact sines.

use std::f64::consts::TAU;

use clstm_audio::{AudioError, Resampler, Waveform, resample};
use proptest::prelude::*;

use crate::support::{sine, to_f32};

fn converted(hz: f64, from: u32, to: u32) -> Waveform {
    let samples = to_f32(&sine(hz, 0.5, from, 1.0));
    resample(&Waveform { samples, sample_rate: from }, to).unwrap()
}

/// Ratio of the exact sine to the difference from it, in dB: errors of level, phase and delay all
/// count. The first and last 50 ms are left out.
fn snr_db(hz: f64, from: u32, to: u32) -> f64 {
    let got = converted(hz, from, to);
    assert_eq!((got.samples.len(), got.sample_rate), (to as usize, to));
    let edge = to as usize / 20;
    let (mut signal, mut error) = (0.0, 0.0);
    for n in edge..got.samples.len() - edge {
        let want = 0.5 * (TAU * hz * n as f64 / f64::from(to)).sin();
        signal += want * want;
        error += (f64::from(got.samples[n]) - want).powi(2);
    }
    10.0 * (signal / error).log10()
}

#[test]
fn speech_frequencies_keep_level_and_alignment() {
    for (hz, from, to) in [
        (1000.0, 48_000, 16_000),
        (1000.0, 44_100, 16_000),
        (440.0, 8_000, 16_000),
        (3000.0, 22_050, 16_000),
        (1000.0, 16_000, 48_000),
        (7000.0, 48_000, 16_000),
        (1000.0, 11_025, 16_000),
        (1000.0, 96_000, 16_000),
        (1000.0, 16_001, 16_000),
    ] {
        let snr = snr_db(hz, from, to);
        assert!(snr > 80.0, "{hz} Hz, {from} to {to}: {snr:.1} dB");
    }
}

#[test]
fn frequencies_above_the_new_range_are_stopped() {
    for (hz, from) in [(8200.0, 48_000), (9000.0, 48_000), (15_000.0, 44_100), (30_000.0, 96_000)] {
        let got = converted(hz, from, 16_000);
        let middle = &got.samples[800..15_200];
        let level_db = clstm_audio::rms_dbfs(middle) - 20.0 * (0.5f64 / 2f64.sqrt()).log10();
        assert!(level_db < -60.0, "{hz} Hz from {from}: {level_db:.1} dB");
    }
}

#[test]
fn a_click_stays_where_it_is() {
    let mut samples = vec![0.0; 44_100];
    samples[22_050] = 1.0;
    let got = resample(&Waveform { samples, sample_rate: 44_100 }, 16_000).unwrap();
    let peak = (0..16_000).max_by(|&a, &b| got.samples[a].total_cmp(&got.samples[b])).unwrap();
    assert_eq!(peak, 8_000);
}

#[test]
fn equal_rates_change_nothing() {
    let waveform =
        Waveform { samples: to_f32(&sine(440.0, 0.5, 16_000, 0.1)), sample_rate: 16_000 };
    assert_eq!(resample(&waveform, 16_000).unwrap(), waveform);
}

#[test]
fn bad_input_is_refused() {
    let waveform = |sample_rate, x| Waveform { samples: vec![0.0, x], sample_rate };
    assert!(matches!(
        resample(&waveform(44_100, f32::NAN), 16_000),
        Err(AudioError::NonFinite { at: 1 })
    ));
    for (from, to) in [(0, 16_000), (16_000, 0), (16_000, 4_000_000)] {
        assert_eq!(resample(&waveform(from, 0.0), to).unwrap_err().kind(), "sample_rate");
    }
}

#[test]
fn extreme_ratios_are_bounded() {
    for (from, to) in [(767_999, 767_998), (1_000, 768_000), (768_000, 1_000)] {
        let waveform = Waveform { samples: vec![0.25; 3_000], sample_rate: from };
        let wanted = (3_000.0 * f64::from(to) / f64::from(from)).round() as usize;
        assert_eq!(resample(&waveform, to).unwrap().samples.len(), wanted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// However a stream is cut, it gives the samples of one call, and a resampler that has
    /// finished starts again.
    #[test]
    fn streaming_equals_one_call(
        n in 0usize..6000,
        cuts in proptest::collection::vec(1usize..2000, 1..6),
        from in proptest::sample::select(vec![8_000u32, 11_025, 16_000, 22_050, 44_100, 48_000]),
        to in proptest::sample::select(vec![8_000u32, 16_000, 44_100]),
    ) {
        let samples: Vec<f32> = (0..n).map(|n| ((n * n) as f32 * 0.013).sin()).collect();
        let whole = resample(&Waveform { samples: samples.clone(), sample_rate: from }, to).unwrap();
        let wanted = (n as f64 * f64::from(to) / f64::from(from) + 0.5).floor() as usize;
        prop_assert_eq!(whole.samples.len(), wanted);
        let mut resampler = Resampler::new(from, to).unwrap();
        for _ in 0..2 {
            let mut streamed = Vec::new();
            let (mut rest, mut cuts) = (&samples[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let (chunk, tail) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
                resampler.push(chunk, &mut streamed).unwrap();
                rest = tail;
            }
            resampler.finish(&mut streamed).unwrap();
            prop_assert_eq!(&streamed, &whole.samples);
        }
    }
}
