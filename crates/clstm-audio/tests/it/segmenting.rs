//! Segments and windows.

use clstm_audio::{SegmentConfig, segment, windows};
use proptest::prelude::*;

const OVERLAPPING: SegmentConfig = SegmentConfig { length: 4, hop: 2, steps: 3 };

fn segmented(samples: &[f32], config: &SegmentConfig) -> Vec<f32> {
    let mut out = vec![f32::NAN; config.steps * config.length];
    segment(samples, config, &mut out);
    out
}

#[test]
fn segments_overlap_pad_and_cut() {
    assert_eq!(OVERLAPPING.span(), 8);
    let samples: Vec<f32> = (1..=9).map(|n| n as f32).collect();
    let full = [1.0, 2.0, 3.0, 4.0, 3.0, 4.0, 5.0, 6.0, 5.0, 6.0, 7.0, 8.0];
    assert_eq!(segmented(&samples, &OVERLAPPING), full);
    let short = [1.0, 2.0, 3.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    assert_eq!(segmented(&samples[..3], &OVERLAPPING), short);
    assert_eq!(segmented(&[], &OVERLAPPING), [0.0; 12]);
}

#[test]
fn windows_cover_the_recording_and_end_with_it() {
    let starts = |n, hop| windows(n, &OVERLAPPING, hop).collect::<Vec<_>>();
    assert_eq!(starts(0, 3), [0]);
    assert_eq!(starts(8, 3), [0]);
    assert_eq!(starts(9, 3), [0, 1]);
    assert_eq!(starts(14, 3), [0, 3, 6]);
    assert_eq!(starts(15, 3), [0, 3, 6, 7]);
}

#[test]
fn fields_are_checked() {
    assert!(OVERLAPPING.validate().is_ok());
    for config in [
        SegmentConfig { length: 0, ..OVERLAPPING },
        SegmentConfig { hop: 0, ..OVERLAPPING },
        SegmentConfig { hop: 5, ..OVERLAPPING },
        SegmentConfig { steps: 0, ..OVERLAPPING },
        SegmentConfig { steps: usize::MAX, ..OVERLAPPING },
    ] {
        assert_eq!(config.validate().unwrap_err().kind(), "config");
    }
}

#[test]
fn configurations_survive_json() {
    let json = serde_json::to_string(&OVERLAPPING).unwrap();
    assert_eq!(json, r#"{"length":4,"hop":2,"steps":3}"#);
    assert_eq!(serde_json::from_str::<SegmentConfig>(&json).unwrap(), OVERLAPPING);
    assert!(serde_json::from_str::<SegmentConfig>(r#"{"length":4,"hop":2,"stepz":3}"#).is_err());
}

proptest! {
    #[test]
    fn steps_used_are_those_with_speech(
        n in 0usize..200, length in 1usize..20, hop in 1usize..20, steps in 1usize..12,
    ) {
        let config = SegmentConfig { length, hop: hop.min(length), steps };
        let rows = segmented(&vec![1.0; n], &config);
        let with_speech = rows.chunks(length).filter(|row| row.contains(&1.0)).count();
        prop_assert_eq!(config.steps_used(n), with_speech);
        prop_assert_eq!(rows.iter().filter(|&&x| x != 0.0 && x != 1.0).count(), 0);
    }

    #[test]
    fn each_sample_is_in_a_window(
        n in 0usize..500, length in 1usize..20, hop in 1usize..20, steps in 1usize..12,
        stride in 1usize..100,
    ) {
        let config = SegmentConfig { length, hop: hop.min(length), steps };
        let stride = stride.min(config.span());
        let starts: Vec<usize> = windows(n, &config, stride).collect();
        prop_assert_eq!(starts.len(), windows(n, &config, stride).len());
        prop_assert!(starts.windows(2).all(|w| w[0] < w[1] && w[1] - w[0] <= stride));
        let end = starts.last().unwrap() + config.span();
        if n <= config.span() { prop_assert_eq!(starts, [0]) } else { prop_assert_eq!(end, n) }
    }
}
