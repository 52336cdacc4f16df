//! RMS, its normalisation and DC.

use clstm_audio::{Level, SILENCE_FLOOR, remove_dc, rms, rms_dbfs, rms_normalize};
use proptest::prelude::*;

use crate::support::{sine, to_f32};

#[test]
fn a_full_scale_sine_reads_minus_3_dbfs() {
    let tone = to_f32(&sine(1000.0, 1.0, 16_000, 1.0));
    assert!((rms(&tone) - 0.5f64.sqrt()).abs() < 1e-7);
    assert!((rms_dbfs(&tone) + 3.0103).abs() < 1e-4);
    assert_eq!(rms(&[]), 0.0);
    assert_eq!(rms_dbfs(&[0.0; 4]), f64::NEG_INFINITY);
    assert_eq!(rms_dbfs(&[1.0, -1.0]), 0.0);
}

#[test]
fn silence_stays_silent() {
    let below = (SILENCE_FLOOR * 0.9) as f32;
    for x in [0.0, -0.0, below, f32::NAN, f32::INFINITY] {
        let mut samples = [x; 100];
        assert_eq!(rms_normalize(&mut samples, 0.1), Level::Silent);
        assert_eq!(samples, [0.0; 100]);
    }
    assert_eq!(rms_normalize(&mut [], 0.1), Level::Silent);
    let mut above = [(SILENCE_FLOOR * 1.1) as f32; 100];
    assert!(matches!(rms_normalize(&mut above, 0.1), Level::Scaled { .. }));
    assert!((rms(&above) - 0.1).abs() < 1e-8);
}

#[test]
fn the_offset_counts_as_level_until_it_is_removed() {
    let mut samples = [0.5, 0.7, 0.5, 0.7];
    let Level::Scaled { gain } = rms_normalize(&mut samples.clone(), 0.1) else { panic!() };
    assert!((f64::from(gain) - 0.1 / (0.37f64).sqrt()).abs() < 1e-7);
    assert!((remove_dc(&mut samples) - 0.6).abs() < 1e-7);
    assert!(samples.iter().all(|x| (x.abs() - 0.1).abs() < 1e-7));
    assert_eq!(remove_dc(&mut []), 0.0);
}

#[test]
fn ten_minutes_of_audio_keep_their_precision() {
    let samples = vec![0.1f32; 16_000 * 600];
    assert!((rms(&samples) - f64::from(0.1f32)).abs() < 1e-9);
}

#[test]
#[should_panic(expected = "must be positive")]
fn a_target_of_zero_is_a_mistake() {
    rms_normalize(&mut [1.0], 0.0);
}

proptest! {
    #[test]
    fn the_target_is_met(
        mut samples in proptest::collection::vec(-1e4f32..1e4, 1..300),
        scale in -6i32..30,
        target in 0.001f32..1.0,
    ) {
        samples.iter_mut().for_each(|x| *x *= 10f32.powi(scale));
        let before = rms(&samples);
        match rms_normalize(&mut samples, target) {
            Level::Scaled { gain } => {
                prop_assert!((rms(&samples) / f64::from(target) - 1.0).abs() < 1e-6);
                prop_assert!((f64::from(gain) * before / f64::from(target) - 1.0).abs() < 1e-6);
            }
            Level::Silent => prop_assert!(before < SILENCE_FLOOR),
        }
    }
}
