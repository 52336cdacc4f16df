//! Bounds of the speech.

use clstm_audio::{TrimConfig, speech_bounds};
use proptest::prelude::*;

use crate::support::{sine, to_f32};

/// Half a second of hum at `edge`, one second of tone at 0.5, half a second of hum.
fn recording(edge: f64) -> Vec<f32> {
    let mut samples = sine(100.0, edge, 16_000, 0.5);
    samples.extend(sine(300.0, 0.5, 16_000, 1.0));
    samples.extend(sine(100.0, edge, 16_000, 0.5));
    to_f32(&samples)
}

#[test]
fn quiet_edges_are_cut_to_within_a_frame() {
    let config = TrimConfig { margin_s: 0.0, ..TrimConfig::default() };
    let bounds = speech_bounds(&recording(0.001), 16_000, &config);
    assert!((7600..=8000).contains(&bounds.start), "{bounds:?}");
    assert!((24_000..=24_400).contains(&bounds.end), "{bounds:?}");
    // The gain of the recording does not matter.
    let soft: Vec<f32> = recording(0.001).iter().map(|x| x * 0.003).collect();
    assert_eq!(speech_bounds(&soft, 16_000, &config), bounds);

    let margin = TrimConfig { margin_s: 0.1, ..config };
    let wider = speech_bounds(&recording(0.001), 16_000, &margin);
    assert_eq!(wider, bounds.start - 1600..bounds.end + 1600);
}

#[test]
fn edges_above_the_threshold_stay() {
    // -28 dB
    assert_eq!(speech_bounds(&recording(0.02), 16_000, &TrimConfig::default()), 0..32_000);
}

#[test]
fn silence_and_short_clips_are_kept_whole() {
    let config = TrimConfig::default();
    assert_eq!(speech_bounds(&[0.0; 16_000], 16_000, &config), 0..16_000);
    assert_eq!(speech_bounds(&[0.1; 10], 16_000, &config), 0..10);
    assert_eq!(speech_bounds(&[], 16_000, &config), 0..0);
    let mut broken = recording(0.001);
    broken[9_000] = f32::NAN;
    assert_eq!(speech_bounds(&broken, 16_000, &config), 0..32_000);
}

#[test]
fn fields_are_checked() {
    let valid = TrimConfig::default();
    assert!(valid.validate().is_ok());
    for config in [
        TrimConfig { threshold_db: 1.0, ..valid.clone() },
        TrimConfig { threshold_db: f32::NAN, ..valid.clone() },
        TrimConfig { frame_s: 0.0, ..valid.clone() },
        TrimConfig { hop_s: -1.0, ..valid.clone() },
        TrimConfig { margin_s: f64::INFINITY, ..valid },
    ] {
        assert_eq!(config.validate().unwrap_err().kind(), "config");
    }
}

proptest! {
    #[test]
    fn bounds_are_never_empty_nor_outside(
        samples in proptest::collection::vec(-1f32..1.0, 1..2000),
        threshold_db in -80f32..0.0,
        frame_s in 0f64..0.1,
        hop_s in 0f64..0.1,
        margin_s in 0f64..0.1,
        sample_rate in 0u32..48_000,
    ) {
        let config = TrimConfig { threshold_db, frame_s, hop_s, margin_s };
        let bounds = speech_bounds(&samples, sample_rate, &config);
        prop_assert!(bounds.start < bounds.end && bounds.end <= samples.len());
    }
}
